/** What one query may use, so that it fails rather than the server. */

export interface QueryLimits {
  readonly memoryBytes: number
  readonly seconds: number
  /** Of the answer. */
  readonly rows: number
}

/** People wait for `api` queries; `runs` read days of traces, page by page. */
export interface TracesLimits {
  readonly api: QueryLimits
  readonly runs: QueryLimits
}

export const DEFAULT_LIMITS: TracesLimits = {
  api: { memoryBytes: 2_000_000_000, seconds: 30, rows: 100_000 },
  runs: { memoryBytes: 2_000_000_000, seconds: 120, rows: 1_000_000 },
}

/** A check of the store against the log runs beside the product, once a day: it takes its time, in little memory. */
export const CHECK_LIMITS: QueryLimits = { memoryBytes: 2_000_000_000, seconds: 3_600, rows: 10_000_000 }

/** For a `SETTINGS` clause. Aggregations and sorts spill to disk at half of the memory. */
export function limitSettings({ memoryBytes, seconds, rows }: QueryLimits): string {
  const spillBytes = Math.floor(memoryBytes / 2)
  return `max_memory_usage = ${memoryBytes}, max_execution_time = ${seconds}, max_result_rows = ${rows}, result_overflow_mode = 'throw', max_bytes_before_external_group_by = ${spillBytes}, max_bytes_before_external_sort = ${spillBytes}`
}

/** A request may take longer than the longest query: what the limit says has to arrive. */
export function requestTimeoutMs({ api, runs }: TracesLimits): number {
  return (Math.max(api.seconds, runs.seconds) + 30) * 1_000
}
