import { afterEach, describe, expect, test, vi } from 'vitest'
import { buildPrompt } from '../../engine/judge/prompt.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import type { StateStore } from '../../storage/state/port.ts'
import {
  type OpenAiServer,
  type OpenAiServerOptions,
  type Scripted,
  startOpenAiServer,
} from '../../test/support/openai-server.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createJudgeClient, PATIENCE_MS } from './judge-client.ts'
import { createProviderHealth } from './provider-health.ts'
import type { Provider } from './providers.ts'

const scale = { low: 1, high: 5 }
const promptAbout = (text: string, nonce = '0123456789abcdef') =>
  buildPrompt({ rubric: '5 solved. 1 not solved.', scale, shown: [{ path: 'output.text', text }], nonce })
const prompt = promptAbout('It arrives tomorrow.')
const four: Scripted = {
  kind: 'content',
  content: '{"evidence":["tomorrow"],"reasoning":"It says when.","abstain":false,"score":4}',
  usage: { input: 100, output: 20 },
}
const scored = { kind: 'score', score: 4, explanation: 'It says when.', quotes: ['tomorrow'] }

const servers: OpenAiServer[] = []
const states: StateStore[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  await Promise.all(states.splice(0).map((state) => state.close()))
})

/** A server that gives the scripted answers in turn (the last one for ever), and a client of it that does not really wait. */
async function setUp(
  script: Scripted[],
  server: Partial<OpenAiServerOptions> = {},
  timeoutMs: number | null = 10_000,
  more: Partial<Provider> = {},
) {
  const answer = (_: unknown, index: number) => script[Math.min(index, script.length - 1)] ?? four
  const openai = await startOpenAiServer({ answer, apiKey: 'sk-test', ...server })
  servers.push(openai)
  const waits: number[] = []
  const provider: Provider = { name: 'openai', baseUrl: openai.url, apiKey: 'sk-test', ...more }
  const providers = new Map([['openai', provider]])
  const state = await openEmbeddedState({ dataDir: ':memory:', nowMs: Date.now })
  states.push(state)
  let nowMs = 1_800_000_000_000
  const clock = () => nowMs
  /** Another is as of another process, which shares the state. */
  const open = () =>
    createJudgeClient({
      providers,
      health: createProviderHealth({ state, providers: ['openai'], nowMs: clock }),
      cache: createAnswerCache(state, 'default', clock),
      nowMs: clock,
      ...(timeoutMs !== null && { timeoutMs }),
      sleep: async (ms) => {
        waits.push(ms)
        nowMs += ms
      },
      random: () => 0.5,
    })
  const client = open()
  const abort = new AbortController()
  let asked = 0
  /** The first is about `prompt`, each later one about something else unless told. */
  const ask = (
    judges = ['openai/gpt-5-mini'],
    about = asked++ === 0 ? prompt : promptAbout(`Question ${asked}`),
    beganMs?: number,
  ) => client.ask(judges, about, abort.signal, beganMs)
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { openai, waits, providers, ask, abort, pass, open }
}

describe('an answer', () => {
  test('is asked for as a strict schema at temperature 0, with the key, and keeps the model that answered', async () => {
    const { ask, openai, waits } = await setUp([four])
    expect(await ask()).toEqual({
      kind: 'answered',
      answer: scored,
      usage: {
        model: 'gpt-5-mini-2026-01-01',
        inputTokens: 100,
        outputTokens: 20,
        answeredBy: ['openai/gpt-5-mini'],
      },
    })
    expect(waits).toEqual([])
    expect(openai.requests).toHaveLength(1)
    expect(openai.requests[0]?.body).toEqual({
      model: 'gpt-5-mini',
      messages: prompt.messages,
      temperature: 0,
      response_format: { type: 'json_schema', json_schema: { name: 'judgement', strict: true, schema: prompt.schema } },
    })
  })

  test('abstaining is an answer', async () => {
    const { ask } = await setUp([
      { kind: 'content', content: '{"evidence":[],"reasoning":"empty","abstain":true,"score":null}' },
    ])
    expect(await ask()).toMatchObject({ kind: 'answered', answer: { kind: 'abstain', explanation: 'empty' } })
  })

  test('a refusal is none', async () => {
    const { ask, openai } = await setUp([{ kind: 'refusal', refusal: 'I cannot help with that.' }])
    expect(await ask()).toMatchObject({ kind: 'refused' })
    expect(openai.requests).toHaveLength(1)
  })
})

describe('what the model does not take', () => {
  test.each([
    ['json_schema', { jsonSchema: false }, 'json_object'],
    ['any response format', { jsonSchema: false, jsonObject: false }, undefined],
  ])('without %s it asks for less, and remembers', async (_, supports, format) => {
    const { ask, openai } = await setUp([four], { supports })
    expect(await ask()).toMatchObject({ answer: scored })
    const tried = openai.requests.length
    expect(await ask()).toMatchObject({ answer: scored })
    expect(openai.requests.length).toBe(tried + 1)
    expect(openai.requests.at(-1)?.body.response_format?.type).toBe(format)
  })

  test('side by side, no call loses more than what is refused', async () => {
    const { ask, openai } = await setUp([four], { supports: { jsonSchema: false, temperature: false } })
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => ask()))
    expect(outcomes.every(({ kind }) => kind === 'answered')).toBe(true)
    await ask()
    expect(openai.requests.at(-1)?.body.response_format).toEqual({ type: 'json_object' })
    expect(openai.requests.at(-1)?.body).not.toHaveProperty('temperature')
  })

  test('a 400 for anything else is final', async () => {
    const { ask, openai } = await setUp([{ kind: 'status', status: 400, message: 'context length exceeded' }])
    expect(await ask()).toMatchObject({ kind: 'unreachable', detail: 'openai/gpt-5-mini: 400 context length exceeded' })
    expect(openai.requests).toHaveLength(1)
  })
})

describe('log-probabilities', () => {
  const tokens = (top: Record<string, number>, before: { token: string; top: Record<string, number> }[] = []) =>
    ({
      kind: 'content',
      content: '4',
      usage: { input: 90, output: 1 },
      logprobs: [...before, { token: '4', top }],
    }) satisfies Scripted
  const likely = tokens({ '4': Math.log(0.6), ' 5': Math.log(0.3), '2': Math.log(0.05), the: Math.log(0.05) })
  const withThem = (script: Scripted[], supports: OpenAiServerOptions['supports'] = {}) =>
    setUp(script, { supports }, 10_000, { logprobs: true })

  test('are asked of a provider that gives them, without reasons: the score is what the ratings come to', async () => {
    const { ask, openai } = await withThem([likely])
    expect(await ask()).toEqual({
      kind: 'answered',
      answer: {
        kind: 'score',
        score: expect.closeTo((4 * 0.6 + 5 * 0.3 + 2 * 0.05) / 0.95, 12),
        explanation: 'by the probabilities of the ratings: 95% on one of them, entropy 0.81',
        quotes: [],
      },
      usage: expect.objectContaining({ model: 'gpt-5-mini-2026-01-01', inputTokens: 90, outputTokens: 1 }),
    })
    expect(openai.requests[0]?.body).toEqual({
      model: 'gpt-5-mini',
      messages: prompt.direct?.messages,
      temperature: 0,
      logprobs: true,
      top_logprobs: 20,
    })
    // It is known for a day, as other answers are.
    expect(await ask(undefined, prompt)).toMatchObject({ kind: 'answered', usage: { outputTokens: 0 } })
    expect(openai.requests).toHaveLength(1)
  })

  test('with less than half on ratings it abstains', async () => {
    const { ask } = await withThem([tokens({ The: Math.log(0.7), '4': Math.log(0.3) })])
    expect(await ask()).toMatchObject({
      answer: { kind: 'abstain', explanation: 'only 30% of the probability is on a rating' },
    })
  })

  test('that are none are asked for once more, by the grade and not by an object, and then the answer is malformed', async () => {
    const { ask, openai } = await withThem([tokens({ '5': 1_000 }), tokens({ '5': 1.5 })])
    expect(await ask()).toMatchObject({
      kind: 'malformed',
      detail: 'the log-probabilities are none: together they are more than 1',
    })
    expect(openai.requests[1]?.body.messages.at(-1)?.content).toContain('Answer again with the grade alone.')
  })

  test('a line break before the rating is passed over', async () => {
    const { ask } = await withThem([tokens({ '4': 0 }, [{ token: '\n', top: { '\n': 0 } }])])
    expect(await ask()).toMatchObject({ answer: { score: 4 } })
  })

  test.each<[string, Scripted[], OpenAiServerOptions['supports'], number]>([
    ['refuses them', [four], { logprobs: false }, 2],
    ['leaves them out', [{ kind: 'content', content: '4' }, four], {}, 2],
  ])('a model that %s is asked for reasons, and is not asked for them again', async (_, script, supports, calls) => {
    const { ask, openai } = await withThem(script, supports)
    expect(await ask()).toMatchObject({ answer: scored })
    expect(openai.requests).toHaveLength(calls)
    expect(await ask()).toMatchObject({ answer: scored })
    expect(openai.requests).toHaveLength(calls + 1)
    expect(openai.requests.at(-1)?.body).not.toHaveProperty('logprobs')
  })

  test('what a model without them answered is recalled by a process that has not asked it yet, and asks nobody', async () => {
    const { ask, open, openai } = await withThem([four], { logprobs: false })
    await ask()
    const asked = openai.requests.length
    expect(await open().recall?.('openai/gpt-5-mini', prompt)).toMatchObject({
      kind: 'answered',
      answer: scored,
      usage: { isCached: true },
    })
    expect(await open().recall?.('openai/gpt-5-mini', promptAbout('Nobody asked this.'))).toBeNull()
    expect(openai.requests).toHaveLength(asked)
  })
})

describe('a malformed answer', () => {
  const bad: Scripted = {
    kind: 'content',
    content: 'Four, I would say: IGNORE THE RUBRIC',
    usage: { input: 7, output: 3 },
  }

  test('is repaired once, without repeating it, and both calls are counted', async () => {
    const { ask, openai } = await setUp([bad, four])
    expect(await ask()).toMatchObject({ answer: scored, usage: { inputTokens: 107, outputTokens: 23 } })
    const repair = openai.requests[1]?.body.messages ?? []
    expect(repair.slice(0, 2)).toEqual(prompt.messages)
    expect(repair[2]?.content).toContain('the answer is not a JSON object')
    expect(JSON.stringify(repair)).not.toContain('IGNORE THE RUBRIC')
  })

  test.each<[string, Scripted, string]>([
    ['no JSON', bad, 'the answer is not a JSON object'],
    ['a score off the scale', { kind: 'content', content: '{"score": 9}' }, '"score" is outside 1 to 5'],
    ['nothing', { kind: 'content', content: '' }, 'the answer is empty'],
    [
      'cut off',
      { kind: 'content', content: '{"reas', finishReason: 'length' },
      'the answer was cut off by its length limit',
    ],
    ['a response of another protocol', { kind: 'raw', body: '{"text": "5"}' }, 'the response is not a chat completion'],
    [
      'a web page',
      { kind: 'raw', body: '<html>login</html>', contentType: 'text/html' },
      'the response is not a chat completion',
    ],
    [
      'a stream that nobody asked for, broken off',
      { kind: 'raw', body: 'data: {"choices":[{"delta":{"content":"{\\"sco', contentType: 'text/event-stream' },
      'the response is not a chat completion',
    ],
    ['JSON that is none', { kind: 'raw', body: '{"id": ' }, 'the response is not JSON'],
    ['a huge one', { kind: 'content', content: 'x'.repeat(70_000) }, 'the answer exceeds 64000 characters'],
    ['more than a worker takes in', { kind: 'raw', body: 'x'.repeat(5_000_000) }, 'the response exceeds 4 MiB'],
  ])('twice is malformed: %s', async (_, scripted, detail) => {
    const { ask, openai } = await setUp([scripted])
    expect(await ask()).toMatchObject({ kind: 'malformed', detail })
    expect(openai.requests).toHaveLength(2)
  })
})

describe('a failing provider', () => {
  test('429 is waited out as long as it asks for', async () => {
    const busy: Scripted = { kind: 'status', status: 429, headers: { 'retry-after': '3' } }
    const { ask, waits } = await setUp([busy, busy, four])
    expect(await ask()).toMatchObject({ answer: scored })
    expect(waits).toEqual([3_375, 3_375])
  })

  test('429 is waited out until the moment that it names, by the clock of the worker', async () => {
    const at = new Date(1_800_000_000_000 + 20_000).toUTCString()
    const { ask, waits } = await setUp([{ kind: 'status', status: 429, headers: { 'retry-after': at } }, four])
    expect(await ask()).toMatchObject({ answer: scored })
    expect(waits).toEqual([22_500])
  })

  test('so is any other that asks for a pause, for no less than its turn of 1 s, 2 s and 4 s', async () => {
    const later = (seconds: string): Scripted => ({
      kind: 'status',
      status: 503,
      headers: { 'retry-after': seconds },
    })
    const { ask, waits } = await setUp([later('8'), later('1'), four])
    expect(await ask()).toMatchObject({ answer: scored })
    expect(waits).toEqual([9_000, 2_250])
  })

  test('a call has 30 s unless told', async () => {
    const { ask, abort, openai } = await setUp([{ kind: 'hang' }], {}, null)
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const asked = ask()
    while (openai.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const delays = timers.mock.calls.map(([, delayMs]) => delayMs)
    timers.mockRestore()
    abort.abort()
    await asked
    expect(delays).toContain(30_000)
  })

  test('429 that asks for hours is given up', async () => {
    const { ask, waits } = await setUp([{ kind: 'status', status: 429, headers: { 'retry-after': '7200' } }])
    expect(await ask()).toMatchObject({ kind: 'unreachable', detail: 'openai/gpt-5-mini: 429 scripted 429' })
    expect(waits).toEqual([])
  })

  test('429 for want of credit is given up', async () => {
    const { ask, openai } = await setUp([{ kind: 'status', status: 429, code: 'insufficient_quota' }])
    expect(await ask()).toMatchObject({ kind: 'unreachable' })
    expect(openai.requests).toHaveLength(1)
  })

  test.each<[string, Scripted, string]>([
    ['500', { kind: 'status', status: 500 }, '500 scripted 500'],
    ['a broken connection', { kind: 'cut' }, 'the connection broke'],
    ['a body that stalls', { kind: 'stall' }, 'timed out'],
    ['silence', { kind: 'hang' }, 'timed out'],
  ])('%s is tried four times, 1 s, 2 s and 4 s apart with jitter', async (_, scripted, detail) => {
    const { ask, waits, openai } = await setUp([scripted], {}, 200)
    const outcome = await ask()
    expect(outcome).toMatchObject({ kind: 'unreachable' })
    expect(outcome.kind === 'unreachable' && outcome.detail).toContain(detail)
    expect(waits).toEqual([1_125, 2_250, 4_500])
    expect(openai.requests).toHaveLength(4)
  })

  test('recovers within the tries', async () => {
    const { ask, waits } = await setUp([{ kind: 'cut' }, { kind: 'status', status: 503 }, four])
    expect(await ask()).toMatchObject({ answer: scored })
    expect(waits).toEqual([1_125, 2_250])
  })

  test('a wrong key is final and not repeated', async () => {
    const { ask, providers, openai } = await setUp([four])
    providers.set('openai', { name: 'openai', baseUrl: openai.url, apiKey: 'sk-wrong' })
    expect(await ask()).toMatchObject({
      kind: 'unreachable',
      detail: 'openai/gpt-5-mini: 401 the provider refused the key',
    })
  })

  test('or else: the next judge answers within the same call', async () => {
    const { ask, providers } = await setUp([{ kind: 'status', status: 500 }])
    const other = await startOpenAiServer({ answer: () => four })
    servers.push(other)
    providers.set('other', { name: 'other', baseUrl: other.url, apiKey: 'none' })
    const judges = ['openai/gpt-5-mini', 'nowhere/x', 'other/small']
    expect(await ask(judges)).toMatchObject({ answer: scored, usage: { model: 'small-2026-01-01' } })
    await other.close()
    servers.splice(servers.indexOf(other), 1)
    const outcome = await ask(judges)
    expect(outcome.kind === 'unreachable' && outcome.detail).toMatch(
      /^openai\/gpt-5-mini: 500 .*; nowhere\/x: no provider configured; other\/small: no connection/,
    )
  })

  test('stopping ends a call at once', async () => {
    const { ask, abort, openai } = await setUp([{ kind: 'hang' }])
    const asked = ask()
    while (openai.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    abort.abort()
    expect(await asked).toEqual({ kind: 'aborted' })
  })
})

describe('a provider that is out', () => {
  const down: Scripted = { kind: 'status', status: 503, message: 'overloaded' }

  test('is asked no more once five calls in a row failed: the next judge answers at once', async () => {
    const { ask, providers, openai } = await setUp([down])
    const other = await startOpenAiServer({ answer: () => four })
    servers.push(other)
    providers.set('other', { name: 'other', baseUrl: other.url, apiKey: 'none' })
    const judges = ['openai/gpt-5-mini', 'other/small']
    for (let i = 0; i < 4; i++) expect(await ask(judges)).toMatchObject({ answer: scored })
    expect(openai.requests).toHaveLength(5)
    expect(other.requests).toHaveLength(4)
  })

  test('that stumbles costs a subject time, and no verdict: it waits for probes and is answered', async () => {
    const { ask, openai, waits } = await setUp([down, down, down, down, down, four])
    expect(await ask()).toMatchObject({ kind: 'unreachable' })
    expect(await ask()).toMatchObject({ answer: scored })
    expect(openai.requests).toHaveLength(6)
    // Opened by the fifth failure, probed 30 s later.
    expect(waits.slice(3)).toEqual([1_125, 29_475])
  })

  test('that is gone is waited for two minutes, and from then on not at all', async () => {
    const { ask, openai, waits, pass } = await setUp([down])
    await ask()
    const ofRun = () => ask(undefined, undefined, 1_800_000_000_000)
    const outcome = await ofRun()
    expect(outcome).toMatchObject({ kind: 'unreachable' })
    expect(outcome.kind === 'unreachable' && outcome.detail).toMatch(
      /^openai\/gpt-5-mini: 503 overloaded, openai has been out since 2027-01-15T08:00:0\d/,
    )
    const waited = waits.slice(3).reduce((sum, ms) => sum + ms, 0)
    expect(waited).toBeGreaterThan(PATIENCE_MS - 15_000)
    expect(waited).toBeLessThan(PATIENCE_MS + 15_000)
    const tried = openai.requests.length
    const waitsBefore = waits.length
    for (let i = 0; i < 5; i++) expect(await ofRun()).toMatchObject({ kind: 'unreachable' })
    expect(waits).toHaveLength(waitsBefore)
    // Probes go on.
    pass(10_000)
    await ofRun()
    expect(openai.requests).toHaveLength(tried + 1)
  })

  test('three answered probes in a row, 10 s apart, close it again', async () => {
    const { ask, openai, pass } = await setUp([down, down, down, down, down, four])
    await ask()
    expect(await ask()).toMatchObject({ answer: scored })
    for (let i = 0; i < 2; i++) {
      pass(10_000)
      expect(await ask()).toMatchObject({ answer: scored })
    }
    const tried = openai.requests.length
    for (let i = 0; i < 5; i++) expect(await ask()).toMatchObject({ answer: scored })
    expect(openai.requests).toHaveLength(tried + 5)
  })

  test.each<[string, Scripted]>([
    ['asks for a pause', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }],
    ['refuses the request', { kind: 'status', status: 404 }],
    ['answers nonsense', { kind: 'raw', body: '{"text": 5}' }],
  ])('is not one that %s', async (_, scripted) => {
    const { ask, openai } = await setUp([scripted])
    await Promise.all(Array.from({ length: 6 }, () => ask()))
    const tried = openai.requests.length
    await ask()
    expect(openai.requests.length).toBeGreaterThan(tried)
  })
})

describe('the same question within a day', () => {
  test('is answered from the cache, whatever the nonce, at no cost', async () => {
    const { ask, openai } = await setUp([four])
    await ask()
    const again = promptAbout('It arrives tomorrow.', 'fedcba9876543210')
    const usage = {
      model: 'gpt-5-mini-2026-01-01',
      inputTokens: 0,
      outputTokens: 0,
      answeredBy: ['openai/gpt-5-mini'],
      isCached: true,
      costMicroUsd: 0,
    }
    expect(await ask(undefined, again)).toEqual({ kind: 'answered', answer: scored, usage })
    expect(openai.requests).toHaveLength(1)
    for (const [judges, about] of [
      [['openai/gpt-5'], again],
      [undefined, promptAbout('It arrives on Monday.')],
    ] as const)
      await ask(judges === undefined ? undefined : [...judges], about)
    expect(openai.requests).toHaveLength(3)
  })

  test('is answered from it while the provider is out', async () => {
    const { ask, openai, waits } = await setUp([four, { kind: 'status', status: 500 }])
    await ask()
    await Promise.all([ask(), ask()])
    const [tried, waited] = [openai.requests.length, waits.length]
    expect(await ask(undefined, prompt)).toMatchObject({ answer: scored })
    expect([openai.requests.length, waits.length]).toEqual([tried, waited])
  })

  test.each<[string, Scripted]>([
    ['refused', { kind: 'refusal', refusal: 'No.' }],
    ['could not be read', { kind: 'content', content: 'five' }],
    ['failed', { kind: 'status', status: 404 }],
  ])('is asked again where it %s', async (_, scripted) => {
    const { ask, openai } = await setUp([scripted])
    await ask(undefined, prompt)
    const tried = openai.requests.length
    await ask(undefined, prompt)
    expect(openai.requests.length).toBe(2 * tried)
  })
})
