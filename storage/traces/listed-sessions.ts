/** Sessions as they are listed, in two steps: which were seen last, and then what they were. */
import { amongTexts, hexOf, LONGEST_TRACE_US, type Query } from './queries.ts'
import { DAY_AND_TRACE, daysAround, IS_CALL, micro, startUs } from './search.ts'
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

/** Of a session that is asked for by name it is known already which it is; whether it is there, `sessionsQuery` tells. */
export function namedSession({ session, user, agent, after }: SessionSearch): FoundSession[] | null {
  const isAlone = user === undefined && agent === undefined && after === undefined
  return session !== undefined && isAlone ? [{ session }] : null
}

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

/**
 * Tokens, cost and failures are of all spans of a session's traces: clients often name it on the root alone. Of a trace of several sessions
 * each has the spans that name it, and the first of them the rest. When it was is told by the spans that name it, as for `lastSessionsQuery`.
 */
export function sessionsQuery(
  database: string,
  tenant: string,
  { fromUs, toUs }: SessionSearch,
  found: readonly FoundSession[],
): Query {
  const named = `FROM ${database}.spans WHERE ${WITHIN} AND ${amongTexts('session_id', 'sessions')}`
  const sums = ['failed', 'tokens_in', 'tokens_out', 'cost'] as const
  return {
    query: `SELECT session, ${startUs('minIf(first, is_named)')} AS first_us, ${startUs('maxIf(last, is_named)')} AS last_us,
  uniqExactIf(trace_id, is_named) AS traces, argMinIf(user_of, first, is_named) AS user, argMinIf(agent_of, first, is_named) AS agent,
  ${sums.map((name) => `sum(${name}_of) AS ${name}`).join(', ')}
FROM (
  SELECT *, own != '' AND seen > 0 AS is_named,
    if(own != '', own, argMinIf(own, since, own != '') OVER (PARTITION BY trace_id)) AS session
  FROM (
    SELECT trace_id, ifNull(session_id, '') AS own, min(start_time) AS since, countIf(is_within) AS seen,
      minIf(start_time, is_within) AS first, maxIf(start_time, is_within) AS last,
      argMinIf(user_id, start_time, is_within) AS user_of, argMinIf(agent_name, start_time, is_within) AS agent_of,
      countIf(status = 'error') AS failed_of,
      sumIf(ifNull(tokens_input, 0), ${IS_CALL}) AS tokens_in_of, sumIf(ifNull(tokens_output, 0), ${IS_CALL}) AS tokens_out_of,
      sumIf(cost_micro_usd, ${IS_CALL}) AS cost_of
    FROM (
      SELECT session_id, trace_id, start_time, status, user_id, agent_name, kind, tokens_input, tokens_output, cost_micro_usd,
        start_time >= ${micro('fromUs')} AND start_time < ${micro('toUs')} AS is_within
      FROM ${database}.spans
      WHERE tenant = {tenant:String} AND start_time >= ${micro('scanFromUs')} AND start_time < ${micro('scanToUs')}
        AND ${DAY_AND_TRACE} IN (SELECT arrayJoin(${daysAround('start_time')}), trace_id ${named})
      LIMIT 1 BY trace_id, span_id
    ) GROUP BY trace_id, own
  )
) WHERE ${amongTexts('session', 'sessions')} GROUP BY session HAVING traces > 0 ORDER BY last_us DESC, session`,
    // A trace is on one shard: each looks for its own.
    settings: "distributed_product_mode = 'local'",
    query_params: {
      ...{ tenant, fromUs, toUs, sessions: found.map(({ session }) => hexOf(session)) },
      ...{ scanFromUs: Math.max(0, fromUs - LONGEST_TRACE_US), scanToUs: toUs + LONGEST_TRACE_US },
    },
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
  costMicroUsd: row.cost === null ? null : Number(row.cost),
})
