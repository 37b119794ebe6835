/** Sessions as they are listed, in two steps: which were seen last, and then what they were. */
import { amongTexts, hexOf, type Query } from './queries.ts'
import { IS_CALL, micro, startUs } from './search.ts'
import type { SessionSearch, SessionSummary } from './search-port.ts'

export interface FoundSession {
  session: string
}

export interface SessionRow {
  session: string
  first_us: number | string
  last_us: number | string
  traces: number | string
  failed: number | string
  user: string | null
  agent: string | null
  tokens_in: number | string
  tokens_out: number | string
  cost: number | string | null
}

const WITHIN = `tenant = {tenant:String} AND start_time >= ${micro('fromUs')} AND start_time < ${micro('toUs')}`

/** The last seen first. */
export function lastSessionsQuery(database: string, tenant: string, search: SessionSearch): Query {
  const params: Query['query_params'] = { tenant, fromUs: search.fromUs, toUs: search.toUs, limit: search.limit }
  const having: string[] = []
  for (const [name, column] of [
    ['user', 'user_id'],
    ['agent', 'agent_name'],
  ] as const) {
    const value = search[name]
    if (value === undefined) continue
    params[name] = value
    having.push(`countIf(${column} = {${name}:String}) > 0`)
  }
  if (search.session !== undefined) params.session = search.session
  const which = search.session === undefined ? "session_id != ''" : 'session_id = {session:String}'
  if (search.after !== undefined) {
    params.afterUs = search.after.lastUs
    params.afterSession = search.after.sessionId
    having.push(`(-${startUs('max(start_time)')}, session_id) > (-{afterUs:Int64}, {afterSession:String})`)
  }
  return {
    query: `SELECT session_id AS session FROM ${database}.spans WHERE ${WITHIN} AND ${which}
GROUP BY session_id ${having.length > 0 ? `HAVING ${having.join(' AND ')}` : ''}
ORDER BY max(start_time) DESC, session LIMIT {limit:UInt32}`,
    query_params: params,
  }
}

/** Tokens and cost are of the spans that name the session. */
export function sessionsQuery(
  database: string,
  tenant: string,
  { fromUs, toUs }: SessionSearch,
  found: readonly FoundSession[],
): Query {
  return {
    query: `SELECT session_id AS session, ${startUs('min(start_time)')} AS first_us, ${startUs('max(start_time)')} AS last_us,
  uniqExact(trace_id) AS traces, uniqExactIf((trace_id, span_id), status = 'error') AS failed,
  argMin(user_id, start_time) AS user, argMin(agent_name, start_time) AS agent,
  sumIf(ifNull(tokens_input, 0), ${IS_CALL}) AS tokens_in, sumIf(ifNull(tokens_output, 0), ${IS_CALL}) AS tokens_out,
  sumIf(ifNull(cost_micro_usd, 0), ${IS_CALL}) AS cost
FROM (
  SELECT session_id, trace_id, span_id, start_time, status, user_id, agent_name, kind, tokens_input, tokens_output, cost_micro_usd
  FROM ${database}.spans
  WHERE ${WITHIN} AND ${amongTexts('session_id', 'sessions')}
  LIMIT 1 BY trace_id, span_id
) GROUP BY session_id ORDER BY last_us DESC, session`,
    query_params: { tenant, fromUs, toUs, sessions: found.map(({ session }) => hexOf(session)) },
  }
}

export const sessionFromRow = (row: SessionRow): SessionSummary => ({
  sessionId: row.session,
  firstUs: Number(row.first_us),
  lastUs: Number(row.last_us),
  traces: Number(row.traces),
  failedSpans: Number(row.failed),
  userId: row.user ?? undefined,
  agentName: row.agent ?? undefined,
  inputTokens: Number(row.tokens_in),
  outputTokens: Number(row.tokens_out),
  costMicroUsd: Number(row.cost ?? 0),
})
