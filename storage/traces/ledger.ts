/** The verdicts of each eval, counted: of each subject the latest. */
import { latestRows, type RowsOf, type SeveralRow } from './latest.ts'
import { LIVE, type Query } from './queries.ts'

export interface LedgerCounts {
  eval_id: string
  measure: string
  pass: number | string
  fail: number | string
  unknown: number | string
  error: number | string
}

export function ledgerRows(tenant: string, sinceMs: number | undefined): RowsOf {
  const since = sinceMs === undefined ? '' : `AND evaluated_at >= fromUnixTimestamp64Milli({sinceMs:Int64}, 'UTC')`
  return {
    where: `tenant = {tenant:String} AND ${LIVE} ${since}`,
    params: sinceMs === undefined ? { tenant } : { tenant, sinceMs },
  }
}

export function ledgerQuery(database: string, rows: RowsOf, several: readonly SeveralRow[]): Query {
  const columns = { eval: 'eval_id', latest: 'verdict', measure: 'measure_hash' }
  const { table, params } = latestRows(database, rows, columns, several)
  return {
    query: `SELECT eval AS eval_id, measure, countIf(latest = 'pass') AS pass, countIf(latest = 'fail') AS fail,
  countIf(latest = 'unknown') AS unknown, countIf(latest = 'error') AS error
FROM ${table} GROUP BY eval, measure ORDER BY eval, measure`,
    query_params: params,
  }
}
