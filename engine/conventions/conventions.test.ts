/** Made by hand: older forms whose SDKs are not captured, and traps seen in real bytes that no capture shows. */
import { expect, test } from 'vitest'
import type { Span } from '../model/span.ts'
import { transcodeJson } from '../otlp/json.ts'
import { normaliseRecord } from './normalise.ts'

type Sent = Readonly<Record<string, string | number | null>>

const attributesOf = (sent: Sent): object[] =>
  Object.entries(sent).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : Number.isInteger(value)
          ? { intValue: value }
          : { doubleValue: value },
  }))

function spanOf(sent: Sent, more: object = {}): Span {
  const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'x', attributes: attributesOf(sent), ...more }
  const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })))
  if (!outcome.ok) throw new Error(outcome.message)
  return normaliseRecord('t', outcome.request)[0]!
}

test('OpenLLMetry before it took up GenAI: flattened messages, tools, a provider with a capital', () => {
  const span = spanOf({
    'llm.request.type': 'chat',
    'gen_ai.system': 'OpenAI',
    'gen_ai.request.model': 'm',
    'gen_ai.prompt.0.role': 'user',
    'gen_ai.prompt.0.content':
      '[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://e.test/a.png"}}]',
    'gen_ai.completion.0.role': 'assistant',
    'gen_ai.completion.0.finish_reason': 'tool_calls',
    'gen_ai.completion.0.tool_calls.0.id': 'c',
    'gen_ai.completion.0.tool_calls.0.name': 'find',
    'gen_ai.completion.0.tool_calls.0.arguments': '{}',
    'gen_ai.usage.prompt_tokens': 3,
    'llm.usage.total_tokens': 5,
    'traceloop.association.properties.session_id': 's',
  })
  expect(span).toMatchObject({
    convention: 'openllmetry',
    kind: 'llm',
    provider: 'openai',
    sessionId: 's',
    inputText: 'What is this?',
    outputText: '',
    outputMessages: [{ parts: [{ type: 'tool_call', id: 'c', name: 'find', arguments: '{}' }] }],
    finishReason: 'tool_call',
    tokensInput: 3,
    tokensTotal: 5,
  })
  expect(span.inputMessages?.[0]?.parts[1]).toEqual({
    type: 'other',
    value: { type: 'image', url: 'https://e.test/a.png' },
  })
  expect(span.attributes.size).toBe(0)
})

test("OpenLLMetry's search in a vector store tells its documents in events", () => {
  const attributes = attributesOf({
    'db.query.result.id': 'd',
    'db.query.result.document': 'text',
    'db.query.result.score': 0.5,
  })
  const span = spanOf({ 'traceloop.workflow.name': 'w' }, { events: [{ name: 'db.query.result', attributes }] })
  expect(span).toMatchObject({ kind: 'retriever', documents: [{ id: 'd', text: 'text', score: 0.5 }] })
})

test('the AI SDK: unknown usage of a stream is NaN, and the rest of the span is fine', () => {
  const span = spanOf({
    'ai.operationId': 'ai.streamText.doStream',
    'gen_ai.usage.input_tokens': null,
    'ai.response.text': 'hi',
  })
  expect([span.tokensInput, span.outputText]).toEqual([undefined, 'hi'])
})

test("the AI SDK's outer span repeats usage: it counts none and keeps it", () => {
  const span = spanOf({ 'ai.operationId': 'ai.generateText', 'ai.usage.promptTokens': 3 })
  expect([span.kind, span.tokensInput, span.attributes.get('ai.usage.promptTokens')]).toEqual(['agent', undefined, 3])
})

test('the AI SDK: images in all their shapes are references', () => {
  const content = [
    { type: 'image', image: 'https://e.test/a.png' },
    { type: 'image', image: 'data:image/png;base64,aGk=' },
    { type: 'file', mediaType: 'image/png', data: 'aGk=' },
    { type: 'file', mediaType: 'text/plain', data: 'aGk=' },
  ]
  const span = spanOf({
    'ai.operationId': 'ai.generateText.doGenerate',
    'ai.prompt.messages': JSON.stringify([{ role: 'user', content }]),
  })
  const inline = { type: 'image', mediaType: 'image/png', sizeBytes: 2, sha256: expect.any(String) as string }
  expect(span.inputMessages?.[0]?.parts.map((part) => (part.type === 'other' ? part.value : part))).toEqual([
    { type: 'image', url: 'https://e.test/a.png' },
    inline,
    inline,
    content[3],
  ])
})

test('Langfuse: usage whose total is input and output has its cached tokens in them', () => {
  const span = spanOf({
    'langfuse.observation.type': 'generation',
    'langfuse.observation.usage_details': '{"input":31,"output":9,"total":40,"input_cached_tokens":16}',
    'langfuse.observation.level': 'WARNING',
  })
  expect(span).toMatchObject({
    tokensInput: 31,
    tokensOutput: 9,
    tokensTotal: 40,
    tokensCachedInput: 16,
    status: 'unset',
  })
})

test('Pydantic AI before it named operations: the spans of tools and runs', () => {
  expect(
    spanOf({
      'gen_ai.tool.name': 'find',
      tool_arguments: '{"id":7}',
      tool_response: 'shipped',
      'logfire.msg': 'running tool',
    }),
  ).toMatchObject({
    convention: 'pydantic_ai',
    kind: 'tool',
    toolName: 'find',
    toolArguments: '{"id":7}',
    toolResult: 'shipped',
  })
  const events = JSON.stringify([
    { role: 'user', content: 'Where is it?' },
    { role: 'assistant', content: 'Here.' },
  ])
  expect(spanOf({ agent_name: 'a', all_messages_events: events, 'logfire.msg': 'agent run' })).toMatchObject({
    kind: 'agent',
    agentName: 'a',
    inputText: 'Where is it?',
    outputText: 'Here.',
  })
})

test("MCP as Logfire writes it: the request's name and arguments, the response's text, and its failure", () => {
  const request = '{"method":"tools/call","params":{"name":"find","arguments":{"id":7}}}'
  const response = '{"content":[{"type":"text","text":"no such order"}],"isError":true}'
  expect(spanOf({ 'rpc.system': 'jsonrpc', 'rpc.method': 'tools/call', request, response })).toMatchObject({
    convention: 'mcp',
    kind: 'tool',
    toolName: 'find',
    toolArguments: '{"id":7}',
    toolResult: 'no such order',
    status: 'error',
    errorMessage: 'no such order',
  })
  expect(spanOf({ 'rpc.method': 'GetOrder' })).toMatchObject({ convention: 'none', kind: 'other' })
})

test('whatever a convention’s attributes hold, a span comes of it', () => {
  const odd = [
    '{',
    '[]',
    '[1]',
    '{"messages":[[null]]}',
    'null',
    '"x"',
    '{"messages":{"__proto__":1}}',
    '{"args":3,"kwargs":[]}',
  ]
  const marks: Sent[] = [
    { 'langfuse.observation.type': 'generation' },
    { 'langfuse.observation.type': 'retriever' },
    { 'ai.operationId': 'ai.generateText' },
    { 'ai.operationId': 'ai.embed.doEmbed' },
    { 'langsmith.span.kind': 'llm' },
    { 'langsmith.span.kind': 'tool' },
    { 'langsmith.span.kind': 'retriever' },
    { 'traceloop.span.kind': 'tool' },
    { 'traceloop.span.kind': 'agent' },
    { 'logfire.msg': 'x', 'gen_ai.operation.name': 'invoke_agent' },
    { 'mcp.method.name': 'tools/call' },
  ]
  const keys = [
    ...['input', 'output', 'usage_details', 'cost_details', 'completion_start_time'].map(
      (key) => `langfuse.observation.${key}`,
    ),
    ...['prompt', 'prompt.messages', 'response.toolCalls', 'values', 'toolCall.args'].map((key) => `ai.${key}`),
    ...['gen_ai.prompt', 'gen_ai.completion', 'langsmith.metadata.usage_metadata'],
    ...['traceloop.entity.input', 'traceloop.entity.output', 'pydantic_ai.all_messages', 'request', 'response'],
    ...['request_data', 'response_data', 'final_result'],
  ]
  for (const mark of marks) {
    for (const value of odd) {
      const span = spanOf({ ...mark, ...Object.fromEntries(keys.map((key) => [key, value])) })
      expect(span.convention).not.toBe('none')
    }
  }
})
