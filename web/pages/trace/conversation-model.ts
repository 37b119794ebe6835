/** What was said in a trace, once and in order. */
import type { Message } from '../../../engine/model/span.ts'
import { toolAnswers } from './tool-answers.ts'
import { type Mark, type Marks, marksOf, type Row, type Trace, type TraceSpan } from './trace-model.ts'

/** The text of a span from which a turn came. */
interface Source {
  /** The call in which it was first seen. */
  readonly spanId: string
  readonly field: 'input.text' | 'output.text' | 'result.text'
  readonly text: string | undefined
}

export interface Turn extends Source {
  readonly key: string
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
  const identityOf = (role: string, parts: Turn['parts']): string => JSON.stringify([role, parts])
  const say = (source: Source, role: string, parts: Turn['parts'], identity = identityOf(role, parts)): void => {
    if (parts.length === 0 || seen.has(identity)) return
    seen.add(identity)
    turns.push({ ...source, key: `${source.spanId} ${turns.length}`, role, parts })
  }
  const texts = (text: string | undefined): Turn['parts'] => (text ? [{ type: 'text', content: text }] : [])
  const byStart = rows.toSorted((a, b) => a.offsetMs - b.offsetMs)
  const toolAnswering = toolAnswers(
    byStart.filter(({ span }) => span.kind === 'tool' && span.tool?.result !== undefined),
  )
  const toolSays = ({ spanId, tool }: TraceSpan): void => {
    const source: Source = { spanId, field: 'result.text', text: tool?.result }
    say(source, tool?.name === undefined ? 'tool' : `tool ${tool.name}`, texts(tool?.result), `tool ${spanId}`)
  }
  const asked = ({ span: { spanId, input }, offsetMs }: Row): void => {
    const source: Source = { spanId, field: 'input.text', text: input?.text }
    if (input?.messages === undefined) say(source, 'user', texts(input?.text))
    for (const { role, parts } of input?.messages ?? []) {
      const identity = identityOf(role, parts)
      if (seen.has(identity)) continue
      const own: Message['parts'] = []
      for (const part of parts) {
        const tool = toolAnswering(part, offsetMs)
        if (tool === undefined) own.push(part)
        else toolSays(tool)
      }
      say(source, role, own)
      seen.add(identity)
    }
  }
  const answered = ({ spanId, output }: TraceSpan): void => {
    const source: Source = { spanId, field: 'output.text', text: output?.text }
    if (output?.messages) for (const { role, parts } of output.messages) say(source, role, parts)
    else say(source, 'assistant', texts(output?.text))
  }
  const isSaidByCalls = rows.some(({ span: { kind, input, output } }) => kind === 'llm' && (input ?? output))
  const root = isSaidByCalls ? undefined : rows[0]
  if (root !== undefined) asked(root)
  for (const row of byStart) {
    if (row.span.kind === 'llm') {
      asked(row)
      answered(row.span)
    } else if (row.span.kind === 'tool') toolSays(row.span)
  }
  if (root !== undefined) answered(root.span)
  return turns
}

/** What verdicts matched in a part that is the text from which its turn came as a whole: only there do their offsets hold. */
export function marksOfTurn(marks: Marks, { spanId, field, text }: Turn, part: Turn['parts'][number]): readonly Mark[] {
  return part.type === 'text' && part.content === text ? marksOf(marks, spanId, field) : []
}

export const asText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
