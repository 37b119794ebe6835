/** How an eval went over time: verdicts by steps of when their subjects began. */
import { latestRows, type RowsOf, type SeveralRow } from './latest.ts'
import { LIVE, type Query } from './queries.ts'
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

export function seriesRows(tenant: string, { evalId, fromMs, toMs }: SeriesQuery): RowsOf {
  return {
    where: `tenant = {tenant:String} AND eval_id = {evalId:String} AND ${LIVE}
    AND ${WITHIN}`,
    params: { tenant, evalId, fromMs, toMs },
  }
}

export function seriesQuery(
  database: string,
  rows: RowsOf,
  { by, stepMs }: SeriesQuery,
  several: readonly SeveralRow[],
): Query {
  const columns = {
    step: 'intDiv(toUnixTimestamp(subject_time), {stepS:UInt32})',
    latest: 'verdict',
    of_measure: 'measure_hash',
    score_of: 'score',
    ...(by !== undefined && { of_label: `ifNull(${COLUMNS[by]}, '')` }),
  }
  const { table, params } = latestRows(database, rows, columns, several, '1 / greatest(inclusion_probability, 1e-9)')
  const label = by === undefined ? "''" : 'toString(of_label)'
  return {
    query: `SELECT step * {stepS:UInt32} AS start_s, toString(of_measure) AS measure, ${label} AS label,
  ${COUNTS}, count(score_of) AS scores, ${VERDICT_SUMS('latest')},
  ${SCORE_SUMS('score_of')}
FROM ${table} GROUP BY step, of_measure${by === undefined ? '' : ', of_label'} ORDER BY start_s, measure, label`,
    query_params: { ...params, stepS: Math.max(1, Math.round(stepMs / 1_000)) },
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
export const trendRows = (tenant: string, { fromMs, toMs }: TrendQuery): RowsOf => ({
  where: `tenant = {tenant:String} AND ${LIVE} AND ${WITHIN}`,
  params: { tenant, fromMs, toMs },
})

export function trendsQuery(
  database: string,
  rows: RowsOf,
  { stepMs }: TrendQuery,
  several: readonly SeveralRow[],
): Query {
  const columns = {
    of_eval: 'eval_id',
    step: 'intDiv(toUnixTimestamp(subject_time), {stepS:UInt32})',
    latest: 'verdict',
    of_measure: 'measure_hash',
  }
  const { table, params } = latestRows(database, rows, columns, several)
  return {
    query: `SELECT toString(of_eval) AS eval, toString(of_measure) AS measure, step * {stepS:UInt32} AS start_s, ${COUNTS}
FROM ${table} GROUP BY of_eval, of_measure, step ORDER BY eval, start_s, measure`,
    query_params: { ...params, stepS: Math.max(1, Math.round(stepMs / 1_000)) },
  }
}

export const trendFromRow = (row: StoredTrendRow): TrendRow => ({
  evalId: row.eval,
  measureHash: row.measure,
  startMs: Number(row.start_s) * 1_000,
  counts: countsFromRow(row),
})
