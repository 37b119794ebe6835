/** How an eval went over time: verdicts by steps of when their subjects began. */
import { LIVE, type Query, SUBJECT } from './queries.ts'
import { SCORE_SUMS, type StoredWeights, VERDICT_SUMS, weightsFromRow } from './result-history.ts'
import { countsFromRow } from './search.ts'
import type { SeriesLabel, SeriesQuery, SeriesRow, TrendQuery, TrendRow } from './search-port.ts'

interface StoredCounts {
  pass: number | string
  fail: number | string
  unknown: number | string
  error: number | string
}

export interface StoredSeriesRow extends StoredCounts, StoredWeights {
  start_s: number | string
  measure: string
  label: string
  scores: number | string
}

const COUNTS = `countIf(latest = 'pass') AS pass, countIf(latest = 'fail') AS fail,
  countIf(latest = 'unknown') AS unknown, countIf(latest = 'error') AS error`
const WITHIN =
  "subject_time >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND subject_time < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')"

const COLUMNS: Readonly<Record<SeriesLabel, string>> = {
  agent: 'agent_name',
  version: 'agent_version',
  env: 'env',
  model: 'judge_model',
}

export function seriesQuery(database: string, tenant: string, series: SeriesQuery): Query {
  const label = series.by === undefined ? "''" : `argMax(ifNull(${COLUMNS[series.by]}, ''), (revision, evaluated_at))`
  return {
    query: `SELECT start_s, measure, label, ${COUNTS}, count(score_of) AS scores, ${VERDICT_SUMS('latest')},
  ${SCORE_SUMS('score_of')}
FROM (
  SELECT intDiv(toUnixTimestamp(any(subject_time)), {stepS:UInt32}) * {stepS:UInt32} AS start_s,
    argMax(verdict, (revision, evaluated_at)) AS latest, toString(argMax(measure_hash, (revision, evaluated_at))) AS measure,
    argMax(score, (revision, evaluated_at)) AS score_of, 1 / greatest(argMax(inclusion_probability, (revision, evaluated_at)), 1e-9) AS weight, toString(${label}) AS label
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND eval_id = {evalId:String} AND ${LIVE}
    AND ${WITHIN}
  GROUP BY ${SUBJECT}
) GROUP BY start_s, measure, label ORDER BY start_s, measure, label`,
    settings: 'optimize_aggregation_in_order = 1',
    query_params: {
      tenant,
      evalId: series.evalId,
      fromMs: series.fromMs,
      toMs: series.toMs,
      stepS: Math.max(1, Math.round(series.stepMs / 1_000)),
    },
  }
}

export const seriesFromRow = (row: StoredSeriesRow): SeriesRow => ({
  startMs: Number(row.start_s) * 1_000,
  measureHash: row.measure,
  label: row.label,
  counts: countsFromRow(row),
  scores: Number(row.scores),
  weighted: weightsFromRow(row),
})

export interface StoredTrendRow extends StoredCounts {
  eval: string
  measure: string
  start_s: number | string
}

/** As a series, of all evals at once and without their scores. */
export function trendsQuery(database: string, tenant: string, { fromMs, toMs, stepMs }: TrendQuery): Query {
  return {
    query: `SELECT toString(eval_id) AS eval, measure, start_s, ${COUNTS}
FROM (
  SELECT eval_id, intDiv(toUnixTimestamp(any(subject_time)), {stepS:UInt32}) * {stepS:UInt32} AS start_s,
    argMax(verdict, (revision, evaluated_at)) AS latest, toString(argMax(measure_hash, (revision, evaluated_at))) AS measure
  FROM ${database}.results
  WHERE tenant = {tenant:String} AND ${LIVE} AND ${WITHIN}
  GROUP BY ${SUBJECT}
) GROUP BY eval_id, measure, start_s ORDER BY eval_id, start_s, measure`,
    settings: 'optimize_aggregation_in_order = 1',
    query_params: { tenant, fromMs, toMs, stepS: Math.max(1, Math.round(stepMs / 1_000)) },
  }
}

export const trendFromRow = (row: StoredTrendRow): TrendRow => ({
  evalId: row.eval,
  measureHash: row.measure,
  startMs: Number(row.start_s) * 1_000,
  counts: countsFromRow(row),
})
