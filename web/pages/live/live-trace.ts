/** A trace as the Live page lists it: of its root as it was streamed, or of what the store told before. */
import type { StreamEvent, TraceSummary } from '../../../client/api.ts'
import type { SpanJson } from '../../../engine/model/span-json.ts'

export interface LiveTrace {
  readonly traceId: string
  readonly endedAt: string
  readonly durationMs: number
  /** What was asked, or the root's name. */
  readonly title: string
  readonly agent: string | undefined
  readonly hasFailed: boolean
}

export const TRACES_SHOWN = 6

export function ofRoot({ data }: StreamEvent & { type: 'span' }): LiveTrace {
  // The API's description leaves the span's own fields open; they are those of `SpanJson`.
  const { traceId, startTime, durationMs, name, input, agent, status } = data as unknown as SpanJson
  const [title, hasFailed] = [input?.text || name, status === 'error']
  return { traceId, endedAt: endOf(startTime, durationMs), durationMs, title, agent: agent?.name, hasFailed }
}

export function ofSummary({
  traceId,
  startTime,
  durationMs,
  name,
  input,
  agent,
  failedSpans,
}: TraceSummary): LiveTrace {
  const [title, hasFailed] = [input ?? name, failedSpans > 0]
  return { traceId, endedAt: endOf(startTime, durationMs), durationMs, title, agent: agent?.name, hasFailed }
}

const endOf = (startTime: string, durationMs: number): string =>
  new Date(Date.parse(startTime) + durationMs).toISOString()

/** Each once, as it was told first; those that ended last first. */
export function newestTraces(traces: readonly LiveTrace[]): LiveTrace[] {
  const byId = new Map<string, LiveTrace>()
  for (const trace of traces) if (!byId.has(trace.traceId)) byId.set(trace.traceId, trace)
  return [...byId.values()].sort((a, b) => (a.endedAt < b.endedAt ? 1 : -1)).slice(0, TRACES_SHOWN)
}
