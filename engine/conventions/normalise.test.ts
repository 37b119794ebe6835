/** The traps of the field: each seen in what real clients send. */
import { describe, expect, test } from 'vitest'
import type { Span } from '../model/span.ts'
import { transcodeJson } from '../otlp/json.ts'
import { decodeRecord, normaliseRecord } from './normalise.ts'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

function anyValue(value: Json): Json {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: value } : { doubleValue: value }
  if (value === null) return { doubleValue: null }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: attributesOf(value) } }
}

function attributesOf(fields: { [key: string]: Json }): Json[] {
  return Object.entries(fields).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function spanOf(
  attributes: { [key: string]: Json },
  more: { resource?: { [key: string]: Json }; span?: object } = {},
): Span {
  const request = {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(more.resource ?? {}) },
        scopeSpans: [
          {
            spans: [
              {
                traceId: '1'.repeat(32),
                spanId: '2'.repeat(16),
                name: 'x',
                attributes: attributesOf(attributes),
                ...more.span,
              },
            ],
          },
        ],
      },
    ],
  }
  const outcome = transcodeJson(Buffer.from(JSON.stringify(request)))
  if (!outcome.ok) throw new Error(outcome.message)
  return normaliseRecord('t', outcome.request)[0]!
}

const chat = { 'gen_ai.operation.name': 'chat' }
const oiLlm = { 'openinference.span.kind': 'LLM' }

describe('kinds', () => {
  test.each<[string, { [key: string]: Json }, string, string]>([
    ['chat', { 'gen_ai.operation.name': 'chat' }, 'llm', 'otel_genai'],
    ['text_completion', { 'gen_ai.operation.name': 'text_completion' }, 'llm', 'otel_genai'],
    ['generate_content', { 'gen_ai.operation.name': 'generate_content' }, 'llm', 'otel_genai'],
    ['embeddings', { 'gen_ai.operation.name': 'embeddings' }, 'embedding', 'otel_genai'],
    ['execute_tool', { 'gen_ai.operation.name': 'execute_tool' }, 'tool', 'otel_genai'],
    ['retrieval', { 'gen_ai.operation.name': 'retrieval' }, 'retriever', 'otel_genai'],
    ['invoke_agent', { 'gen_ai.operation.name': 'invoke_agent' }, 'agent', 'otel_genai'],
    ['invoke_workflow', { 'gen_ai.operation.name': 'invoke_workflow' }, 'chain', 'otel_genai'],
    ['an operation of tomorrow', { 'gen_ai.operation.name': 'dream' }, 'other', 'otel_genai'],
    ['older: a system and a model', { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'm' }, 'llm', 'otel_genai'],
    [
      'an outer span of the AI SDK',
      { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'm', 'ai.operationId': 'ai.streamText' },
      'agent',
      'ai_sdk',
    ],
    [
      'an inner span of the AI SDK',
      { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'm', 'ai.operationId': 'ai.streamText.doStream' },
      'llm',
      'ai_sdk',
    ],
    ['OpenInference in lower case', { 'openinference.span.kind': 'llm' }, 'llm', 'openinference'],
    ['OpenInference EVALUATOR', { 'openinference.span.kind': 'EVALUATOR' }, 'other', 'openinference'],
    [
      'both conventions',
      { 'openinference.span.kind': 'TOOL', 'gen_ai.operation.name': 'chat' },
      'tool',
      'openinference',
    ],
    [
      'an HTTP client',
      { 'http.request.method': 'POST', 'url.full': 'https://api.openai.com/v1/chat' },
      'other',
      'none',
    ],
    ['an odd operation', { 'gen_ai.operation.name': 7 }, 'other', 'none'],
  ])('%s', (_name, attributes, kind, convention) => {
    expect(spanOf(attributes)).toMatchObject({ kind, convention })
  })
})

describe('tokens and cost', () => {
  test('NaN, negatives and fractions are no counts', () => {
    for (const odd of [null, -1, 1.5, 'many', [], true]) {
      const span = spanOf({ ...chat, 'gen_ai.usage.input_tokens': odd, 'gen_ai.usage.output_tokens': 5 })
      expect([span.tokensInput, span.tokensOutput, span.tokensTotal]).toEqual([undefined, 5, undefined])
      expect(span.attributes.has('gen_ai.usage.input_tokens')).toBe(true)
    }
  })

  test('zero is a count', () => {
    expect(spanOf({ ...chat, 'gen_ai.usage.input_tokens': 0, 'gen_ai.usage.output_tokens': 0 })).toMatchObject({
      tokensInput: 0,
      tokensTotal: 0,
    })
  })

  test('older and newer keys that say the same both leave; those that differ stay', () => {
    const same = spanOf({ ...chat, 'gen_ai.usage.input_tokens': 3, 'gen_ai.usage.prompt_tokens': 3 })
    expect([same.tokensInput, same.attributes.size]).toEqual([3, 0])
    const different = spanOf({ ...chat, 'gen_ai.usage.input_tokens': 3, 'gen_ai.usage.prompt_tokens': 4 })
    expect([different.tokensInput, [...different.attributes]]).toEqual([3, [['gen_ai.usage.prompt_tokens', 4]]])
  })

  test('a sent total wins over the sum', () => {
    expect(
      spanOf({ ...oiLlm, 'llm.token_count.prompt': 1, 'llm.token_count.completion': 2, 'llm.token_count.total': 9 })
        .tokensTotal,
    ).toBe(9)
  })

  test('an agent that repeats the usage of its calls counts nothing, and keeps what it sent', () => {
    const span = spanOf({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.cost': 0.5,
    })
    expect([span.tokensInput, span.tokensTotal, span.costMicroUsd, span.costSource]).toEqual(Array(4).fill(undefined))
    expect(span.attributes.get('gen_ai.usage.input_tokens')).toBe(100)
  })

  test('cost in dollars becomes integer millionths', () => {
    expect(spanOf({ ...oiLlm, 'llm.cost.total': 0.1234567 })).toMatchObject({
      costMicroUsd: 123457,
      costSource: 'span',
    })
    expect(spanOf({ ...chat, 'gen_ai.usage.cost': '0.25' }).costMicroUsd).toBe(250000)
    expect(spanOf({ ...oiLlm, 'llm.cost.prompt': 0.25 }).costMicroUsd).toBeUndefined()
    const absurd = spanOf({ ...chat, 'gen_ai.usage.cost': '999999999999999' })
    expect(absurd.costMicroUsd).toBeUndefined()
    expect(absurd.attributes.get('gen_ai.usage.cost')).toBe('999999999999999')
    expect(
      spanOf({ ...oiLlm, 'llm.cost.total': '999999999999999', 'llm.cost.prompt': '1', 'llm.cost.completion': '2' }),
    ).toMatchObject({
      costMicroUsd: 3_000_000,
      attributes: new Map([
        ['llm.cost.total', '999999999999999'],
        ['llm.cost.prompt', '1'],
        ['llm.cost.completion', '2'],
      ]),
    })
  })
})

describe('finish reasons', () => {
  test.each<[Json, string | undefined]>([
    [['tool_calls'], 'tool_call'],
    [['tool-calls'], 'tool_call'],
    [['tool_call'], 'tool_call'],
    ['["stop"]', 'stop'],
    ['stop', 'stop'],
    [['end_turn'], 'stop'],
    [['max_tokens'], 'length'],
    [['something_new'], 'something_new'],
    [[], undefined],
    [[''], undefined],
    [7, undefined],
  ])('%j is %s', (sent, reason) => {
    expect(spanOf({ ...chat, 'gen_ai.response.finish_reasons': sent }).finishReason).toBe(reason)
  })

  test('several choices that ended differently stay readable', () => {
    const span = spanOf({ ...chat, 'gen_ai.response.finish_reasons': ['stop', 'length'] })
    expect([span.finishReason, span.attributes.get('gen_ai.response.finish_reasons')]).toEqual([
      'stop',
      ['stop', 'length'],
    ])
  })
})

describe('agent, environment, session and user', () => {
  test('the span before the resource, the agent before the service', () => {
    const resource = {
      'service.name': 'svc',
      'service.version': '1',
      'gen_ai.agent.name': 'res',
      'deployment.environment': 'old',
      'deployment.environment.name': 'new',
      'session.id': 's',
      'user.id': 'u',
    }
    expect(spanOf({ ...chat, 'gen_ai.agent.name': 'own', 'gen_ai.agent.version': '2' }, { resource })).toMatchObject({
      agentName: 'own',
      agentVersion: '2',
      env: 'new',
      sessionId: 's',
      userId: 'u',
    })
    expect(spanOf(chat, { resource })).toMatchObject({ agentName: 'res', agentVersion: '1' })
    expect(spanOf(chat, { resource: { 'service.name': 'svc' } }).agentName).toBe('svc')
    expect(spanOf(chat, { resource: { 'service.name': 'unknown_service:python' } }).agentName).toBeUndefined()
    expect(spanOf(chat, { resource: { 'service.name': '' } }).agentName).toBeUndefined()
  })

  test('a span of no convention has a session and a user, and its texts stay attributes', () => {
    const span = spanOf({ 'session.id': 's', 'user.id': 'u', 'input.value': 'x' })
    expect(span).toMatchObject({ sessionId: 's', userId: 'u', inputText: undefined, convention: 'none' })
    expect([...span.attributes.keys()]).toEqual(['input.value'])
  })

  test('attributes of the resource stay in it', () => {
    expect(spanOf(chat, { resource: { 'service.name': 'svc' } }).resource).toEqual(new Map([['service.name', 'svc']]))
  })
})

describe('messages', () => {
  const input = (value: Json): Span => spanOf({ ...chat, 'gen_ai.input.messages': value })

  test('the last user message, though others follow', () => {
    const text = (role: string, content: string): Json => ({ role, parts: [{ type: 'text', content }] })
    const span = input(
      JSON.stringify([text('user', 'first'), text('user', 'last'), text('assistant', 'a'), text('tool', 't')]),
    )
    expect(span.inputText).toBe('last')
    expect(span.inputMessages).toHaveLength(4)
    expect(span.attributes.size).toBe(0)
  })

  test.each<[string, Json, string | undefined]>([
    ['a bare text', 'hello', 'hello'],
    ['a JSON text', '"hello"', 'hello'],
    ['a number', '42', '42'],
    ['an object that is no message', '{"question":"hi"}', '{"question":"hi"}'],
    ['content as a text', '[{"role":"user","content":"hi"}]', 'hi'],
    ['content as parts', '[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]', 'a\nb'],
    ['a structured value', [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }], 'hi'],
    ['JSON that was cut off', '[{"role":"user","parts":[{"type":"te', '[{"role":"user","parts":[{"type":"te'],
    ['no user', '[{"role":"system","content":"be brief"}]', undefined],
    ['nothing', '', undefined],
    ['an empty list', '[]', undefined],
    ['null', 'null', undefined],
    ['half a surrogate', '[{"role":"user","content":"a\\ud83d"}]', 'a\ufffd'],
    ['a pair of surrogates', '[{"role":"user","content":"\\ud83d\\ude00"}]', '😀'],
    ['a key __proto__', '[{"role":"user","content":"hi","__proto__":{"role":"x"}}]', 'hi'],
  ])('%s', (_name, sent, text) => {
    expect(input(sent).inputText).toBe(text)
  })

  test('100,000 levels in a message are taken as text', () => {
    const deep = `[{"role":"user","parts":[{"type":"tool_call","arguments":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}]`
    expect(input(deep).inputText).toBe(deep)
  })

  test('a turn of tool calls alone was captured: its text is empty, not missing', () => {
    const output = (json: string): Span => spanOf({ ...chat, 'gen_ai.output.messages': json })
    expect(
      output('[{"role":"assistant","content":"","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}]'),
    ).toMatchObject({
      outputText: '',
      outputMessages: [{ parts: [{ type: 'text' }, { type: 'tool_call', id: 'c', name: 'f', arguments: '{}' }] }],
    })
    expect(output('[{"role":"assistant","parts":[{"type":"text","content":""}]}]').outputText).toBe('')
    // A bare role is what some SDKs send when content is not captured; an unknown part may hold anything.
    expect(output('[{"role":"assistant"}]').outputText).toBeUndefined()
    expect(output('[{"role":"assistant","parts":[{"type":"blob","content":"x"}]}]').outputText).toBeUndefined()
  })

  test('system instructions stand first', () => {
    const span = spanOf({
      ...chat,
      'gen_ai.system_instructions': '[{"type":"text","content":"be brief"}]',
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
    })
    expect(span.inputMessages?.map((message) => message.role)).toEqual(['system', 'user'])
    expect(span.inputText).toBe('hi')
  })

  test('reasoning and what nobody knows are kept as parts, not as text', () => {
    const span = spanOf({
      ...chat,
      'gen_ai.output.messages':
        '[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"blob","mime_type":"image/png","content":"aGk="},{"type":"text","content":"yes"}],"finish_reason":"stop"}]',
    })
    expect(span.outputText).toBe('yes')
    expect(span.outputMessages?.[0]?.parts.map((part) => part.type)).toEqual(['reasoning', 'other', 'text'])
    expect(span.finishReason).toBe('stop')
  })

  test('OpenInference: a made-up index makes no long list', () => {
    const span = spanOf({
      ...oiLlm,
      'llm.input_messages.4294967295.message.content': 'x',
      'llm.input_messages.1.message.content': 'y',
    })
    expect(span.inputMessages).toHaveLength(1)
    expect([...span.attributes.keys()]).toEqual(['llm.input_messages.4294967295.message.content'])
  })
})

describe('tools and documents', () => {
  test('arguments as sent, structured ones as JSON', () => {
    const tool = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'f' }
    expect(spanOf({ ...tool, 'gen_ai.tool.call.arguments': '{ "a": 1 }' }).toolArguments).toBe('{ "a": 1 }')
    expect(spanOf({ ...tool, 'gen_ai.tool.call.arguments': { a: [1, 'x'] } }).toolArguments).toBe('{"a":[1,"x"]}')
    expect(spanOf({ ...tool, 'gen_ai.tool.call.result': '' }).toolResult).toBeUndefined()
    expect(spanOf(tool).toolArguments).toBeUndefined()
  })

  test('documents with metadata stay readable', () => {
    const retrieval = { 'gen_ai.operation.name': 'retrieval' }
    const sent = '[{"id":"a","score":0.5,"content":"x"},{"id":7}]'
    const span = spanOf({ ...retrieval, 'gen_ai.retrieval.documents': sent })
    expect(span.documents).toEqual([
      { id: 'a', text: 'x', score: 0.5 },
      { id: '7', text: undefined, score: undefined },
    ])
    expect(span.attributes.size).toBe(0)
    const more = spanOf({ ...retrieval, 'gen_ai.retrieval.documents': '[{"id":"a","page":3}]' })
    expect(more.documents).toHaveLength(1)
    expect(more.attributes.size).toBe(1)
    expect(spanOf({ ...retrieval, 'gen_ai.retrieval.documents': 'none' }).documents).toBeUndefined()
  })
})

describe('errors and times', () => {
  test('the exception, else the status; an unset status is no error', () => {
    const exception = (message: string): object => ({
      events: [
        { name: 'exception', attributes: attributesOf({ 'exception.type': 'E', 'exception.message': message }) },
      ],
    })
    expect(spanOf(chat, { span: { ...exception('boom'), status: { code: 2, message: 'failed' } } }).errorMessage).toBe(
      'boom',
    )
    expect(spanOf(chat, { span: exception('') }).errorMessage).toBe('E')
    expect(spanOf(chat, { span: { status: { code: 2, message: 'failed' } } }).errorMessage).toBe('failed')
    expect(spanOf(chat, { span: { status: { code: 1, message: 'fine' } } }).errorMessage).toBeUndefined()
  })

  test.each([
    ['an end before the start', '2000000', '1000000', 2000, 0],
    ['no end', '2000000', '0', 2000, 0],
    ['no start', '0', '1700000000000000000', 1700000000000000, 0],
    ['neither', '0', '0', 0, 0],
    ['the end of time', '1', '18446744073709551615', 0, Number.MAX_SAFE_INTEGER],
    ['nanoseconds', '1700000000000000001', '1700000000000001999', 1700000000000000, 1998],
  ])('%s', (_name, startTimeUnixNano, endTimeUnixNano, startTimeUs, durationNs) => {
    expect(spanOf(chat, { span: { startTimeUnixNano, endTimeUnixNano } })).toMatchObject({ startTimeUs, durationNs })
  })

  test('a parent of zeroes is no parent', () => {
    const parent = Buffer.concat([Buffer.from([0x22, 8]), Buffer.alloc(8)])
    const ids = Buffer.concat([
      Buffer.from([0x0a, 16]),
      Buffer.alloc(16, 1),
      Buffer.from([0x12, 8]),
      Buffer.alloc(8, 1),
    ])
    const span = Buffer.concat([ids, parent])
    const scope = Buffer.concat([Buffer.from([0x12, span.length]), span])
    const group = Buffer.concat([Buffer.from([0x12, scope.length]), scope])
    const outcome = decodeRecord('t', Buffer.concat([Buffer.from([0x0a, group.length]), group]))
    expect(outcome.ok && outcome.spans[0]?.parentSpanId).toBeUndefined()
    expect(outcome.ok && outcome.spans).toHaveLength(1)
  })
})

test('spans of one record share their resource, and all spans one shape', () => {
  const spans = [spanOf(chat), spanOf({ ...oiLlm, 'input.value': 'x' }), spanOf({})]
  expect(new Set(spans.map((span) => Object.keys(span).join())).size).toBe(1)
})

test('bytes that are no request are an outcome, not a throw', () => {
  const outcome = decodeRecord('t', Buffer.from('nonsense'))
  expect(outcome).toEqual({ ok: false, message: expect.stringContaining('not an OTLP trace request') })
  expect(() => normaliseRecord('t', Buffer.from('nonsense'))).toThrow('not an OTLP trace request')
})
