import type { Message } from '../../../engine/model/span.ts'
import type { Row, TraceSpan } from './trace-model.ts'

type Part = Message['parts'][number]

/**
 * Which tool's span tells what a part of a call's input repeats, the call having begun at `atMs`: where both name the call, the one that
 * they name; otherwise one that says the same, had ended by then and was found for no other part. `tools`: by start.
 */
export function toolAnswers(tools: readonly Row[]): (part: Part, atMs: number) => TraceSpan | undefined {
  const byCallId = new Map<string, Row>()
  const byResult = Map.groupBy(tools, ({ span }) => span.tool?.result)
  for (const row of tools) {
    const callId = row.span.tool?.callId
    if (callId !== undefined && !byCallId.has(callId)) byCallId.set(callId, row)
  }
  const found = new Set<Row>()
  const saysTheSame = ({ id, response }: Extract<Part, { type: 'tool_call_response' }>, atMs: number) =>
    // Spans have what is no text as JSON without blanks.
    byResult
      .get(typeof response === 'string' ? response : JSON.stringify(response))
      ?.find(
        (row) =>
          !found.has(row) &&
          row.offsetMs + row.span.durationMs <= atMs &&
          (id === undefined || row.span.tool?.callId === undefined),
      )
  return (part, atMs) => {
    if (part.type !== 'tool_call_response') return undefined
    const row = (part.id === undefined ? undefined : byCallId.get(part.id)) ?? saysTheSame(part, atMs)
    if (row !== undefined) found.add(row)
    return row?.span
  }
}
