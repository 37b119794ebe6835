/** Labelled subjects as the eval sees them: traces, or the sessions that stand under them. */
import { someExpr } from '../../dsl/expr-walk.ts'
import type { Expr, OfflineEvalPlan } from '../../dsl/plan.ts'
import { viewSession } from '../../engine/evaluate/session-view.ts'
import type { TraceView } from '../../engine/evaluate/subject.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import type { Span } from '../../engine/model/span.ts'
import type { TracesStore } from '../traces/port.ts'
import { type FoundSession, sessionAround, storedSessions } from '../traces/session-around.ts'

export type LabelledTraces = Pick<TracesStore, 'getTraces' | 'searchTraces'>

/** As many as a store takes at once. */
const TRACES_AT_ONCE = 200
const SESSIONS_AT_ONCE = 8

/** What `pass` may ask about beside the score is of the subject itself. */
const ASKS_SUBJECT: ReadonlySet<Expr['op']> = new Set([
  'field',
  'trace_field',
  'attr',
  'aggregate',
  'before',
  'repeats',
  'verdict_of',
])

/** By the trace that a label names; one of which nothing is stored has no entry. */
export async function subjectViews(
  traces: LabelledTraces,
  tenant: string,
  { sample, pass }: Pick<OfflineEvalPlan, 'sample' | 'pass'>,
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, TraceView>> {
  const stored = await tracesOf(traces, tenant, traceIds)
  // Looking for sessions takes a question each.
  const isOfSessions = sample.scope.subject === 'session' && someExpr([pass], ({ op }) => ASKS_SUBJECT.has(op))
  const sessions = isOfSessions ? await sessionsAround(traces, tenant, stored) : new Map<string, FoundSession>()
  return new Map(
    [...stored].map(([traceId, spans]): [string, TraceView] => {
      const session = sessions.get(traceId)
      return [
        traceId,
        session === undefined
          ? viewTrace(tenant, traceId, spans)
          : viewSession(tenant, traceId, session.spans, session.isCut),
      ]
    }),
  )
}

/** The traces of the session that each of these is of; one that names none has no entry. As `settledSessions` has them: one more tells that it is cut. */
export async function sessionTraces(
  traces: LabelledTraces,
  tenant: string,
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await sessionsAround(traces, tenant, await tracesOf(traces, tenant, traceIds))
  return new Map(
    [...found].map(([traceId, { traceIds: own, leftOut }]) => [traceId, leftOut === null ? own : [...own, leftOut]]),
  )
}

async function tracesOf(
  traces: LabelledTraces,
  tenant: string,
  traceIds: readonly string[],
): Promise<Map<string, readonly Span[]>> {
  const ids = [...new Set(traceIds)]
  const stored = new Map<string, readonly Span[]>()
  for (let from = 0; from < ids.length; from += TRACES_AT_ONCE)
    for (const [traceId, spans] of await traces.getTraces(tenant, ids.slice(from, from + TRACES_AT_ONCE)))
      stored.set(traceId, spans)
  return stored
}

async function sessionsAround(
  traces: LabelledTraces,
  tenant: string,
  stored: ReadonlyMap<string, readonly Span[]>,
): Promise<Map<string, FoundSession>> {
  const reader = storedSessions(traces, tenant)
  const all = [...stored]
  const sessions = new Map<string, FoundSession>()
  for (let from = 0; from < all.length; from += SESSIONS_AT_ONCE)
    await Promise.all(
      all.slice(from, from + SESSIONS_AT_ONCE).map(async ([traceId, spans]) => {
        const found = await sessionAround(spans, reader)
        if (found !== null) sessions.set(traceId, found)
      }),
    )
  return sessions
}
