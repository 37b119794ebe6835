/**
 * Messages in OpenTelemetry GenAI's schema (`{role, parts, finish_reason}`), and in the shapes that SDKs send in its place:
 * `{role, content}` with a text or a list of parts, and `tool_calls` as OpenAI has them.
 */
import type { AttributeValue, Message } from '../model/span.ts'
import { parseJson, plainJson, property } from './json.ts'
import { partFromJson, toolCall } from './message-parts.ts'
import { plainMessages } from './plain-messages.ts'

/**
 * The messages of an attribute: JSON text, a structured value, or plain text (also JSON that was cut off), which is then
 * one message of `role`. Undefined when there is nothing in it.
 */
export function messagesOf(value: AttributeValue | undefined, role: string): Message[] | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') return messagesFromJson(plainJson(value), role)
  const plain = plainMessages(value)
  if (plain !== undefined) return plain
  const parsed = parseJson(value)
  if (parsed === null || (Array.isArray(parsed) && parsed.length === 0)) return undefined
  const messages = parsed === undefined ? undefined : messagesFromJson(parsed, role)
  return messages ?? [{ role, parts: [{ type: 'text', content: value }] }]
}

/** Instructions as a first message. */
export function withSystem(system: readonly Message[] | undefined, messages: Message[]): Message[]
export function withSystem(
  system: readonly Message[] | undefined,
  messages: Message[] | undefined,
): Message[] | undefined
export function withSystem(
  system: readonly Message[] | undefined,
  messages: Message[] | undefined,
): Message[] | undefined {
  if (system === undefined) return messages
  const merged: Message = { role: 'system', parts: system.flatMap((message) => message.parts) }
  return messages === undefined ? [merged] : [merged, ...messages]
}

/**
 * Messages in an attribute that may hold anything: a list of them, one, or a request with `messages` in it. Undefined for other values, whose
 * text is what was said.
 */
export function conversationOf(value: AttributeValue | undefined, role: string): Message[] | undefined {
  const parsed = typeof value === 'string' ? parseJson(value) : value instanceof Map ? plainJson(value) : undefined
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const inside = property(parsed, 'messages')
  const items: unknown[] = Array.isArray(inside) ? inside : Array.isArray(parsed) ? parsed : [parsed]
  return items.length > 0 && items.every(isMessage) ? messagesFromJson(items, role) : undefined
}

function isMessage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof property(value, 'role') === 'string'
}

export function messagesFromJson(value: unknown, role: string): Message[] | undefined {
  if (typeof value === 'string') return value === '' ? undefined : [{ role, parts: [{ type: 'text', content: value }] }]
  if (typeof value !== 'object' || value === null) return undefined
  const items: unknown[] = Array.isArray(value) ? value : [value]
  const messages: Message[] = []
  for (const item of items) {
    const message = messageFromJson(item, role)
    if (message === undefined) return undefined
    messages.push(message)
  }
  return messages.length === 0 ? undefined : messages
}

function messageFromJson(value: unknown, role: string): Message | undefined {
  if (typeof value === 'string') return { role, parts: [{ type: 'text', content: value }] }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = value as { role?: unknown; parts?: unknown; content?: unknown; finish_reason?: unknown }
  if (fields.parts === undefined && fields.content === undefined && fields.role === undefined) {
    // A bare part, as `gen_ai.system_instructions` has them.
    if (property(fields, 'type') === undefined) return undefined
    return { role, parts: [partFromJson(fields)] }
  }
  const message: Message = { role: typeof fields.role === 'string' ? fields.role : role, parts: [] }
  const content = fields.parts ?? fields.content
  if (Array.isArray(content)) for (const part of content) message.parts.push(partFromJson(part))
  else if (content !== undefined && content !== null) message.parts.push(partFromJson(content))
  addToolCalls(message, property(fields, 'tool_calls'))
  if (message.role === 'tool') answerOfTool(message, fields)
  if (typeof fields.finish_reason === 'string') message.finishReason = fields.finish_reason
  return message
}

/** `{id, function: {name, arguments}}`, the OpenAI API's form. */
function addToolCalls(message: Message, calls: unknown): void {
  if (!Array.isArray(calls)) return
  for (const call of calls) {
    if (typeof call !== 'object' || call === null) continue
    const fn = property(call, 'function')
    const source = typeof fn === 'object' && fn !== null ? fn : call
    message.parts.push(toolCall(property(call, 'id'), property(source, 'name'), property(source, 'arguments')))
  }
}

/** A `tool` message of the OpenAI API holds its answer as content, beside the id of the call. */
function answerOfTool(message: Message, fields: object): void {
  const id = property(fields, 'tool_call_id') ?? property(fields, 'id')
  const first = message.parts[0]
  if (typeof id !== 'string' || message.parts.length !== 1 || first?.type !== 'text') return
  message.parts = [{ type: 'tool_call_response', id, response: first.content }]
}

/** The text parts of a message; undefined without any. */
function textOfMessage(message: Message): string | undefined {
  let text: string | undefined
  for (const part of message.parts) {
    if (part.type === 'text') text = text === undefined ? part.content : `${text}\n${part.content}`
  }
  return text
}

/** The last user message that has a text. */
export function inputTextOf(messages: readonly Message[] | undefined): string | undefined {
  if (messages === undefined) return undefined
  for (let i = messages.length - 1; i >= 0; i--) {
    const message = messages[i]!
    if (message.role !== 'user' && message.role !== 'human') continue
    const text = textOfMessage(message)
    if (text !== undefined) return text
  }
  return undefined
}

/**
 * The answer: what all choices say. Empty when parts came and none of them is a text: a turn that only calls tools was
 * captured, and must not read as if its content had been withheld. Undefined for messages without parts (some SDKs send a
 * bare role when content is not captured) and for parts of a kind that we don't know, which may hold anything.
 */
export function outputTextOf(messages: readonly Message[] | undefined): string | undefined {
  if (messages === undefined) return undefined
  let answer: string | undefined
  let isKnown = true
  for (const message of messages) {
    for (const part of message.parts) if (part.type === 'other') isKnown = false
    if (message.parts.length > 0) answer ??= ''
    const text = textOfMessage(message)
    if (text !== undefined && text !== '') answer = answer === '' || answer === undefined ? text : `${answer}\n${text}`
  }
  return answer === '' && !isKnown ? undefined : answer
}
