/** What was said in a trace, once and in order. */
import type { Message } from '../../../engine/model/span.ts'
import { type Mark, marksOf, type Trace, type TraceSpan } from './trace-model.ts'

export interface Turn {
  readonly key: string
  /** The call in which it was first seen. */
  readonly spanId: string
  readonly role: string
  readonly parts: readonly Message['parts'][number][]
}

/**
 * Each call repeats what was said before it: a message is shown where it first came. Calls without messages say their texts. A tool's
 * result is told by the tool's own span, which knows its name and its verdicts, and by the message that repeats it where there is no such
 * span; what the root was asked and answered where no call says anything.
 */
export function conversationOf({ rows }: Trace): Turn[] {
  const turns: Turn[] = []
  const seen = new Set<string>()
  const say = (spanId: string, role: string, parts: Turn['parts'], identity = JSON.stringify([role, parts])): void => {
    if (parts.length === 0 || seen.has(identity)) return
    seen.add(identity)
    turns.push({ key: `${spanId} ${turns.length}`, spanId, role, parts })
  }
  const texts = (text: string | undefined): Turn['parts'] => (text ? [{ type: 'text', content: text }] : [])
  const byStart = rows.toSorted((a, b) => a.offsetMs - b.offsetMs)
  const tools = byStart.flatMap(({ span }) => (span.kind === 'tool' && span.tool?.result !== undefined ? [span] : []))
  const toolSays = ({ spanId, tool }: TraceSpan): void =>
    say(spanId, tool?.name === undefined ? 'tool' : `tool ${tool.name}`, texts(tool?.result), `tool ${spanId}`)
  const asked = ({ spanId, input }: TraceSpan): void => {
    if (input?.messages === undefined) say(spanId, 'user', texts(input?.text))
    for (const { role, parts } of input?.messages ?? []) {
      const answering = parts.map((part) => tools.find(({ tool }) => tool !== undefined && isAnswerOf(part, tool)))
      if (answering.every((tool) => tool !== undefined)) answering.forEach(toolSays)
      else say(spanId, role, parts)
    }
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
    } else if (span.kind === 'tool') toolSays(span)
  }
  if (root !== undefined) answered(root)
  return turns
}

/** Where both tell which call it was, by that; otherwise by what it says. */
function isAnswerOf(part: Turn['parts'][number], { callId, result }: NonNullable<TraceSpan['tool']>): boolean {
  if (part.type !== 'tool_call_response') return false
  return part.id !== undefined && callId !== undefined ? part.id === callId : asText(part.response) === result
}

/** What verdicts matched in a part that is one of its span's texts as a whole: only there do their offsets hold. */
export function marksOfTurn(trace: Trace, { spanId }: Turn, part: Turn['parts'][number]): Mark[] {
  const span = trace.rows.find((row) => row.span.spanId === spanId)?.span
  if (part.type !== 'text' || span === undefined) return []
  const texts = { 'output.text': span.output?.text, 'input.text': span.input?.text, 'result.text': span.tool?.result }
  const field = Object.entries(texts).find(([, text]) => text === part.content)?.[0]
  return field === undefined ? [] : marksOf(trace, span, field)
}

export const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
