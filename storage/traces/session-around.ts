/** The session that a trace is of, for whoever asks about one that was judged or will be. */
import { sessionsOf } from '../../engine/evaluate/session-view.ts'
import type { Span } from '../../engine/model/span.ts'
import type { TracesStore } from './port.ts'
import type { TraceCursor } from './search-port.ts'
import { MAX_SESSION_TRACES } from './sessions.ts'

export interface SessionReader {
  /** Of traces with a span that names the session and that began in [fromUs, toUs), in any order. */
  idsOf(sessionId: string, window: { fromUs: number; toUs: number }): Promise<readonly string[]>
  spansOf(traceIds: readonly string[]): Promise<ReadonlyMap<string, readonly Span[]>>
}

export interface FoundSession {
  readonly sessionId: string
  /** By when they began, as many as a run looks at; at least one. */
  readonly traceIds: readonly string[]
  readonly spans: readonly Span[]
  /** It has more of them, */
  readonly isCut: boolean
  /** of which this is the first. */
  readonly leftOut: string | null
}

/** A run looks back so far from when a session went silent. */
const AROUND_US = 24 * 3_600_000_000

/** `spans`: of the trace, at least one. Null where they name no session. */
export async function sessionAround(spans: readonly Span[], reader: SessionReader): Promise<FoundSession | null> {
  const [named] = sessionsOf([spans])
  if (named === undefined) return null
  const [sessionId] = named
  const startUs = spans.reduce((first, span) => Math.min(first, span.startTimeUs), Number.POSITIVE_INFINITY)
  const window = { fromUs: Math.max(0, startUs - AROUND_US), toUs: startUs + AROUND_US }
  const found = await reader.spansOf(await reader.idsOf(sessionId, window))
  const all = sessionsOf(found.values()).get(sessionId) ?? []
  const traceIds = all.slice(0, MAX_SESSION_TRACES)
  return {
    sessionId,
    traceIds,
    spans: traceIds.flatMap((id) => [...(found.get(id) ?? [])]),
    isCut: all.length > MAX_SESSION_TRACES,
    leftOut: all[MAX_SESSION_TRACES] ?? null,
  }
}

/** As many as a store takes and gives at once. */
const AT_ONCE = 200
/** A session of more is cut, whichever they are. */
export const MAX_TRACES_READ = 1_000

/** Of what is stored. */
export function storedSessions(traces: Pick<TracesStore, 'searchTraces' | 'getTraces'>, tenant: string): SessionReader {
  return {
    async idsOf(session, window) {
      const ids: string[] = []
      for (let after: TraceCursor | undefined; ids.length < MAX_TRACES_READ; ) {
        const page = await traces.searchTraces(tenant, {
          ...window,
          session,
          ...(after !== undefined && { after }),
          limit: AT_ONCE,
        })
        ids.push(...page.map(({ traceId }) => traceId))
        after = page.at(-1)
        if (page.length < AT_ONCE) break
      }
      return ids
    },
    async spansOf(traceIds) {
      const found = new Map<string, readonly Span[]>()
      for (let from = 0; from < traceIds.length; from += AT_ONCE)
        for (const [traceId, spans] of await traces.getTraces(tenant, traceIds.slice(from, from + AT_ONCE)))
          found.set(traceId, spans)
      return found
    },
  }
}
