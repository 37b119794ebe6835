/** Subjects on which a judge is worth most: what an online eval in force failed, and what a panel of judges disagreed on. */
import { LIVE, type Query, SUBJECT } from './queries.ts'

export interface FlaggedQuery {
  /** Subjects that began in [fromUs, toUs). */
  fromUs: number
  toUs: number
  /** By what was said by then alone: whoever asks again is told the same. */
  evaluatedBeforeMs: number
}

export interface FlaggedSubject {
  traceId: string
  /** Empty for a trace. */
  spanId: string
}

const MAX_FLAGGED = 200_000
/** As `evidence` has a panel's spread, see `result-columns.ts`. */
const PANEL_DISAGREED = `position(evidence, '"about":"panel","verdict":"disagree"') > 0`

/** The latest revision of each says. */
export function flaggedQuery(database: string, tenant: string, query: FlaggedQuery): Query {
  return {
    query: `SELECT DISTINCT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span FROM (
  SELECT trace_id, span_id, run_id = '' AND argMax(verdict, (revision, evaluated_at)) = 'fail' AS has_failed,
    argMax(${PANEL_DISAGREED}, (revision, evaluated_at)) AS is_disputed
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND mode = 'live' AND ${LIVE}
    AND subject_time >= fromUnixTimestamp64Micro({fromUs:Int64}, 'UTC') AND subject_time < fromUnixTimestamp64Micro({toUs:Int64}, 'UTC')
    AND evaluated_at < fromUnixTimestamp64Milli({evaluatedBeforeMs:Int64}, 'UTC')
  GROUP BY ${SUBJECT}
) WHERE has_failed OR is_disputed ORDER BY trace, span LIMIT ${MAX_FLAGGED}`,
    query_params: { tenant, ...query, fromUs: Math.max(0, query.fromUs) },
  }
}
