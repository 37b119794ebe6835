/** Sessions that are over, for whoever judges them: a trace is of one session, and a session of the hours before it went silent. */
import type { Query } from './queries.ts'

export interface SettledSessionQuery {
  /** Sessions whose last span began in [fromUs, toUs). */
  fromUs: number
  toUs: number
  /** Of what was stored by then alone: whoever asks again is told the same, whatever came since. */
  storedBeforeMs: number
  limit: number
}

export interface SettledSession {
  sessionId: string
  /** By when they began; of more than `MAX_SESSION_TRACES` these and one more, which tells that it is cut. */
  traceIds: string[]
}

export const MAX_SESSION_TRACES = 200
/** What of a session began longer than this before the window is left out of it. */
const LONGEST_SESSION_US = 24 * 3_600_000_000

/** In an order that has nothing to do with time, so that a limit takes an even sample. */
export function settledSessionsQuery(database: string, tenant: string, query: SettledSessionQuery): Query {
  const micro = (name: string): string => `fromUnixTimestamp64Micro({${name}:Int64}, 'UTC')`
  return {
    query: `SELECT session, arrayMap(one -> one.2, arraySlice(arraySort(groupArray((first, trace))), 1, ${MAX_SESSION_TRACES + 1})) AS traces,
  count() OVER () AS population
FROM (
  SELECT lower(hex(trace_id)) AS trace, argMinIf(ifNull(session_id, ''), (start_time, span_id), session_id != '') AS session,
    min(start_time) AS first, max(start_time) AS last
  FROM ${database}.spans
  WHERE tenant = {tenant:String} AND start_time >= ${micro('scanFromUs')}
    AND stored_at < fromUnixTimestamp64Milli({storedBeforeMs:Int64}, 'UTC')
  GROUP BY trace_id HAVING session != ''
)
GROUP BY session HAVING max(last) >= ${micro('fromUs')} AND max(last) < ${micro('toUs')}
ORDER BY cityHash64(session) LIMIT {limit:UInt32}`,
    query_params: { tenant, scanFromUs: Math.max(0, query.fromUs - LONGEST_SESSION_US), ...query },
  }
}
