import { afterEach, describe, expect, test } from 'vitest'
import { buildPrompt } from '../../engine/judge/prompt.ts'
import {
  type OpenAiServer,
  type OpenAiServerOptions,
  type Scripted,
  startOpenAiServer,
} from '../../test/support/openai-server.ts'
import { createJudgeClient } from './judge-client.ts'
import type { Provider } from './providers.ts'

const scale = { low: 1, high: 5 }
const prompt = buildPrompt({
  rubric: '5 solved. 1 not solved.',
  scale,
  shown: [{ path: 'output.text', text: 'It arrives tomorrow.' }],
  nonce: '0123456789abcdef',
})
const four: Scripted = {
  kind: 'content',
  content: '{"evidence":["tomorrow"],"reasoning":"It says when.","abstain":false,"score":4}',
  usage: { input: 100, output: 20 },
}
const scored = { kind: 'score', score: 4, explanation: 'It says when.', quotes: ['tomorrow'] }

const servers: OpenAiServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** A server that gives the scripted answers in turn (the last one for ever), and a client of it that does not really wait. */
async function setUp(script: Scripted[], server: Partial<OpenAiServerOptions> = {}, timeoutMs = 10_000) {
  const answer = (_: unknown, index: number) => script[Math.min(index, script.length - 1)] ?? four
  const openai = await startOpenAiServer({ answer, apiKey: 'sk-test', ...server })
  servers.push(openai)
  const waits: number[] = []
  const provider: Provider = { name: 'openai', baseUrl: openai.url, apiKey: 'sk-test' }
  const providers = new Map([['openai', provider]])
  const client = createJudgeClient({
    providers,
    timeoutMs,
    sleep: async (ms) => void waits.push(ms),
    random: () => 0.5,
  })
  const abort = new AbortController()
  const ask = (judges = ['openai/gpt-5-mini']) => client.ask(judges, prompt, scale, abort.signal)
  return { openai, waits, providers, ask, abort }
}

describe('an answer', () => {
  test('is asked for as a strict schema at temperature 0, with the key, and keeps the model that answered', async () => {
    const { ask, openai, waits } = await setUp([four])
    expect(await ask()).toEqual({
      kind: 'answered',
      answer: scored,
      usage: { model: 'gpt-5-mini-2026-01-01', inputTokens: 100, outputTokens: 20 },
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
    ['JSON that is none', { kind: 'raw', body: '{"id": ' }, 'the response is not JSON'],
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
