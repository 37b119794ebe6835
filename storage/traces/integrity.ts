/**
 * What `assay verify` asks of the store, over all tenants. The counts are one pass over two narrow columns; rows themselves are looked
 * at only where the counts differ.
 */
import type { ClickHouseClient } from '@clickhouse/client'
import type { SpanMessages } from '../../engine/conventions/span-messages.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { TracesTable } from './encode.ts'
import { CHECK_LIMITS, limitSettings } from './limits.ts'
import { LONGEST_TRACE_US, type Query } from './queries.ts'
import { deletedAt, timeColumnOf, ttlInDefinition } from './retention.ts'
import { idFromHex } from './stored-id.ts'

/** Offsets [from, to) of a partition. */
export interface OffsetRange {
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** So many offsets of `range` from `from` on have rows. */
export interface StoredRecords {
  readonly partition: number
  readonly from: number
  readonly records: number
}

export interface OrphanResult {
  readonly tenant: string
  readonly evalId: string
  readonly traceId: string
  /** Empty for a result of a whole trace. */
  readonly spanId: string
}

export interface TimeWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** Ranges are counted in pieces of so many offsets: one that differs is small enough to be listed. */
export const RECORDS_OF_PIECE = 65_536

/** Two threads, so that it never holds up a query for long. */
const SETTINGS = `SETTINGS ${limitSettings(CHECK_LIMITS)}, max_threads = 2, distributed_product_mode = 'local', join_algorithm = 'grace_hash',
  output_format_json_quote_64bit_integers = 0`

export class TracesIntegrity {
  readonly #client: ClickHouseClient
  readonly #database: string

  constructor(client: ClickHouseClient, database: string) {
    this.#client = client
    this.#database = database
  }

  /**
   * Of each range, in pieces of `RECORDS_OF_PIECE`; a piece without rows is left out. Rows stored before `storedSinceMs` are not
   * looked at: they may be of another log, whose offsets were the same. A record's rows are all in one of the tables.
   */
  async storedRecords(
    tables: readonly TracesTable[],
    ranges: readonly OffsetRange[],
    storedSinceMs: number,
  ): Promise<StoredRecords[]> {
    if (ranges.length === 0) return []
    const rows = await this.#rows<{ partition: number; piece: number; records: number }>({
      query: `WITH indexOf({partitions:Array(UInt32)}, log_partition) AS i, {froms:Array(UInt64)}[i] AS from
SELECT log_partition AS partition, intDiv(log_offset - from, ${RECORDS_OF_PIECE}) AS piece, groupBitmap(log_offset) AS records
FROM (${this.#positions(tables)})
WHERE i > 0 AND log_offset >= from AND log_offset < {tos:Array(UInt64)}[i]
GROUP BY partition, piece, from
${SETTINGS}`,
      query_params: { ...paramsOf(ranges), since: storedSinceMs },
    })
    const fromOf = new Map(ranges.map(({ partition, from }) => [partition, from]))
    return rows.map(({ partition, piece, records }) => ({
      partition,
      from: (fromOf.get(partition) ?? 0) + piece * RECORDS_OF_PIECE,
      records,
    }))
  }

  /** The offsets of one piece that have rows. */
  async storedOffsets(
    tables: readonly TracesTable[],
    { partition, from, to }: OffsetRange,
    storedSinceMs: number,
  ): Promise<Set<number>> {
    const rows = await this.#rows<{ offsets: number[] }>({
      query: `SELECT bitmapToArray(groupBitmapState(log_offset)) AS offsets FROM (${this.#positions(tables)})
WHERE log_partition = {partition:UInt32} AND log_offset >= {from:UInt64} AND log_offset < {to:UInt64}
${SETTINGS}`,
      query_params: { partition, from, to, since: storedSinceMs },
    })
    return new Set(rows[0]?.offsets ?? [])
  }

  /** Those of the spans that are stored, by `spanKey`; whatever record they came in. */
  async storedSpans(spans: readonly Span[]): Promise<Set<string>> {
    if (spans.length === 0) return new Set()
    const rows = await this.#rows<{ tenant: string; trace: string; span: string }>({
      query: `SELECT DISTINCT tenant, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span FROM ${this.#database}.spans
WHERE tenant IN {tenants:Array(String)} AND toDate(start_time) IN {days:Array(Date)}
  AND trace_id IN arrayMap(x -> toFixedString(unhex(x), 16), {traces:Array(String)})
${SETTINGS}`,
      query_params: {
        tenants: unique(spans.map(({ tenant }) => tenant)),
        days: unique(spans.map(({ startTimeUs }) => dayOf(startTimeUs / 1000))),
        traces: unique(spans.map(({ traceId }) => traceId)),
      },
    })
    return new Set(rows.map(({ tenant, trace, span }) => `${tenant}/${trace}/${span}`))
  }

  /** Those of the messages that are stored, by `messageKey`. */
  async storedMessages(messages: readonly SpanMessages[]): Promise<Set<string>> {
    if (messages.length === 0) return new Set()
    const rows = await this.#rows<{ tenant: string; trace: string; span: string; event: string }>({
      query: `SELECT DISTINCT tenant, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, lower(hex(event_key)) AS event
FROM ${this.#database}.messages
WHERE tenant IN {tenants:Array(String)} AND trace_id IN arrayMap(x -> toFixedString(unhex(x), 16), {traces:Array(String)})
${SETTINGS}`,
      query_params: {
        tenants: unique(messages.map(({ tenant }) => tenant)),
        traces: unique(messages.map(({ traceId }) => traceId)),
      },
    })
    return new Set(rows.map(({ tenant, trace, span, event }) => `${tenant}/${trace}/${span}/${event}`))
  }

  /** Those of the results that are stored, by `resultKey`. */
  async storedResults(results: readonly EvalResult[]): Promise<Set<string>> {
    if (results.length === 0) return new Set()
    const rows = await this.#rows<Record<string, string | number>>({
      query: `SELECT DISTINCT tenant, eval_id, measure_hash, verdict_hash, subject_kind, lower(hex(trace_id)) AS trace,
  lower(hex(span_id)) AS span, revision, run_id FROM ${this.#database}.results
WHERE tenant IN {tenants:Array(String)} AND eval_id IN {evals:Array(String)}
  AND trace_id IN arrayMap(x -> toFixedString(unhex(x), 16), {traces:Array(String)})
${SETTINGS}`,
      query_params: {
        tenants: unique(results.map(({ tenant }) => tenant)),
        evals: unique(results.map(({ evalId }) => evalId)),
        traces: unique(results.map(({ traceId }) => traceId)),
      },
    })
    return new Set(rows.map((row) => Object.values(row).join('/')))
  }

  /**
   * How long rows of these tenants are kept after their time, by what the table says; one that is kept for ever is left out. A row
   * past it may be deleted at any moment, and none of it is missed.
   */
  async keptMs(table: TracesTable, tenants: readonly string[]): Promise<Map<string, number>> {
    const expression = await this.#deletedAt(table)
    if (expression === null || tenants.length === 0) return new Map()
    const rows = await this.#rows<{ tenant: string; seconds: number }>({
      query: `SELECT tenant, toUnixTimestamp(${expression}) AS seconds
FROM (SELECT arrayJoin({tenants:Array(String)}) AS tenant, toDateTime64(0, 6, 'UTC') AS ${timeColumnOf(table)}) ${SETTINGS}`,
      query_params: { tenants: unique(tenants) },
    })
    return new Map(
      rows.filter(({ seconds }) => seconds < FOR_EVER_SECONDS).map(({ tenant, seconds }) => [tenant, seconds * 1000]),
    )
  }

  async #deletedAt(table: TracesTable): Promise<string | null> {
    // On a cluster the rows are in the local table.
    const rows = await this.#rows<{ definition: string }>({
      query: `SELECT engine_full AS definition FROM system.tables
WHERE database = {database:String} AND name IN ({table:String}, concat({table:String}, '_local')) ORDER BY length(name) DESC ${SETTINGS}`,
      query_params: { database: this.#database, table },
    })
    return deletedAt(ttlInDefinition(rows[0]?.definition ?? ''))
  }

  /**
   * Results evaluated in the window of whose subject nothing is stored; `total` counts those beyond the limit too. Those past their
   * retention at `expiredMs` are left out: their subject is deleted at another moment than they are.
   */
  async orphans(
    { fromMs, toMs }: TimeWindow,
    { limit, expiredMs }: { limit: number; expiredMs: number },
  ): Promise<{ total: number; examples: OrphanResult[] }> {
    const params = { from: fromMs, to: toMs, expired: expiredMs }
    const deleted = await this.#deletedAt('results')
    const isKept = deleted === null ? '' : ` AND ${deleted} > fromUnixTimestamp64Milli({expired:Int64}, 'UTC')`
    const evaluated = `evaluated_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')${isKept}`
    const extent = await this.#rows<{ first: number; last: number; results: number }>({
      query: `SELECT toUnixTimestamp64Micro(min(subject_time)) AS first, toUnixTimestamp64Micro(max(subject_time)) AS last,
  count() AS results FROM ${this.#database}.results WHERE ${evaluated} ${SETTINGS}`,
      query_params: params,
    })
    const { first = 0, last = 0, results = 0 } = extent[0] ?? {}
    if (results === 0) return { total: 0, examples: [] }
    const spans = (columns: string): string => `(SELECT DISTINCT ${columns} FROM ${this.#database}.spans
  WHERE start_time >= fromUnixTimestamp64Micro({first:Int64}, 'UTC') AND start_time <= fromUnixTimestamp64Micro({last:Int64}, 'UTC'))`
    // A subject that is a whole trace has a span id of nothing but zeros.
    const of = (isTrace: boolean): string => {
      const keys = isTrace ? 'tenant, trace_id' : 'tenant, trace_id, span_id'
      return `SELECT DISTINCT tenant, eval_id, trace_id, span_id FROM ${this.#database}.results AS r
  LEFT ANTI JOIN ${spans(keys)} AS s USING (${keys})
  WHERE ${evaluated} AND trace_id != ${NO_ID(16)} AND span_id ${isTrace ? '=' : '!='} ${NO_ID(8)}`
    }
    const rows = await this.#rows<{ total: number; tenant: string; evalId: string; trace: string; span: string }>({
      query: `SELECT count() OVER () AS total, tenant, eval_id AS evalId, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span
FROM (${of(false)} UNION ALL ${of(true)}) ORDER BY tenant, evalId, trace, span LIMIT {limit:UInt32} ${SETTINGS}`,
      query_params: { ...params, first: Math.max(0, first - LONGEST_TRACE_US), last: last + LONGEST_TRACE_US, limit },
    })
    return {
      total: rows[0]?.total ?? 0,
      examples: rows.map(({ tenant, evalId, trace, span }) => ({
        tenant,
        evalId,
        traceId: trace,
        spanId: idFromHex(span),
      })),
    }
  }

  /**
   * Of spans that began, and results whose subject began, in the window. `visible`: spans that queries show on two neighbouring days or two of the window, since their
   * sender gave them two start times, and no merge drops; a result is shown once whatever is stored. `awaitingMerge`: rows that
   * queries leave out already.
   */
  async duplicates({
    fromMs,
    toMs,
  }: TimeWindow): Promise<{ visible: number; awaitingMerge: Record<'spans' | 'results', number> }> {
    const query_params = { from: fromMs, to: toMs }
    const within = (column: string): string =>
      `${column} >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ${column} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`
    const surplus = async (table: TracesTable, time: string, key: string): Promise<number> => {
      const rows = await this.#rows<{ surplus: number }>({
        query: `SELECT sum(n - 1) AS surplus FROM (
  SELECT count() AS n FROM ${this.#database}.${table} WHERE ${within(time)} GROUP BY ${key}
) ${SETTINGS}, optimize_aggregation_in_order = 1`,
        query_params,
      })
      return rows[0]?.surplus ?? 0
    }
    const visible = await this.#rows<{ visible: number }>({
      // The days on either side are looked at too: a window of one day could never show two.
      query: `SELECT sum(days - 1) AS visible FROM (
  SELECT uniqExact(toDate(start_time)) AS days, countIf(${within('start_time')}) AS here FROM ${this.#database}.spans
  WHERE start_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') - INTERVAL 1 DAY
    AND start_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC') + INTERVAL 1 DAY
  GROUP BY tenant, trace_id, span_id HAVING days > 1 AND here > 0
) ${SETTINGS}`,
      query_params,
    })
    return {
      visible: visible[0]?.visible ?? 0,
      awaitingMerge: {
        spans: await surplus('spans', 'start_time', 'tenant, toDate(start_time), trace_id, span_id'),
        results: await surplus(
          'results',
          'subject_time',
          'tenant, eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash',
        ),
      },
    }
  }

  /** Where in the log rows came from, since `since`. */
  #positions(tables: readonly TracesTable[]): string {
    return tables
      .map(
        (table) =>
          `SELECT log_partition, log_offset FROM ${this.#database}.${table} WHERE stored_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')`,
      )
      .join(' UNION ALL ')
  }

  async #rows<Row>({ query, query_params }: IntegrityQuery): Promise<Row[]> {
    const answer = await this.#client.query({ query, query_params, format: 'JSONEachRow' })
    return answer.json<Row>()
  }
}

/** As the TTL's last moment: it is a DateTime. */
const FOR_EVER_SECONDS = 2 ** 32 - 1

/** What a row has in place of an id that it has not. */
const NO_ID = (bytes: number): string => `toFixedString(unhex('${'00'.repeat(bytes)}'), ${bytes})`

interface IntegrityQuery extends Omit<Query, 'query_params'> {
  query_params: Record<string, string | number | readonly string[] | readonly number[]>
}

export const spanKey = ({ tenant, traceId, spanId }: Span): string => `${tenant}/${traceId}/${spanId}`

export const messageKey = ({ tenant, traceId, spanId, key }: SpanMessages): string =>
  `${tenant}/${traceId}/${spanId}/${key}`

/** In the order of the columns that `storedResults` asks for. */
export function resultKey(result: EvalResult): string {
  const { tenant, evalId, measureHash, verdictHash, subjectKind, traceId, spanId, revision, runId } = result
  const span = spanId === '' ? '0'.repeat(16) : spanId
  return [tenant, evalId, measureHash, verdictHash, subjectKind, traceId, span, revision, runId].join('/')
}

/** UTC, as `2026-11-21`. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)]

const paramsOf = (ranges: readonly OffsetRange[]) => ({
  partitions: ranges.map(({ partition }) => partition),
  froms: ranges.map(({ from }) => from),
  tos: ranges.map(({ to }) => to),
})
