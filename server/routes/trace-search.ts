import { z } from 'zod'
import { rfc3339FromUs } from '../../engine/model/span-json.ts'
import { LONGEST_TRACE_US } from '../../storage/traces/queries.ts'
import type {
  SessionCursor,
  SessionSearch,
  SessionSummary,
  TraceCursor,
  TraceSearch,
  TraceSummary,
} from '../../storage/traces/search-port.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { cursorParameter, pageOf, timeSchema } from '../cursor.ts'
import { parameter } from '../parameter.ts'
import { evalIdSchema, momentSchema, verdictParameter } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import { measuresOf, resultToJson } from '../result-json.ts'
import type { SessionJson, SessionResponse, SessionsResponse, TraceSummaryJson, TracesResponse } from '../schemas.ts'
import { usdOf } from '../usd.ts'

const DAY_MS = 86_400_000
const MAX_PAGE = 200

const text = z.string().min(1).max(500)
const limitSchema = parameter(`a whole number from 1 to ${MAX_PAGE}`, (given) => {
  const limit = /^\d{1,9}$/.test(given) ? Number(given) : 0
  return limit >= 1 && limit <= MAX_PAGE ? limit : null
}).default(50)
const amount = (what: string) =>
  parameter(what, (given) => (/^\d{1,12}(?:\.\d{1,9})?$/.test(given) ? Number(given) : null)).optional()
const cursorSchema = parameter('a cursor: what `next` was', (given): TraceCursor | null => {
  const [, startUs, traceId] = /^(\d{1,17})-([0-9a-f]{32})$/.exec(given) ?? []
  return startUs === undefined || traceId === undefined ? null : { startUs: Number(startUs), traceId }
})

/** Query of `GET /v1/traces`. */
export const traceSearchQuerySchema = (nowMs: number) =>
  z.strictObject({
    since: momentSchema(nowMs).optional(),
    until: momentSchema(nowMs).optional(),
    agent: text.optional(),
    version: text.optional(),
    env: text.optional(),
    session: text.optional(),
    user: text.optional(),
    model: text.optional(),
    tool: text.optional(),
    status: z.enum(['ok', 'error'], 'must be ok or error').optional(),
    minMs: amount('milliseconds'),
    maxMs: amount('milliseconds'),
    minUsd: amount('an amount such as 0.25'),
    eval: evalIdSchema.optional(),
    verdict: verdictParameter.optional(),
    text: text.optional(),
    after: cursorSchema.optional(),
    limit: limitSchema,
  })

const sessionPlaceSchema = z
  .tuple([timeSchema, z.string()])
  .transform(([lastUs, sessionId]): SessionCursor => ({ lastUs, sessionId }))

/** Query of `GET /v1/sessions`. */
export const sessionsQuerySchema = (nowMs: number) =>
  z.strictObject({
    since: momentSchema(nowMs).optional(),
    until: momentSchema(nowMs).optional(),
    user: text.optional(),
    agent: text.optional(),
    after: cursorParameter(sessionPlaceSchema),
    limit: limitSchema,
  })

const SESSION_DAYS = 30
const MAX_SESSION_RESULTS = 200

/** Query of `GET /v1/sessions/{session}`: which of its traces. */
export const sessionQuerySchema = (nowMs: number) =>
  z.strictObject({
    since: momentSchema(nowMs).optional(),
    until: momentSchema(nowMs).optional(),
    after: cursorSchema.optional(),
    limit: limitSchema,
  })

/** Traces and sessions of a window, a day without one; a session by itself of thirty. */
export function traceSearchRoutes(app: ApiApp, { traces, definitions, nowMs }: ApiContext): void {
  app.get('/v1/traces', async (context) => {
    const schema = traceSearchQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { since, until, minMs, maxMs, minUsd, eval: evalId, limit, ...same } = parsed.data
    const window = windowOf(since, until, nowMs())
    if (window === null) return problem(context, 400, 'since: is not before until')
    const given: Partial<TraceSearch> = {
      ...same,
      minDurationMs: minMs,
      maxDurationMs: maxMs,
      minCostMicroUsd: minUsd === undefined ? undefined : minUsd * 1e6,
      evalId,
    } as Partial<TraceSearch>
    const search: TraceSearch = { ...window, ...withoutUndefined(given), limit: limit + 1 }
    const found = await traces.searchTraces(context.var.principal.tenant, search)
    const body: TracesResponse = pageOfTraces(found, limit)
    return context.json(body)
  })

  app.get('/v1/sessions', async (context) => {
    const schema = sessionsQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { since, until, limit, ...same } = parsed.data
    const window = windowOf(since, until, nowMs())
    if (window === null) return problem(context, 400, 'since: is not before until')
    const search: SessionSearch = { ...window, ...withoutUndefined(same as Partial<SessionSearch>), limit: limit + 1 }
    const found = await traces.listSessions(context.var.principal.tenant, search)
    const { shown, next } = pageOf(found, limit, ({ lastUs, sessionId }) => [lastUs, sessionId])
    const body: SessionsResponse = { sessions: shown.map(sessionToJson), ...next }
    return context.json(body)
  })

  app.get('/v1/sessions/:session', async (context) => {
    const schema = sessionQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const id = text.safeParse(context.req.param('session'))
    if (!id.success) return problem(context, 400, 'session: is longer than 500 characters')
    const session = id.data
    const { since, until, after, limit } = parsed.data
    const window = windowOf(since, until, nowMs(), SESSION_DAYS)
    if (window === null) return problem(context, 400, 'since: is not before until')
    const { tenant } = context.var.principal
    const [one] = await traces.listSessions(tenant, { ...window, session, limit: 1 })
    if (one === undefined) return problem(context, 404, `there is no session ${JSON.stringify(session)} in this time`)
    // No more is looked through than the session takes: the window may be of years.
    const search: TraceSearch = {
      fromUs: Math.max(window.fromUs, one.firstUs - LONGEST_TRACE_US),
      toUs: Math.min(window.toUs, one.lastUs + 1),
      ...{ session, ...(after !== undefined && { after }), limit: limit + 1 },
    }
    const page = pageOfTraces(await traces.searchTraces(tenant, search), limit)
    const results = await traces.queryResults(tenant, {
      traceIds: page.traces.map(({ traceId }) => traceId),
      subjectKind: 'session',
      limit: MAX_SESSION_RESULTS,
    })
    const measureOf = measuresOf(definitions.current(tenant).plan)
    const body: SessionResponse = {
      ...page,
      session: sessionToJson(one),
      results: results.map((result) => resultToJson(result, measureOf)),
    }
    return context.json(body)
  })
}

function pageOfTraces(found: readonly TraceSummary[], limit: number): TracesResponse {
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return {
    traces: shown.map(summaryToJson),
    ...(found.length > limit && last !== undefined && { next: `${last.startUs}-${last.traceId}` }),
  }
}

/** Clocks of senders may be ahead: without `until` the window is open. */
const AHEAD_MS = DAY_MS

function windowOf(since: number | undefined, until: number | undefined, nowMs: number, days = 1) {
  const toMs = until ?? nowMs + AHEAD_MS
  const fromMs = since ?? Math.min(toMs, nowMs) - days * DAY_MS
  return fromMs < toMs ? { fromUs: Math.round(fromMs * 1_000), toUs: Math.round(toMs * 1_000) } : null
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}

function summaryToJson(one: TraceSummary): TraceSummaryJson {
  const { agentName, agentVersion, env, sessionId, userId, input, output } = one
  return {
    traceId: one.traceId,
    startTime: rfc3339FromUs(one.startUs),
    durationMs: one.durationMs,
    name: one.name,
    spans: one.spans,
    failedSpans: one.failedSpans,
    llmCalls: one.llmCalls,
    toolCalls: one.toolCalls,
    ...((agentName !== undefined || agentVersion !== undefined) && {
      agent: {
        ...(agentName !== undefined && { name: agentName }),
        ...(agentVersion !== undefined && { version: agentVersion }),
      },
    }),
    ...(env !== undefined && { env }),
    ...(sessionId !== undefined && { session: sessionId }),
    ...(userId !== undefined && { user: userId }),
    models: [...one.models],
    inputTokens: one.inputTokens,
    outputTokens: one.outputTokens,
    costUsd: usdOf(one.costMicroUsd),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    verdicts: one.verdicts,
    failedEvals: [...one.failedEvals],
  }
}

function sessionToJson(one: SessionSummary): SessionJson {
  return {
    session: one.sessionId,
    firstSeen: rfc3339FromUs(one.firstUs),
    lastSeen: rfc3339FromUs(one.lastUs),
    traces: one.traces,
    failedSpans: one.failedSpans,
    ...(one.userId !== undefined && { user: one.userId }),
    ...(one.agentName !== undefined && { agent: one.agentName }),
    inputTokens: one.inputTokens,
    outputTokens: one.outputTokens,
    costUsd: usdOf(one.costMicroUsd),
  }
}
