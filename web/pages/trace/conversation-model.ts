/** What was said in a trace, once and in order. */
import type { Message } from '../../../engine/model/span.ts'
import type { Trace, TraceSpan } from './trace-model.ts'

export interface Turn {
  readonly key: string
  /** The call in which it was first seen. */
  readonly spanId: string
  readonly role: string
  readonly parts: readonly Message['parts'][number][]
}

/**
 * Each call repeats what was said before it: a message is shown where it first came. Calls without messages say their texts. A tool's
 * result is told by the tool's own span where no message repeats it, and what the root was asked and answered where no call says anything.
 */
export function conversationOf({ rows }: Trace): Turn[] {
  const turns: Turn[] = []
  const seen = new Set<string>()
  const say = (spanId: string, role: string, parts: Turn['parts']): void => {
    const identity = JSON.stringify([role, parts])
    if (parts.length === 0 || seen.has(identity)) return
    seen.add(identity)
    turns.push({ key: `${spanId} ${turns.length}`, spanId, role, parts })
  }
  const texts = (text: string | undefined): Turn['parts'] => (text ? [{ type: 'text', content: text }] : [])
  const byStart = rows.toSorted((a, b) => a.offsetMs - b.offsetMs)
  const asked = ({ spanId, input }: TraceSpan): void => {
    if (input?.messages) for (const { role, parts } of input.messages) say(spanId, role, parts)
    else say(spanId, 'user', texts(input?.text))
  }
  const answered = ({ spanId, output }: TraceSpan): void => {
    if (output?.messages) for (const { role, parts } of output.messages) say(spanId, role, parts)
    else say(spanId, 'assistant', texts(output?.text))
  }
  const isSaidByCalls = rows.some(({ span: { kind, input, output } }) => kind === 'llm' && (input ?? output))
  const root = isSaidByCalls ? undefined : rows[0]?.span
  if (root !== undefined) asked(root)
  for (const { span } of byStart) {
    if (span.kind === 'llm') {
      asked(span)
      answered(span)
    } else if (span.kind === 'tool' && span.tool !== undefined) {
      const { name, result } = span.tool
      const isRepeated = turns.some(({ parts }) =>
        parts.some((part) => part.type === 'tool_call_response' && asText(part.response) === result),
      )
      if (!isRepeated && result !== undefined)
        say(span.spanId, name === undefined ? 'tool' : `tool ${name}`, texts(result))
    }
  }
  if (root !== undefined) answered(root)
  return turns
}

export const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
