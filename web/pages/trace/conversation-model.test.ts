import { expect, test } from 'vitest'
import type { TraceResponse } from '../../../client/api.ts'
import { conversationOf } from './conversation-model.ts'
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

test('where no call says anything, the root does', () => {
  expect(said(root, span('a', 'llm', 1), tool)).toEqual([
    'user: Where is it?',
    'tool find: in Leeds',
    'assistant: On its way.',
  ])
  expect(said(span('root', 'agent', 0))).toEqual([])
})
