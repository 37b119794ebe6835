import { expect, test } from 'vitest'
import type { TraceResponse } from '../../../client/api.ts'
import { conversationOf, marksOfTurn } from './conversation-model.ts'
import { marksIn, traceOf } from './trace-model.ts'

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
  expect(said(root, call('a', 1, [message('1', 'none'), message('9', 'other')]), used('x', 2, '1'))).toEqual([
    'tool find: none',
    'tool: tool_call_response',
    'assistant: a',
  ])
})

const answer = (response: unknown, id?: string) => ({
  type: 'tool_call_response',
  ...(id !== undefined && { id }),
  response,
})
const asking = (spanId: string, second: number, ...parts: object[]) =>
  span(spanId, 'llm', second, { input: { messages: [{ role: 'tool', parts }] }, output: { text: spanId } })
const used = (spanId: string, second: number, result: string, more: object = {}) =>
  span(spanId, 'tool', second, { tool: { name: spanId, result, ...more } })
const own = 'tool: tool_call_response'

test.each([
  ['a tool that ended before', [used('x', 1, 'ok'), asking('a', 2, answer('ok'))], ['tool x: ok', 'assistant: a']],
  ['a tool that came after', [asking('a', 1, answer('ok')), used('x', 2, 'ok')], [own, 'assistant: a', 'tool x: ok']],
  [
    'a tool that is not done',
    [{ ...used('x', 1, 'ok'), durationMs: 1_500 }, asking('a', 2, answer('ok'))],
    ['tool x: ok', own, 'assistant: a'],
  ],
  [
    'one tool of two answers',
    [used('x', 1, 'ok'), asking('a', 2, answer('ok'), answer('ok'))],
    ['tool x: ok', own, 'assistant: a'],
  ],
  [
    'two tools of two answers',
    [used('x', 1, 'ok'), used('y', 1, 'ok'), asking('a', 2, answer('ok'), answer('ok'))],
    ['tool x: ok', 'tool y: ok', 'assistant: a'],
  ],
  [
    'a tool of another id',
    [used('x', 1, 'ok', { callId: '1' }), asking('a', 2, answer('ok', '2'))],
    ['tool x: ok', own, 'assistant: a'],
  ],
  [
    'one of two that are named',
    [used('x', 1, 'found', { callId: '1' }), asking('a', 2, answer('found', '1'), answer('other', '2'))],
    ['tool x: found', own, 'assistant: a'],
  ],
  [
    'an object',
    [used('x', 1, '{"rows":[1]}'), asking('a', 2, answer({ rows: [1] }))],
    ['tool x: {"rows":[1]}', 'assistant: a'],
  ],
])('an answer without a name is that of a tool that says the same and had ended: %s', (_, spans, expected) => {
  expect(said(root, ...spans)).toEqual(expected)
})

test('the results of tools are read a few times each, however often calls repeat them', () => {
  const steps = 60
  let reads = 0
  const count = <Value>(value: Value): Value => {
    reads++
    return value
  }
  const at = (ms: number) => ({
    startTime: new Date(Date.UTC(2026, 10, 21, 12) + ms).toISOString().replace('Z', '000Z'),
  })
  const messages: object[] = []
  const spans: object[] = [root]
  for (let step = 0; step < steps; step++) {
    const input = { messages: [...messages] }
    spans.push(span(`call ${step}`, 'llm', 0, { ...at(1_000 + step * 20), input, output: { text: `call ${step}` } }))
    const tool = {
      get callId() {
        return count(step % 2 === 0 ? `${step}` : undefined)
      },
      get result() {
        return count(`result ${step}`)
      },
    }
    spans.push(span(`tool ${step}`, 'tool', 0, { ...at(1_010 + step * 20), tool }))
    messages.push({ role: 'tool', parts: [answer(`result ${step}`, step % 2 === 0 ? `${step}` : undefined)] })
  }
  expect(said(...spans)).toHaveLength(2 * steps)
  expect(reads).toBeLessThanOrEqual(20 * steps)
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
  expect(conversationOf(trace).map((turn) => marksOfTurn(marksIn(trace), turn, turn.parts[0]!))).toEqual([
    [],
    [{ start: 3, end: 6, patterns: ['day'] }],
  ])
})

test('what is asked and answered in the same words is marked only where verdicts matched', () => {
  const found = { eval: 'p/e', evidence: [{ field: 'output.text', start: 0, end: 5, pattern: 'email' }] }
  const echo = span('a', 'llm', 1, { input: { text: 'a@b.c' }, output: { text: 'a@b.c' }, results: [found] })
  const trace = traceOf({ traceId: 't', spans: [root, echo], results: [] } as unknown as TraceResponse)
  const marked = conversationOf(trace).map((turn) => [
    turn.role,
    marksOfTurn(marksIn(trace), turn, turn.parts[0]!).length,
  ])
  expect(marked).toEqual([
    ['user', 0],
    ['assistant', 1],
  ])
})
