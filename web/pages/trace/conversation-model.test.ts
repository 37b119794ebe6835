import { expect, test } from 'vitest'
import type { TraceResponse } from '../../../client/api.ts'
import { conversationOf, marksOfTurn } from './conversation-model.ts'
import { traceOf } from './trace-model.ts'

const span = (spanId: string, kind: string, second: number, more: object = {}) => ({
  traceId: 't',
  spanId,
  ...(spanId !== 'root' && { parentSpanId: 'root' }),
  kind,
  name: spanId,
  startTime: `2026-11-21T12:00:0${second}.000000Z`,
  durationMs: 1,
  status: 'ok',
  results: [],
  ...more,
})
const said = (...spans: object[]): string[] =>
  conversationOf(traceOf({ traceId: 't', spans, results: [] } as unknown as TraceResponse)).map(({ role, parts }) =>
    [role, ...parts.map((part) => ('content' in part ? part.content : part.type))].join(': '),
  )

const root = span('root', 'agent', 0, { input: { text: 'Where is it?' }, output: { text: 'On its way.' } })
const tool = span('look', 'tool', 2, { tool: { name: 'find', result: 'in Leeds' } })

test('calls say what was said, each message once', () => {
  const hello = { role: 'user', parts: [{ type: 'text', content: 'Hello' }] }
  const first = span('a', 'llm', 1, { input: { messages: [hello] }, output: { text: 'Hi' } })
  const second = span('b', 'llm', 3, { input: { messages: [hello] }, output: { text: 'Bye' } })
  expect(said(root, first, tool, second)).toEqual([
    'user: Hello',
    'assistant: Hi',
    'tool find: in Leeds',
    'assistant: Bye',
  ])
})

test('a tool says its own result once, by its name, whichever of its span and the message comes first', () => {
  const message = (id: string, response: string) => ({
    role: 'tool',
    parts: [{ type: 'tool_call_response', id, response }],
  })
  const call = (spanId: string, second: number, messages: object[]) =>
    span(spanId, 'llm', second, { input: { messages }, output: { text: spanId } })
  const used = (spanId: string, second: number, callId?: string) =>
    span(spanId, 'tool', second, { tool: { name: 'find', ...(callId && { callId }), result: 'none' } })
  const twice = [message('1', 'none'), message('2', 'none')]
  expect(said(root, used('x', 1, '1'), used('y', 2, '2'), call('a', 3, twice))).toEqual([
    'tool find: none',
    'tool find: none',
    'assistant: a',
  ])
  expect(said(root, call('a', 1, [message('1', 'none'), message('9', 'other')]), used('x', 2))).toEqual([
    'tool find: none',
    'tool: tool_call_response',
    'assistant: a',
  ])
})

test('where no call says anything, the root does', () => {
  expect(said(root, span('a', 'llm', 1), tool)).toEqual([
    'user: Where is it?',
    'tool find: in Leeds',
    'assistant: On its way.',
  ])
  expect(said(span('root', 'agent', 0))).toEqual([])
})

test('what verdicts matched in a text is marked where it was said', () => {
  const found = { eval: 'p/e', evidence: [{ field: 'output.text', start: 3, end: 6, pattern: 'day' }] }
  const call = span('a', 'llm', 1, { input: { text: 'Hi' }, output: { text: 'On Friday.' }, results: [found] })
  const trace = traceOf({ traceId: 't', spans: [root, call], results: [] } as unknown as TraceResponse)
  expect(conversationOf(trace).map((turn) => marksOfTurn(trace, turn, turn.parts[0]!))).toEqual([
    [],
    [{ start: 3, end: 6, patterns: ['day'] }],
  ])
})
