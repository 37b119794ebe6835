/** Two workers and one provider that goes out and comes back, over real HTTP and on both adapters of the state. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RubricAnswer } from '../../engine/judge/answer.ts'
import { buildPrompt } from '../../engine/judge/prompt.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { describeOnBothStates } from '../../test/support/on-both-states.ts'
import { type OpenAiServer, type Scripted, startOpenAiServer } from '../../test/support/openai-server.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createJudgeClient, type JudgeOutcome } from './judge-client.ts'
import { createProviderHealth } from './provider-health.ts'

const scale = { low: 1, high: 5 }
const down: Scripted = { kind: 'status', status: 503 }
const four: Scripted = { kind: 'content', content: '{"evidence":[],"reasoning":"Good.","abstain":false,"score":4}' }

let nowMs: number
const clock = () => nowMs
let openai: OpenAiServer
let answer: Scripted
const states: StateStore[] = []
beforeEach(async () => {
  nowMs = 1_800_000_000_000
  openai = await startOpenAiServer({ answer: () => answer })
})
afterEach(async () => {
  await openai.close()
  await Promise.all(states.splice(0).map((state) => state.close()))
})

/** With a connection of its own to the state; it asks about `question` and gives up at once where it would have to wait. */
async function worker(
  open: () => Promise<StateStore>,
): Promise<(question: string) => Promise<JudgeOutcome<RubricAnswer>>> {
  const state = await open()
  states.push(state)
  const client = createJudgeClient({
    providers: new Map([['openai', { name: 'openai', baseUrl: openai.url, apiKey: 'none' }]]),
    health: createProviderHealth({ state, providers: ['openai'], nowMs: clock }),
    cache: createAnswerCache(state, 'default', clock),
    nowMs: clock,
    sleep: async () => {},
    random: () => 0,
  })
  return (question) => {
    const shown = [{ path: 'output.text', text: question }]
    const prompt = buildPrompt({
      rubric: '5 good. 1 bad.',
      scale,
      shown,
      nonce: crypto.randomUUID().replaceAll('-', ''),
    })
    return client.ask(['openai/small'], prompt, new AbortController().signal)
  }
}

function twoWorkers(open: () => Promise<StateStore>): void {
  test('one meets the outage, the other stops calling; both call again when it has passed', async () => {
    const [a, b] = [await worker(open), await worker(open)]
    answer = four
    expect(await b('before')).toMatchObject({ kind: 'answered' })
    answer = down
    await Promise.all([a('first'), a('second')])
    const tried = openai.requests.length
    expect(tried).toBeGreaterThanOrEqual(1 + 5)
    nowMs += 1_000
    expect(await b('third')).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('not asked, openai has been out since'),
    })
    expect(openai.requests).toHaveLength(tried)
    // What either was answered before the outage both still know.
    expect(await a('before')).toMatchObject({ kind: 'answered', answer: { score: 4 } })
    expect(openai.requests).toHaveLength(tried)

    answer = four
    nowMs += 30_000
    for (const [ask, question] of [
      [a, 'one'],
      [b, 'two'],
      [a, 'three'],
    ] as const) {
      expect(await ask(question)).toMatchObject({ kind: 'answered' })
      nowMs += 10_000
    }
    const outcomes = await Promise.all([a, b, a, b, a, b].map((ask, i) => ask(`after ${i}`)))
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(6).fill('answered'))
  })
}

describeOnBothStates((open) => twoWorkers(() => open(clock)))
