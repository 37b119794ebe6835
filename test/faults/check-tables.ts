/** Rows that stand for the same span or result: before ClickHouse has merged, which it does at its own time, and after. */

export interface TableCounts {
  readonly rows: number
  readonly distinct: number
}

const KEYS = {
  spans: 'tenant, trace_id, span_id',
  results: 'tenant, eval_id, trace_id, span_id, subject_kind, run_id, revision',
} as const
export type Table = keyof typeof KEYS

const LIMIT_MS = 300_000

export async function countRows(url: string, table: Table): Promise<TableCounts> {
  const text = await ask(url, `SELECT count(), uniqExact(${KEYS[table]}) FROM assay.${table} FORMAT TabSeparated`)
  const [rows = 0, distinct = 0] = text.split('\t').map(Number)
  return { rows, distinct }
}

/** Merges a table to its end. */
export async function mergeAll(url: string, table: Table): Promise<void> {
  await ask(url, `OPTIMIZE TABLE assay.${table} FINAL`)
}

/** ClickHouse itself, past every query of the product. */
export async function ask(url: string, query: string): Promise<string> {
  const answer = await fetch(url, { method: 'POST', body: query, signal: AbortSignal.timeout(LIMIT_MS) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text.trim()
}
