/** A session as expressions see it: the spans of all of its traces, as if they were of one. */
import type { ProjectedSpan, TraceView } from './subject.ts'
import { byStart, viewTrace } from './trace-view.ts'

/**
 * `traceId`: its first trace's, under which its results stand. `spans`: at least one. The root is that of the first trace; times run
 * from the first start to the last end. `isCut`: it has traces that are not here.
 */
export function viewSession(
  tenant: string,
  traceId: string,
  spans: readonly ProjectedSpan[],
  isCut = false,
): TraceView {
  const view = viewTrace(tenant, traceId, spans)
  return isCut ? { ...view, cut: true } : view
}

/** The traces of a view, by their starts: the one that it is, or those of a session. */
export function tracesIn({ tenant, traceId, spans }: TraceView): TraceView[] {
  const byTrace = Map.groupBy(spans, (span) => span.traceId)
  return [...byTrace]
    .map(([id, own]) => viewTrace(tenant, byTrace.size === 1 ? traceId : id, own))
    .sort((a, b) => a.startTimeUs - b.startTimeUs || (a.traceId < b.traceId ? -1 : 1))
}

/** What stands of sessions in traces of which all is at hand: by session, each trace once, by their starts. A trace is of the session that it names first. */
export function sessionsOf(traces: Iterable<readonly ProjectedSpan[]>): Map<string, string[]> {
  const found = [...traces].flatMap((spans) => {
    const named = [...spans].sort(byStart).find(({ sessionId }) => sessionId !== undefined && sessionId !== '')
    const startUs = spans.reduce((first, { startTimeUs }) => Math.min(first, startTimeUs), Number.POSITIVE_INFINITY)
    return named === undefined ? [] : [{ sessionId: named.sessionId ?? '', traceId: named.traceId, startUs }]
  })
  found.sort((a, b) => a.startUs - b.startUs || (a.traceId < b.traceId ? -1 : 1))
  const sessions = new Map<string, string[]>()
  for (const { sessionId, traceId } of found) sessions.set(sessionId, [...(sessions.get(sessionId) ?? []), traceId])
  return sessions
}
