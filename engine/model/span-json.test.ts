import { describe, expect, test } from 'vitest'
import { makeSpan } from './make-span.ts'
import { spanFromJson, spanToJson } from './span-json.ts'

const full = makeSpan({
  tenant: 'acme',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: 'b7ad6b7169203330',
  kind: 'retriever',
  name: 'lookup',
  startTimeUs: 1_767_322_645_678_901,
  durationNs: 1_234_567,
  status: 'error',
  statusMessage: 'boom',
  errorMessage: 'Boom: boom',
  agentName: 'checkout',
  agentVersion: '1.2',
  env: 'prod',
  sessionId: 's1',
  userId: 'u1',
  provider: 'openai',
  model: 'gpt-5',
  inputText: 'hi',
  inputMessages: [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }],
  outputText: 'hello',
  outputMessages: [{ role: 'assistant', parts: [{ type: 'text', content: 'hello' }], finishReason: 'stop' }],
  tokensInput: 10,
  tokensOutput: 0,
  tokensTotal: 10,
  tokensCachedInput: 2,
  tokensReasoning: 1,
  costMicroUsd: 123_457,
  costSource: 'span',
  toolName: 't',
  toolCallId: 'c1',
  toolArguments: '{"a":1}',
  toolResult: 'ok',
  retrievalQuery: 'q',
  documents: [
    { id: 'd1', text: 'text', score: 0.5 },
    { id: undefined, text: 'other', score: undefined },
  ],
  finishReason: 'stop',
  timeToFirstTokenMs: 12.5,
  convention: 'openinference',
  attributes: new Map<string, never>(
    Object.entries({ 'acme.tier': 'gold', n: 1.5, b: true, list: ['x', 1], nil: null }) as never,
  ),
  resource: new Map([['service.name', 'checkout']]),
  scopeName: 'sdk',
  scopeVersion: '1',
  events: [{ name: 'e', timeUs: 1_767_322_645_678_902, attributes: new Map([['k', 'v']]) }],
  links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), attributes: new Map() }],
})

test('a span goes through JSON unchanged', () => {
  const json: unknown = JSON.parse(JSON.stringify(spanToJson(full)))
  expect(spanFromJson(json, 'acme')).toEqual({ ok: true, span: full })
})

test('the shape is the documented one', () => {
  expect(spanToJson(full)).toMatchObject({
    startTime: '2026-01-02T02:57:25.678901Z',
    durationMs: 1.234567,
    agent: { name: 'checkout', version: '1.2' },
    session: { id: 's1' },
    user: { id: 'u1' },
    tokens: { input: 10, output: 0, total: 10, cachedInput: 2, reasoning: 1 },
    costUsd: 0.123457,
    tool: { name: 't', callId: 'c1', arguments: '{"a":1}', result: 'ok' },
    retrieval: { query: 'q', documents: [{ id: 'd1', text: 'text', score: 0.5 }, { text: 'other' }] },
  })
})

test('what was not sent is left out', () => {
  const bare = makeSpan({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'x' })
  expect(Object.keys(spanToJson(bare))).toEqual([
    'traceId',
    'spanId',
    'kind',
    'name',
    'startTime',
    'durationMs',
    'status',
    'convention',
    'attributes',
  ])
  expect(spanFromJson(JSON.parse(JSON.stringify(spanToJson(bare))))).toEqual({ ok: true, span: bare })
})

test('attributes that JSON has no form for', () => {
  const attributes = new Map<string, never>([
    ['big', (2n ** 60n) as never],
    ['nan', Number.NaN as never],
    ['bytes', { bytes: 'AAE=' } as never],
    ['map', new Map([['k', 1]]) as never],
    ['__proto__', 'kept' as never],
  ])
  const json = JSON.parse(JSON.stringify(spanToJson(makeSpan({ attributes })))) as { attributes: object }
  expect(Object.entries(json.attributes)).toEqual([
    ['big', '1152921504606846976'],
    ['nan', 'NaN'],
    ['bytes', { bytes: 'AAE=' }],
    ['map', { k: 1 }],
    ['__proto__', 'kept'],
  ])
})

describe('mistakes name their field', () => {
  const good = {
    traceId: 'A'.repeat(32),
    spanId: 'b'.repeat(16),
    kind: 'llm',
    startTime: '2026-01-02T03:04:05Z',
    durationMs: 1,
  }

  test('the least that is needed', () => {
    const outcome = spanFromJson({ ...good, startTime: '2026-01-02T05:04:05.1234567+02:00', model: null, results: [] })
    expect(outcome).toMatchObject({
      ok: true,
      span: { traceId: 'a'.repeat(32), startTimeUs: 1_767_323_045_123_456, startTimeSubUs: 700, model: undefined },
    })
  })

  test.each<[string, unknown, string, string]>([
    ['no object', 7, 'span', 'an object, and is 7'],
    ['no trace id', { ...good, traceId: undefined }, 'traceId', 'is missing: it has to be 32 hex digits'],
    ['a short span id', { ...good, spanId: 'abc' }, 'spanId', '16 hex digits, and is "abc"'],
    ['no hex', { ...good, spanId: 'g'.repeat(16) }, 'spanId', '16 hex digits'],
    ['an unknown kind', { ...good, kind: 'LLM' }, 'kind', 'one of agent, llm'],
    ['no time', { ...good, startTime: 'yesterday' }, 'startTime', 'RFC 3339'],
    ['a time that is none', { ...good, startTime: '2026-13-02T03:04:05Z' }, 'startTime', 'RFC 3339'],
    ['a negative duration', { ...good, durationMs: -1 }, 'durationMs', 'at least 0'],
    ['a text for a count', { ...good, tokens: { input: '12' } }, 'tokens.input', 'whole number'],
    ['a text for an object', { ...good, agent: 'checkout' }, 'agent', 'an object, and is "checkout"'],
    [
      'a document of a wrong type',
      { ...good, retrieval: { documents: [{}, { id: 1 }] } },
      'retrieval.documents.1.id',
      'a text',
    ],
    [
      'a message without parts',
      { ...good, input: { messages: [{ role: 'user' }] } },
      'input.messages.0.parts',
      'is missing',
    ],
  ])('%s', (_, value, field, message) => {
    expect(spanFromJson(value)).toMatchObject({ ok: false, field, message: expect.stringContaining(message) })
  })
})
