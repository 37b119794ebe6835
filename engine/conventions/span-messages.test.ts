import { describe, expect, test } from 'vitest'
import { makeSpan } from '../model/make-span.ts'
import { transcodeJson } from '../otlp/json.ts'
import { readLogs } from '../otlp/logs.ts'
import { decodeMessages, type SpanMessages, withMessages } from './span-messages.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = '00f067aa0ba902b7'
const text = (stringValue: string) => ({ stringValue })
const map = (fields: Record<string, object>) => ({
  kvlistValue: { values: Object.entries(fields).map(([key, value]) => ({ key, value })) },
})

interface Event {
  name: string
  body?: object
  attributes?: Record<string, object>
  time?: number
}

/** As the normaliser finds them in the log. */
function messagesOf(...events: readonly Event[]): SpanMessages[] {
  const logRecords = events.map(({ name, body, attributes = {}, time = 1 }) => ({
    traceId: TRACE,
    spanId: SPAN,
    timeUnixNano: String(1_700_000_000_000_000_000n + BigInt(time)),
    eventName: name,
    body,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
  }))
  const read = readLogs(Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })), 'json', 0)
  if (!read.ok) throw new Error(read.message)
  const transcoded = transcodeJson(read.request)
  if (!transcoded.ok) throw new Error(transcoded.message)
  const decoded = decodeMessages('default', transcoded.request)
  if (!decoded.ok) throw new Error(decoded.message)
  return decoded.messages
}

const llm = makeSpan({ kind: 'llm', traceId: TRACE, spanId: SPAN })

describe('events of their own', () => {
  test('the older form: a message each, in the order in which they were said', () => {
    const messages = messagesOf(
      {
        name: 'gen_ai.choice',
        time: 9,
        body: map({
          index: { intValue: '0' },
          finish_reason: text('end_turn'),
          message: map({ content: text('Monday.') }),
        }),
      },
      { name: 'gen_ai.system.message', time: 2, body: map({ content: text('Be kind.') }) },
      { name: 'gen_ai.user.message', time: 3, body: map({ content: text('When does it come?') }) },
    )
    expect(withMessages(llm, messages)).toMatchObject({
      inputText: 'When does it come?',
      inputMessages: [{ role: 'system' }, { role: 'user' }],
      outputText: 'Monday.',
      outputMessages: [{ role: 'assistant', parts: [{ type: 'text', content: 'Monday.' }] }],
      finishReason: 'stop',
    })
  })

  test('calls of tools and their answers', () => {
    const call = map({
      id: text('call_1'),
      type: text('function'),
      function: map({ name: text('find'), arguments: text('{"id":7}') }),
    })
    const span = withMessages(
      llm,
      messagesOf(
        { name: 'gen_ai.assistant.message', time: 1, body: map({ tool_calls: { arrayValue: { values: [call] } } }) },
        { name: 'gen_ai.tool.message', time: 2, body: map({ id: text('call_1'), content: text('found') }) },
      ),
    )
    expect(span.inputMessages).toEqual([
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'find', arguments: '{"id":7}' }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'found' }] },
    ])
  })

  test('the current form: one event with all of it, structured', () => {
    const said = (role: string, content: string) => ({
      arrayValue: {
        values: [
          map({
            role: text(role),
            parts: { arrayValue: { values: [map({ type: text('text'), content: text(content) })] } },
          }),
        ],
      },
    })
    const span = withMessages(
      llm,
      messagesOf({
        name: 'gen_ai.client.inference.operation.details',
        attributes: {
          'gen_ai.system_instructions': text('[{"type":"text","content":"Be kind."}]'),
          'gen_ai.input.messages': said('user', 'When?'),
          'gen_ai.output.messages': said('assistant', 'Monday.'),
        },
      }),
    )
    expect(span).toMatchObject({ inputText: 'When?', outputText: 'Monday.' })
    expect(span.inputMessages?.map(({ role }) => role)).toEqual(['system', 'user'])
  })
})

test('what is on the span stays', () => {
  const span = makeSpan({ kind: 'llm', inputText: 'on the span' })
  const joined = withMessages(span, messagesOf({ name: 'gen_ai.user.message', body: map({ content: text('other') }) }))
  expect(joined).toBe(span)
})

test('an event that was sent twice has one key', () => {
  const one = { name: 'gen_ai.user.message', body: map({ content: text('hi') }) }
  const [first, again, other] = messagesOf(one, one, { ...one, time: 5_000 })
  expect(again?.key).toBe(first?.key)
  expect(other?.key).not.toBe(first?.key)
})
