/** What runs look at: traces, and sessions of traces, as expressions see them. */
import { viewSession } from '../../engine/evaluate/session-view.ts'
import type { TraceView } from '../../engine/evaluate/subject.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import type { Span } from '../../engine/model/span.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { MAX_SESSION_TRACES } from '../../storage/traces/sessions.ts'

/** A trace, or a session under the id of its first trace. */
export interface Unit {
  readonly traceId: string
  /** Of a session: its traces, the first one too. */
  readonly traces?: readonly string[] | undefined
}

/** As many as the store gives at once. */
const TRACES_AT_ONCE = 200

/**
 * All of them, part by part: as `readUnits` gives them, those together that are near to each other in the store, which keeps traces by their
 * ids. While a part is looked at the next one is read; no more than the two are in memory.
 */
export async function* unitsInParts(
  traces: Pick<TracesStore, 'getTraces'>,
  tenant: string,
  units: readonly Unit[],
): AsyncGenerator<ReadonlyMap<string, TraceView>> {
  const ordered = units.toSorted((a, b) => (a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0))
  const read = (from: number): Promise<Map<string, TraceView>> =>
    readUnits(traces, tenant, ordered.slice(from, from + TRACES_AT_ONCE))
  let next = read(0)
  for (let from = TRACES_AT_ONCE; ; from += TRACES_AT_ONCE) {
    const views = await next
    if (from >= ordered.length) {
      yield views
      return
    }
    next = read(from)
    // It is told when its turn comes; none comes where looking at this part fails.
    next.catch(() => {})
    yield views
  }
}

/** By the unit's trace; one of which nothing is stored has no entry. */
export async function readUnits(
  traces: Pick<TracesStore, 'getTraces'>,
  tenant: string,
  units: readonly Unit[],
): Promise<Map<string, TraceView>> {
  const ids = [...new Set(units.flatMap((unit) => unit.traces?.slice(0, MAX_SESSION_TRACES) ?? [unit.traceId]))]
  const found = new Map<string, Span[]>()
  for (let from = 0; from < ids.length; from += TRACES_AT_ONCE)
    for (const [traceId, spans] of await traces.getTraces(tenant, ids.slice(from, from + TRACES_AT_ONCE)))
      found.set(traceId, spans)
  const views = new Map<string, TraceView>()
  for (const { traceId, traces: own } of units) {
    const spans = (own ?? [traceId]).flatMap((id) => found.get(id) ?? [])
    if (spans.length === 0) continue
    views.set(
      traceId,
      own === undefined
        ? viewTrace(tenant, traceId, spans)
        : viewSession(tenant, traceId, spans, own.length > MAX_SESSION_TRACES),
    )
  }
  return views
}
