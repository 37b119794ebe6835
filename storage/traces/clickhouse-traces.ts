import type { ClickHouseClient } from '@clickhouse/client'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { InsertBlock } from './insert.ts'
import { migrate } from './migrate.ts'
import { type LedgerRow, type ResultFilter, type SettledTraceQuery, type TracesStore, UnstorableError } from './port.ts'
import { countSpansQuery, ledgerQuery, type Query, resultsQuery, settledTracesQuery, traceQuery } from './queries.ts'
import { encodeResultBlock, RESULT_COLUMNS } from './result-columns.ts'
import { type ResultRow, resultFromRow } from './result-rows.ts'
import { encodeSpanBlock, SPAN_COLUMNS } from './span-columns.ts'
import { type SpanRow, spanFromRow } from './span-rows.ts'

export interface ClickHouseTracesParts {
  client: ClickHouseClient
  insert: InsertBlock
  database: string
  nowMs: () => number
}

/** More spans than a trace that a person or a judge can read; the rest of a larger one is not shown. */
const MAX_SPANS_OF_TRACE = 10_000
const TRACE_ID = /^[0-9a-f]{32}$/

interface LedgerCounts {
  eval_id: string
  pass: number | string
  fail: number | string
  unknown: number | string
  error: number | string
}

export class ClickHouseTraces implements TracesStore {
  readonly #client: ClickHouseClient
  readonly #insert: InsertBlock
  readonly #database: string
  readonly #nowMs: () => number

  constructor(parts: ClickHouseTracesParts) {
    this.#client = parts.client
    this.#insert = parts.insert
    this.#database = parts.database
    this.#nowMs = parts.nowMs
  }

  migrate(): Promise<void> {
    return migrate(this.#client, this.#database, this.#nowMs)
  }

  async insertSpans(spans: readonly Span[], token: string): Promise<void> {
    if (spans.length === 0) return
    const block = await storable(encodeSpanBlock(spans, this.#nowMs()))
    await this.#insert({ table: `${this.#database}.spans`, columns: SPAN_COLUMNS, block, token })
  }

  async insertResults(results: readonly EvalResult[], token: string): Promise<void> {
    if (results.length === 0) return
    const block = await storable(encodeResultBlock(results, this.#nowMs()))
    await this.#insert({ table: `${this.#database}.results`, columns: RESULT_COLUMNS, block, token })
  }

  async getTrace(tenant: string, traceId: string): Promise<Span[]> {
    if (!TRACE_ID.test(traceId)) return []
    const rows = await this.#rows<SpanRow>(traceQuery(this.#database, tenant, traceId, MAX_SPANS_OF_TRACE))
    return rows.map(spanFromRow)
  }

  async queryResults(tenant: string, filter: ResultFilter): Promise<EvalResult[]> {
    if (filter.traceId !== undefined && !TRACE_ID.test(filter.traceId)) return []
    const rows = await this.#rows<ResultRow>(resultsQuery(this.#database, tenant, filter))
    return rows.map(resultFromRow)
  }

  async ledger(tenant: string, options: { sinceMs?: number } = {}): Promise<LedgerRow[]> {
    const rows = await this.#rows<LedgerCounts>(ledgerQuery(this.#database, tenant, options.sinceMs))
    return rows.map((row) => ({
      evalId: row.eval_id,
      pass: Number(row.pass),
      fail: Number(row.fail),
      unknown: Number(row.unknown),
      error: Number(row.error),
    }))
  }

  async settledTraceIds(tenant: string, query: SettledTraceQuery): Promise<string[]> {
    const rows = await this.#rows<{ trace_id_hex: string }>(settledTracesQuery(this.#database, tenant, query))
    return rows.map((row) => row.trace_id_hex)
  }

  async countSpans(tenant: string): Promise<number> {
    const rows = await this.#rows<{ n: number | string }>(countSpansQuery(this.#database, tenant))
    return Number(rows[0]?.n ?? 0)
  }

  async ping(): Promise<void> {
    const answer = await this.#client.ping({ select: true })
    if (!answer.success) throw answer.error
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #rows<Row>(query: Query): Promise<Row[]> {
    const answer = await this.#client.query({ ...query, format: 'JSONEachRow' })
    return answer.json<Row>()
  }
}

async function storable(encoding: Promise<Buffer>): Promise<Buffer> {
  try {
    return await encoding
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UnstorableError(error.message, { cause: error })
  }
}
