/**
 * What counts of each subject, read the fast way: nearly all have one row, which needs no grouping. Those that may have several are
 * found first, by a hash; they alone are grouped.
 */
import { JUDGED, NEWEST, type Query } from './queries.ts'

/** Equal for all rows of a subject; that others may share it costs their grouping, and nothing else. */
export const SUBJECT_KEY = 'bitXor(cityHash64(trace_id, span_id), cityHash64(eval_id))'
/** As many as a request may carry; where more have several rows, all are grouped. */
export const MAX_SEVERAL = 2_000

const ONE = `${JUDGED}, if(run_id = '', '', toString(measure_hash))`

export interface SeveralRow {
  h: string
}

/** Which rows: a condition, with its parameters. */
export interface RowsOf {
  readonly where: string
  readonly params: Query['query_params']
}

/** Keys of subjects with several rows, one more than `MAX_SEVERAL` at the most. */
export function severalQuery(database: string, { where, params }: RowsOf, subject = SUBJECT_KEY): Query {
  return {
    query: `SELECT toString(key) AS h FROM (
  SELECT ${subject} AS key FROM ${database}.results WHERE ${where} GROUP BY key HAVING count() > 1 LIMIT ${MAX_SEVERAL + 1}
)`,
    query_params: params,
  }
}

/**
 * A table of one row a subject, for a `FROM`: `columns` by name are expressions over a row, of the latest. `several`: as
 * `severalQuery` found them. Judged by several runs a subject is one still, of each measure: what a new rubric says of a trace does not take the
 * old one's place in a series.
 */
export function latestRows(
  database: string,
  { where, params }: RowsOf,
  columns: Readonly<Record<string, string>>,
  several: readonly SeveralRow[],
): { table: string; params: Query['query_params'] } {
  const named = Object.entries(columns)
  const plain = named.map(([name, value]) => `${value} AS ${name}`).join(', ')
  const latest = named.map(([name, value]) => `argMax(${value}, ${NEWEST}) AS ${name}`).join(', ')
  const from = `FROM ${database}.results WHERE ${where}`
  const grouped = `SELECT ${latest} ${from}`
  if (several.length === 0) return { table: `(SELECT ${plain} ${from})`, params }
  if (several.length > MAX_SEVERAL) return { table: `(${grouped} GROUP BY ${ONE})`, params }
  const keys = `(SELECT toUInt64(arrayJoin({several:Array(String)})))`
  return {
    table: `(SELECT ${plain} ${from} AND ${SUBJECT_KEY} NOT IN ${keys} UNION ALL ${grouped} AND ${SUBJECT_KEY} IN ${keys} GROUP BY ${ONE})`,
    params: { ...params, several: several.map(({ h }) => h) },
  }
}
