/** What an eval's results were, hour by hour and part of the traffic: what alerts on changes and anomalies compare with. */
import type { HistoryStep } from '../../engine/alerting/history.ts'
import type { WeightedTally } from '../../engine/scorecard/weighted.ts'
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
  /** Of samples whole, with sums by the inverse of each subject's probability. Without it, what was drawn evenly alone: what alerts count. */
  isWeighted?: true
}

export interface HistoryRow extends HistoryStep {
  weighted?: WeightedTally
}

const MAX_ROWS = 100_000

/** As `engine/statistics/hajek-mean.ts` takes them. */
export const SCORE_SUMS = (score: string): string =>
  `sumIf(weight, isNotNull(${score})) AS weights, sumIf(weight * weight, isNotNull(${score})) AS squares,
  sum(weight * ${score}) AS weighted_values, sum(weight * weight * ${score}) AS squared_values, sum(pow(weight * ${score}, 2)) AS squared_squares`

const VERDICTS = ['pass', 'fail', 'unknown', 'error'] as const
/** Of each verdict its sum of weights, and that of their squares. */
export const VERDICT_SUMS = (verdict: string): string =>
  VERDICTS.map(
    (one) =>
      `sumIf(weight, ${verdict} = '${one}') AS ${one}_weights, sumIf(weight * weight, ${verdict} = '${one}') AS ${one}_squares`,
  ).join(', ')
const WEIGHTED = `${VERDICT_SUMS('verdict')}, ${SCORE_SUMS('score')}`

/**
 * Each subject once, by its first settled verdict and when it was given: as the alerts saw it. A stand-in's scores are of another measure.
 */
export function historyQuery(database: string, tenant: string, query: HistoryQuery): Query {
  const { evalId, measureHash, fromMs, toMs, stepMs, bins, isWeighted = false } = query
  const scaled = 'assumeNotNull(score) * {scale:Float64}'
  const index = `toInt32(if(${scaled} = 0, 0, sign(${scaled}) * greatest(1, floor(log(abs(${scaled})) / {growth:Float64}) + {offset:Int32})))`
  const binned = bins === null ? 'map()' : `sumMapIf(map(${index}, toUInt64(1)), isNotNull(score))`
  return {
    query: `SELECT intDiv(at_ms, {stepMs:Int64}) * {stepMs:Int64} AS start_ms, agent_name, env_name,
  countIf(verdict = 'pass') AS pass, countIf(verdict = 'fail') AS fail, countIf(verdict = 'unknown') AS unknown, countIf(verdict = 'error') AS error,
  count(score) AS scores, sum(score) AS score_sum, sum(score * score) AS score_squares${bins === null ? '' : `, toJSONString(${binned}) AS bins`}${
    isWeighted
      ? `,
  ${WEIGHTED}`
      : ''
  }
FROM (
  SELECT trace_id, span_id, run_id, min(toUnixTimestamp64Milli(evaluated_at)) AS at_ms, any(toString(verdict)) AS verdict,
    any(toNullable(score)) AS score, any(toNullable(agent_name)) AS agent_name, any(toNullable(env)) AS env_name,
    1 / greatest(any(inclusion_probability), 1e-9) AS weight
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND eval_id = {evalId:String} AND measure_hash = {measureHash:String} AND revision = 1 AND ${LIVE}${isWeighted ? '' : " AND drawn_for = ''"}
    AND evaluated_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
  GROUP BY trace_id, span_id, run_id
)
GROUP BY start_ms, agent_name, env_name ORDER BY start_ms, agent_name, env_name LIMIT ${MAX_ROWS}`,
    query_params: { tenant, evalId, measureHash, fromMs, toMs, stepMs, ...(bins !== null && bins) },
  }
}

export interface StoredHistoryRow extends StoredWeights {
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

type Sum = number | null | undefined
/** What both of the above select. */
export type StoredWeights = { [K in `${(typeof VERDICTS)[number]}_${'weights' | 'squares'}`]?: Sum } & {
  weights?: Sum
  squares?: Sum
  weighted_values?: Sum
  squared_values?: Sum
  squared_squares?: Sum
}

export function weightsFromRow(row: StoredWeights): WeightedTally {
  const of = (verdict: (typeof VERDICTS)[number]) => ({
    sum: row[`${verdict}_weights`] ?? 0,
    squares: row[`${verdict}_squares`] ?? 0,
  })
  return {
    verdicts: { pass: of('pass'), fail: of('fail'), unknown: of('unknown'), error: of('error') },
    scores: {
      weights: row.weights ?? 0,
      squares: row.squares ?? 0,
      values: row.weighted_values ?? 0,
      squaredValues: row.squared_values ?? 0,
      squaredSquares: row.squared_squares ?? 0,
    },
  }
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
    ...(row.weights !== undefined && { weighted: weightsFromRow(row) }),
  }
}
