/**
 * Messages as JSON text beside the span's own text column. A text part that only repeats that column is written without its
 * content, so that what was said is stored once.
 */
import type { Message, MessagePart } from '../../engine/model/span.ts'
import { parseJson } from '../../engine/parse-json.ts'

/** `repeated` is the text of the column beside: `input_text` or `output_text`. */
export function messagesToText(messages: readonly Message[], repeated: string | undefined): string {
  if (messages.length === 1) {
    const only = repetition(messages[0]!, repeated)
    if (only !== undefined) return only
  }
  let text = '['
  for (const { role, parts, finishReason } of messages) {
    if (text.length > 1) text += ','
    text += `{"role":${JSON.stringify(role)},"parts":[${parts.map((part) => partToJson(part, repeated)).join(',')}]`
    text += finishReason === undefined ? '}' : `,"finishReason":${JSON.stringify(finishReason)}}`
  }
  return `${text}]`
}

export function messagesFromText(text: string, repeated: string | undefined): Message[] {
  const messages = parseJson(text) as Message[]
  for (const { parts } of messages) {
    for (const part of parts) {
      if (part.type === 'text' && part.content === undefined) part.content = repeated ?? ''
    }
  }
  return messages
}

/** The usual case, one text by one role, is a constant. */
function repetition({ role, parts, finishReason }: Message, repeated: string | undefined): string | undefined {
  if (parts.length !== 1) return undefined
  const part = parts[0]!
  if (part.type !== 'text' || part.content !== repeated) return undefined
  if (finishReason === undefined) {
    if (role === 'user') return '[{"role":"user","parts":[{"type":"text"}]}]'
    if (role === 'assistant') return '[{"role":"assistant","parts":[{"type":"text"}]}]'
  }
  if (finishReason === 'stop' && role === 'assistant') {
    return '[{"role":"assistant","parts":[{"type":"text"}],"finishReason":"stop"}]'
  }
  return undefined
}

function partToJson(part: MessagePart, repeated: string | undefined): string {
  if (part.type === 'text') {
    return part.content === repeated ? '{"type":"text"}' : `{"type":"text","content":${JSON.stringify(part.content)}}`
  }
  return JSON.stringify(part, plainJson)
}

/** Parts hold what was sent, and attributes may hold what JSON has no form for: shown as `spanToJson` shows it. */
function plainJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return Object.fromEntries(value)
  return value
}
