/**
 * The newest results of many, in two steps: which they may be, by narrow columns, and then whole those of their traces. A row that a
 * later revision supersedes is only known in the second, so that the first may have to find more.
 */
import type { ResultFilter } from './port.ts'
import { type Query, resultsQuery, resultsWhere } from './queries.ts'
import type { ResultRow } from './result-rows.ts'

interface KeyRow {
  eval_id: string
  trace_id_hex: string
  span_id_hex: string
  run_id: string
  evaluated_at_ms: number | string
}

/** Beyond it all are read at once: hardly any of the newest counts. */
const MAX_KEYS = 4_000

export async function newestResults(
  rows: <Row>(query: Query) => Promise<Row[]>,
  database: string,
  tenant: string,
  filter: ResultFilter,
): Promise<ResultRow[]> {
  const isByTime = filter.order === undefined && filter.traceId === undefined && filter.traceIds === undefined
  for (let wanted = filter.limit * 2; isByTime && wanted <= MAX_KEYS; wanted *= 4) {
    const keys = await rows<KeyRow>(keysQuery(database, tenant, filter, wanted))
    const last = keys.at(-1)
    if (last === undefined) return []
    const found = await rows<ResultRow>(resultsQuery(database, tenant, { ...filter, limit: MAX_FOUND }, keys))
    // Behind the last of the keys there may be others, between those that their traces have too.
    const isAll = keys.length < wanted
    const known = isAll ? found : found.filter((row) => compare(row, last) <= 0)
    if (isAll || known.length >= filter.limit) return known.slice(0, filter.limit)
  }
  return rows<ResultRow>(resultsQuery(database, tenant, filter))
}

/** Of the traces of the keys, before those behind the last are left out. */
const MAX_FOUND = 100_000

/** Conditions that the latest revision has to meet are met by a row of it. */
function keysQuery(database: string, tenant: string, filter: ResultFilter, limit: number): Query {
  const { where, latest, params } = resultsWhere(tenant, filter)
  return {
    query: `SELECT eval_id, lower(hex(trace_id)) AS trace_id_hex, lower(hex(span_id)) AS span_id_hex, run_id,
  toUnixTimestamp64Milli(evaluated_at) AS evaluated_at_ms
FROM ${database}.results WHERE ${[...where, ...latest].join(' AND ')}
ORDER BY evaluated_at DESC, eval_id, trace_id, span_id, run_id LIMIT {limit:UInt32}`,
    query_params: { ...params, limit },
  }
}

/** In the order of the answer. */
function compare(a: KeyRow, b: KeyRow): number {
  const byTime = Number(b.evaluated_at_ms) - Number(a.evaluated_at_ms)
  if (byTime !== 0) return byTime
  const bytes = (row: KeyRow) =>
    [row.eval_id, row.trace_id_hex, row.span_id_hex, row.run_id].map((one) => Buffer.from(one))
  const of = bytes(b)
  return bytes(a).reduce((so, one, at) => (so !== 0 ? so : Buffer.compare(one, of[at]!)), 0)
}
