/** What an eval's results were, hour by hour and part of the traffic: what alerts on changes and anomalies compare with. */
import { LIVE, type Query } from './queries.ts'

export interface HistoryQuery {
  evalId: string
  measureHash: string
  fromMs: number
  toMs: number
  /** Length of a step; steps begin at multiples of it since the epoch. */
  stepMs: number
  /** How many of these scores fall into each bin, too; a bin is `growth` times as wide as the one before it. */
  bins: { growth: number; offset: number; scale: number } | null
}

export interface HistoryRow {
  startMs: number
  agentName: string | undefined
  env: string | undefined
  counts: { pass: number; fail: number; unknown: number; error: number }
  /** As results carry them. */
  scores: { count: number; sum: number; sumSquares: number }
  /** Index and count. */
  bins: [number, number][]
}

const MAX_ROWS = 100_000

/**
 * Each subject once, by its first settled verdict and when it was given: as the alerts saw it. A stand-in's scores are in it, which are few.
 */
export function historyQuery(database: string, tenant: string, query: HistoryQuery): Query {
  const { evalId, measureHash, fromMs, toMs, stepMs, bins } = query
  const scaled = 'assumeNotNull(score) * {scale:Float64}'
  const index = `toInt32(if(${scaled} = 0, 0, sign(${scaled}) * greatest(1, floor(log(abs(${scaled})) / {growth:Float64}) + {offset:Int32})))`
  const binned = bins === null ? 'map()' : `sumMapIf(map(${index}, toUInt64(1)), isNotNull(score))`
  return {
    query: `SELECT intDiv(at_ms, {stepMs:Int64}) * {stepMs:Int64} AS start_ms, agent_name, env_name,
  countIf(verdict = 'pass') AS pass, countIf(verdict = 'fail') AS fail, countIf(verdict = 'unknown') AS unknown, countIf(verdict = 'error') AS error,
  count(score) AS scores, sum(score) AS score_sum, sum(score * score) AS score_squares${bins === null ? '' : `, toJSONString(${binned}) AS bins`}
FROM (
  SELECT trace_id, span_id, run_id, min(toUnixTimestamp64Milli(evaluated_at)) AS at_ms, any(toString(verdict)) AS verdict,
    any(toNullable(score)) AS score, any(toNullable(agent_name)) AS agent_name, any(toNullable(env)) AS env_name
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND eval_id = {evalId:String} AND measure_hash = {measureHash:String} AND revision = 1 AND ${LIVE} AND drawn_for = ''
    AND evaluated_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  GROUP BY trace_id, span_id, run_id
)
GROUP BY start_ms, agent_name, env_name ORDER BY start_ms, agent_name, env_name LIMIT ${MAX_ROWS}`,
    query_params: { tenant, evalId, measureHash, fromMs, toMs, stepMs, ...(bins !== null && bins) },
  }
}

export interface StoredHistoryRow {
  start_ms: number | string
  agent_name: string | null
  env_name: string | null
  pass: number | string
  fail: number | string
  unknown: number | string
  error: number | string
  scores: number | string
  score_sum: number | null
  score_squares: number | null
  bins?: string
}

export function historyFromRow(row: StoredHistoryRow): HistoryRow {
  const bins = row.bins === undefined ? {} : (JSON.parse(row.bins) as Record<string, number | string>)
  return {
    startMs: Number(row.start_ms),
    agentName: row.agent_name === null || row.agent_name === '' ? undefined : row.agent_name,
    env: row.env_name === null || row.env_name === '' ? undefined : row.env_name,
    counts: { pass: Number(row.pass), fail: Number(row.fail), unknown: Number(row.unknown), error: Number(row.error) },
    scores: { count: Number(row.scores), sum: row.score_sum ?? 0, sumSquares: row.score_squares ?? 0 },
    bins: Object.entries(bins).map(([index, count]) => [Number(index), Number(count)]),
  }
}
