/**
 * What counts of each subject, read the fast way: nearly all have one row, which needs no grouping. Those that may have several are
 * found first, by a hash; they alone are grouped.
 */
import { JUDGED, NEWEST, type Query } from './queries.ts'

/** Equal for all rows of a subject; that others may share it costs their grouping, and nothing else. */
export const SUBJECT_KEY = 'bitXor(cityHash64(trace_id, span_id), cityHash64(eval_id))'
/** As many as a request may carry; where more have several rows, all are grouped. */
export const MAX_SEVERAL = 2_000

const OF_MEASURE = "if(run_id = '', '', toString(measure_hash))"

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
 * old one's place in a series. With `weight`, an expression too, a column of that name: what the subject stands for in all runs that judged it.
 */
export function latestRows(
  database: string,
  { where, params }: RowsOf,
  columns: Readonly<Record<string, string>>,
  several: readonly SeveralRow[],
  weight?: string,
): { table: string; params: Query['query_params'] } {
  const plain = Object.entries({ ...columns, ...(weight !== undefined && { weight }) })
    .map(([name, value]) => `${value} AS ${name}`)
    .join(', ')
  const from = `FROM ${database}.results WHERE ${where}`
  const newest = (condition: string): string =>
    weight === undefined
      ? `(SELECT ${plain} ${from}${condition} ORDER BY ${NEWEST} DESC LIMIT 1 BY ${JUDGED}, ${OF_MEASURE})`
      : weighed(columns, weight, `${from}${condition}`)
  if (several.length === 0) return { table: `(SELECT ${plain} ${from})`, params }
  if (several.length > MAX_SEVERAL) return { table: newest(''), params }
  const keys = `(SELECT toUInt64(arrayJoin({several:Array(String)})))`
  return {
    table: `(SELECT ${plain} ${from} AND ${SUBJECT_KEY} NOT IN ${keys} UNION ALL ${newest(` AND ${SUBJECT_KEY} IN ${keys}`)})`,
    params: { ...params, several: several.map(({ h }) => h) },
  }
}

/**
 * Each run drew for itself, so that a subject has as many chances to be here as there were runs: the newest run's weight alone would have the
 * likely ones, which other runs drew too, stand for too many. Summed over the runs, each subject is expected to weigh as much as any other. A run
 * that could not ask adds nothing to what others said.
 */
function weighed(columns: Readonly<Record<string, string>>, weight: string, from: string): string {
  const names = Object.keys(columns)
  const isJudgement = 'tupleElement(newest, 1)'
  // One maximum of all columns: of each alone it takes thrice the time.
  return `(SELECT ${names.map((name, i) => `tupleElement(latest_run, ${i + 1}) AS ${name}`).join(', ')}, weight FROM (
  SELECT argMax(of_run, newest) AS latest_run, if(max(${isJudgement}), sumIf(run_weight, ${isJudgement}), sum(run_weight)) AS weight
  FROM (
    SELECT ${JUDGED}, ${OF_MEASURE} AS one_measure, tuple(${Object.values(columns).join(', ')}) AS of_run, ${weight} AS run_weight, ${NEWEST} AS newest
    ${from} ORDER BY newest DESC LIMIT 1 BY ${JUDGED}, one_measure, run_id
  ) GROUP BY ${JUDGED}, one_measure
))`
}
