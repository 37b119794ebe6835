/** Runs after an outage of more than two minutes, of two workers over real HTTP, on both adapters of the state and by a clock of the test. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildPrompt } from '../../engine/judge/prompt.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates } from '../../test/support/on-both-states.ts'
import { type OpenAiServer, type Scripted, startOpenAiServer } from '../../test/support/openai-server.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createJudgeClient } from './judge-client.ts'
import { createProviderHealth } from './provider-health.ts'

const down: Scripted = { kind: 'status', status: 503 }
const four: Scripted = { kind: 'content', content: '{"evidence":[],"reasoning":"Good.","abstain":false,"score":4}' }

let nowMs: number
const clock = () => nowMs
/** How many do something else than sleep: time passes when nobody does. */
let busy: number
let sleepers: { atMs: number; wake: () => void }[]
let answer: (asked: number) => Scripted
let openai: OpenAiServer
const states: StateStore[] = []

beforeEach(async () => {
  nowMs = 1_800_000_000_000
  busy = 0
  sleepers = []
  openai = await startOpenAiServer({ answer: (_, index) => answer(index) })
})
afterEach(async () => {
  await openai.close()
  await Promise.all(states.splice(0).map((state) => state.close()))
})

function rest(): void {
  busy--
  if (busy > 0 || sleepers.length === 0) return
  sleepers.sort((a, b) => a.atMs - b.atMs)
  const first = sleepers.shift()
  if (first === undefined) return
  nowMs = Math.max(nowMs, first.atMs)
  busy++
  first.wake()
}

function sleep(ms: number): Promise<void> {
  return new Promise((wake) => {
    sleepers.push({ atMs: nowMs + ms, wake })
    rest()
  })
}

type Ask = (beganMs: number) => Promise<string>
let questions = 0

async function worker(open: () => Promise<StateStore>): Promise<Ask> {
  const state = await open()
  states.push(state)
  const client = createJudgeClient({
    providers: new Map([['openai', { name: 'openai', baseUrl: openai.url, apiKey: 'none' }]]),
    health: createProviderHealth({ state, providers: ['openai'], nowMs: clock }),
    cache: createAnswerCache(state, 'default', clock),
    nowMs: clock,
    sleep,
    random: Math.random,
  })
  return async (beganMs) => {
    const prompt = buildPrompt({
      rubric: '5 good. 1 bad.',
      scale: { low: 1, high: 5 },
      shown: [{ path: 'output.text', text: `Question ${questions++}` }],
      nonce: '0123456789abcdef',
    })
    busy++
    try {
      return (await client.ask(['openai/small'], prompt, new AbortController().signal, beganMs)).kind
    } finally {
      rest()
    }
  }
}

/** So many subjects at once, by turns of the workers: how they ended, and how long all of them took. */
async function run(
  workers: readonly Ask[],
  subjects: number,
  beganMs = nowMs,
): Promise<{ ends: Set<string>; tookMs: number }> {
  const fromMs = nowMs
  const asked = Array.from({ length: subjects }, (_, i) => workers[i % workers.length]?.(beganMs))
  const ends = new Set((await Promise.all(asked)).map(String))
  return { ends, tookMs: nowMs - fromMs }
}

describeOnBothStates((open) => {
  /** Both have seen the provider out for more than two minutes, and given it up; nobody has asked since. */
  async function afterOutage(): Promise<Ask[]> {
    const workers = [await worker(() => open(clock)), await worker(() => open(clock))]
    answer = () => down
    const first = await run(workers, 8)
    expect(first.ends).toEqual(new Set(['unreachable']))
    expect(first.tookMs).toBeGreaterThan(100_000)
    nowMs += 90_000
    return workers
  }

  test('the provider is back: all are answered, when three probes were', async () => {
    const workers = await afterOutage()
    answer = () => four
    const { ends, tookMs } = await run(workers, 30)
    expect(ends).toEqual(new Set(['answered']))
    expect(tookMs).toBeGreaterThanOrEqual(20_000)
    expect(tookMs).toBeLessThan(35_000)
    expect(await run(workers, 30)).toEqual({ ends: new Set(['answered']), tookMs: 0 })
  })

  test('it is still gone: one probe ends the waiting of all, and who comes then of their run does not wait', async () => {
    const workers = await afterOutage()
    const tried = openai.requests.length
    const beganMs = nowMs
    const { ends, tookMs } = await run(workers, 30)
    expect(ends).toEqual(new Set(['unreachable']))
    expect(tookMs).toBeLessThan(10_000)
    expect(openai.requests).toHaveLength(tried + 1)
    expect(await run(workers, 30, beganMs)).toEqual({ ends: new Set(['unreachable']), tookMs: 0 })
    expect(openai.requests).toHaveLength(tried + 1)
  })

  test('a run that begins after a probe has failed waits for the next, and is answered where that is', async () => {
    const workers = await afterOutage()
    await run(workers, 1)
    nowMs += 3_000
    const tried = openai.requests.length
    const stillOut = await run(workers, 30)
    expect(stillOut.ends).toEqual(new Set(['unreachable']))
    expect(stillOut.tookMs).toBeGreaterThan(5_000)
    expect(stillOut.tookMs).toBeLessThan(15_000)
    expect(openai.requests).toHaveLength(tried + 1)
    answer = () => four
    nowMs += 3_000
    const { ends, tookMs } = await run(workers, 30)
    expect(ends).toEqual(new Set(['answered']))
    expect(tookMs).toBeGreaterThanOrEqual(20_000)
    expect(tookMs).toBeLessThan(45_000)
  })

  test('it answers a probe and is gone again: the one that fails ends the waiting', async () => {
    const workers = await afterOutage()
    const tried = openai.requests.length
    answer = (asked) => (asked === tried ? four : down)
    const { ends, tookMs } = await run(workers, 30)
    expect(ends).toEqual(new Set(['answered', 'unreachable']))
    expect(tookMs).toBeGreaterThanOrEqual(10_000)
    expect(tookMs).toBeLessThan(25_000)
    expect(openai.requests).toHaveLength(tried + 2)
  })
})
