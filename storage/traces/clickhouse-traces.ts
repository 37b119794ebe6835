import type { ClickHouseClient } from '@clickhouse/client'
import { CAPS } from '../../dsl/caps.ts'
import { bySpan, lacksMessages, type MessagesBySpan, withAllMessages } from '../../engine/conventions/span-messages.ts'
import { byStart } from '../../engine/evaluate/trace-view.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import { knownCost } from '../../engine/no-price.ts'
import { createTimeSlice } from '../time-slice.ts'
import { type ContrastedTraces, type ContrastQuery, contrastedTraces } from './contrast.ts'
import { encodeRows, ROWS_OF_BLOCK, type RowTypes, type TracesTable } from './encode.ts'
import { type FlaggedQuery, type FlaggedSubject, flaggedQuery } from './flagged.ts'
import { flipFromRow, flipsQuery } from './flips.ts'
import type { InsertBlocks } from './insert.ts'
import { type RowsOf, type SeveralRow, severalQuery } from './latest.ts'
import { type LedgerCounts, ledgerQuery, ledgerRows } from './ledger.ts'
import type { QueryLimits, TracesLimits } from './limits.ts'
import { type FoundSession, lastSessionsQuery, namedSession, sessionFromRow, sessionsQuery } from './listed-sessions.ts'
import { MESSAGES_COLUMNS, type MessagesRow, messagesFromRow } from './messages-columns.ts'
import { migrate, type SchemaOptions } from './migrate.ts'
import { newestResults } from './newest-results.ts'
import { type PageTraces, pageQuery, pageStartsQuery, pagesOf, tracesOfPage } from './pages.ts'
import type {
  LedgerRow,
  ResultFilter,
  RunComparison,
  SettledTraceQuery,
  SpanPage,
  SpanPageQuery,
  Thinned,
  TracesStore,
  TraceWindow,
  UsageRow,
  UsageWindow,
} from './port.ts'
import {
  compareRunQuery,
  countSpansQuery,
  countWindowQuery,
  pageMessagesQuery,
  pageResultsQuery,
  type Query,
  settledTracesQuery,
  spanIdsQuery,
  traceMessagesQuery,
  traceQuery,
  tracesMessagesQuery,
  tracesQuery,
} from './queries.ts'
import { Questions } from './questions.ts'
import { RESULT_COLUMNS } from './result-columns.ts'
import { type HistoryQuery, type HistoryRow, historyFromRow, historyQuery } from './result-history.ts'
import { type ResultRow, resultFromRow } from './result-rows.ts'
import { type FoundTrace, searchTracesQuery, summariesOf } from './search.ts'
import type {
  EvalFlip,
  FlipQuery,
  SeriesQuery,
  SeriesRow,
  SessionSearch,
  SessionSummary,
  TraceSearch,
  TraceSummary,
  TrendQuery,
  TrendRow,
} from './search-port.ts'
import { newestFirst } from './search-windows.ts'
import {
  type StoredSeriesRow,
  type StoredTrendRow,
  seriesFromRow,
  seriesQuery,
  seriesRows,
  trendFromRow,
  trendRows,
  trendsQuery,
} from './series.ts'
import { type SettledSession, type SettledSessionQuery, settledSessionsQuery } from './sessions.ts'
import { SPAN_COLUMNS } from './span-columns.ts'
import { type SpanRow, spanFromRow } from './span-rows.ts'
import { type StoreAddress, storeErrorOf } from './store-errors.ts'
import { idFromHex } from './stored-id.ts'
import { type TalliesQuery, type TallyRow, tallied } from './tallies.ts'
import { judgeSpendQuery, severalSpansQuery, usageFromRow, usageQuery } from './usage.ts'
import { type StoredVerdict, type VerdictFilter, verdictsFrom, verdictsQuery } from './verdicts.ts'
import { type WorstQuery, type WorstRow, worstFromRow, worstQuery } from './worst.ts'

export interface ClickHouseTracesParts {
  client: ClickHouseClient
  insert: InsertBlocks
  schema: SchemaOptions
  limits: TracesLimits
  address: StoreAddress
  nowMs: () => number
}

const COLUMNS: Readonly<Record<TracesTable, readonly string[]>> = {
  spans: SPAN_COLUMNS,
  messages: MESSAGES_COLUMNS,
  results: RESULT_COLUMNS,
}
const TRACE_ID = /^[0-9a-f]{32}$/
const MAX_TRACES_AT_ONCE = 200

export class ClickHouseTraces implements TracesStore {
  readonly #client: ClickHouseClient
  readonly #insert: InsertBlocks
  readonly #schema: SchemaOptions
  readonly #database: string
  readonly #limits: TracesLimits
  readonly #address: StoreAddress
  readonly #ask: Questions
  readonly #nowMs: () => number

  constructor(parts: ClickHouseTracesParts) {
    this.#client = parts.client
    this.#insert = parts.insert
    this.#schema = parts.schema
    this.#database = parts.schema.database
    this.#limits = parts.limits
    this.#address = parts.address
    this.#ask = new Questions(parts.client, parts.address)
    this.#nowMs = parts.nowMs
  }

  async migrate(): Promise<void> {
    await this.#ask.explained(() => migrate(this.#client, this.#schema))
  }

  insertSpans(spans: readonly Span[], token: string): Promise<void> {
    return this.#insertRows('spans', spans, token)
  }

  insertResults(results: readonly EvalResult[], token: string): Promise<void> {
    return this.#insertRows('results', results, token)
  }

  async insertBlocks(table: TracesTable, blocks: readonly Uint8Array[], token: string): Promise<void> {
    if (blocks.length === 0) return
    const target = { table: `${this.#database}.${table}`, columns: COLUMNS[table], blocks, token }
    await this.#ask.explained(() => this.#insert(target))
  }

  async getTrace(tenant: string, traceId: string): Promise<Span[]> {
    if (!TRACE_ID.test(traceId)) return []
    const rows = await this.#ask.rows<SpanRow>(
      this.#limits.api,
      traceQuery(this.#database, tenant, traceId, CAPS.spansPerTrace + 1),
    )
    const spans = rows.map(spanFromRow)
    if (!spans.some(lacksMessages)) return spans
    return withAllMessages(
      spans,
      await this.#messages(tenant, this.#limits.api, traceMessagesQuery(this.#database, tenant, traceId)),
    )
  }

  async getTraces(tenant: string, traceIds: readonly string[]): Promise<ReadonlyMap<string, Span[]>> {
    const asked = traceIds.filter((id) => TRACE_ID.test(id))
    if (asked.length === 0) return new Map()
    if (asked.length > MAX_TRACES_AT_ONCE) throw new RangeError(`${asked.length} traces at once are too many`)
    const rows = await this.#ask.rows<SpanRow>(
      this.#limits.runs,
      tracesQuery(this.#database, tenant, asked, CAPS.spansPerTrace + 1),
    )
    const traces = Map.groupBy(rows.map(spanFromRow).sort(byStart), ({ traceId }) => traceId)
    const lacking = [...traces].filter(([, spans]) => spans.some(lacksMessages)).map(([traceId]) => traceId)
    if (lacking.length === 0) return traces
    const messages = await this.#messages(
      tenant,
      this.#limits.runs,
      tracesMessagesQuery(this.#database, tenant, lacking),
    )
    return new Map([...traces].map(([traceId, spans]) => [traceId, withAllMessages(spans, messages)]))
  }

  async spanIdsOf(tenant: string, traceIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const asked = traceIds.filter((id) => TRACE_ID.test(id))
    if (asked.length === 0) return new Map()
    const rows = await this.#ask.rows<{ trace: string; spans: string[] }>(
      this.#limits.api,
      spanIdsQuery(this.#database, tenant, asked, CAPS.spansPerTrace + 1),
    )
    return new Map(rows.map(({ trace, spans }) => [trace, spans]))
  }

  async queryResults(tenant: string, filter: ResultFilter): Promise<EvalResult[]> {
    if (filter.traceId !== undefined && !TRACE_ID.test(filter.traceId)) return []
    const rows = await newestResults((query) => this.#ask.rows(this.#limits.api, query), this.#database, tenant, filter)
    return rows.map(resultFromRow)
  }

  async queryVerdicts(tenant: string, filter: VerdictFilter): Promise<StoredVerdict[]> {
    return verdictsFrom(await this.#ask.columns(this.#limits.api, verdictsQuery(this.#database, tenant, filter)))
  }

  async ledger(tenant: string, options: { sinceMs?: number } = {}): Promise<LedgerRow[]> {
    const rows = await this.#latest<LedgerCounts>(ledgerRows(tenant, options.sinceMs), (of, several) =>
      ledgerQuery(this.#database, of, several),
    )
    return rows.map((row) => ({
      evalId: row.eval_id,
      measureHash: row.measure,
      pass: Number(row.pass),
      fail: Number(row.fail),
      unknown: Number(row.unknown),
      error: Number(row.error),
    }))
  }

  async settledTraceIds(tenant: string, query: SettledTraceQuery): Promise<Thinned<string>> {
    const rows = await this.#ask.rows<{ trace_id_hex: string; population: number | string }>(
      this.#limits.runs,
      settledTracesQuery(this.#database, tenant, query),
    )
    return { some: rows.map((row) => row.trace_id_hex), population: Number(rows[0]?.population ?? 0) }
  }

  async flaggedSubjects(tenant: string, query: FlaggedQuery): Promise<FlaggedSubject[]> {
    const rows = await this.#ask.rows<{ trace: string; span: string }>(
      this.#limits.runs,
      flaggedQuery(this.#database, tenant, query),
    )
    return rows.map(({ trace, span }) => ({ traceId: trace, spanId: idFromHex(span) }))
  }

  async settledSessions(tenant: string, query: SettledSessionQuery): Promise<Thinned<SettledSession>> {
    const rows = await this.#ask.rows<{ session: string; traces: string[]; population: number | string }>(
      this.#limits.runs,
      settledSessionsQuery(this.#database, tenant, query),
    )
    const some = rows.map(({ session, traces }) => ({ sessionId: session, traceIds: traces }))
    return { some, population: Number(rows[0]?.population ?? 0) }
  }

  async spanPages(tenant: string, window: TraceWindow, spansPerPage: number): Promise<SpanPage[]> {
    const [starts = []] = await this.#ask.columns(
      this.#limits.runs,
      pageStartsQuery(this.#database, tenant, window, spansPerPage),
    )
    return pagesOf(starts as string[])
  }

  async readSpanPage(tenant: string, query: SpanPageQuery): Promise<PageTraces> {
    const { fields } = query
    const columns = await this.#ask.columns(this.#limits.runs, pageQuery(this.#database, tenant, query, query, fields))
    const page = tracesOfPage(columns, query, { tenant, fields, nowMs: this.#nowMs() })
    const wantsTexts = fields.includes('inputText') || fields.includes('outputText')
    if (!wantsTexts || !page.traces.some((spans) => spans.some(lacksMessages))) return page
    const messages = await this.#messages(tenant, this.#limits.runs, pageMessagesQuery(this.#database, tenant, query))
    return { ...page, traces: page.traces.map((spans) => withAllMessages(spans, messages)) }
  }

  async resultsOfPage(tenant: string, page: SpanPage, evalIds: readonly string[]): Promise<EvalResult[]> {
    if (evalIds.length === 0) return []
    const rows = await this.#ask.rows<ResultRow>(
      this.#limits.runs,
      pageResultsQuery(this.#database, tenant, page, evalIds),
    )
    return rows.map(resultFromRow)
  }

  async countSpans(tenant: string): Promise<number> {
    const rows = await this.#ask.rows<{ n: number | string }>(this.#limits.api, countSpansQuery(this.#database, tenant))
    return Number(rows[0]?.n ?? 0)
  }

  async countWindow(tenant: string, window: TraceWindow): Promise<{ spans: number; traces: number }> {
    const [row] = await this.#ask.rows<Record<'spans' | 'traces', number | string>>(
      this.#limits.api,
      countWindowQuery(this.#database, tenant, window),
    )
    return { spans: Number(row?.spans ?? 0), traces: Number(row?.traces ?? 0) }
  }

  async compareRun(tenant: string, runId: string): Promise<RunComparison[]> {
    const rows = await this.#ask.rows<{
      eval_id: string
      live: RunComparison['live'] | ''
      run: RunComparison['run']
      subjects: number | string
    }>(this.#limits.runs, compareRunQuery(this.#database, tenant, runId))
    return rows.map(({ eval_id: evalId, live, run, subjects }) => ({
      evalId,
      live: live === '' ? null : live,
      run,
      subjects: Number(subjects),
    }))
  }

  async usage(tenant: string | null, window: UsageWindow): Promise<UsageRow[]> {
    const { runs } = this.#limits
    const usageBut = (several: readonly SeveralRow[]): Promise<UsageRow[]> =>
      this.#ask.each(runs, usageQuery(this.#database, tenant, window, several), usageFromRow)
    // Mostly nothing is stored twice: what is true then is worked out meanwhile.
    const [several, usage] = await Promise.all([
      this.#ask.rows<SeveralRow>(runs, severalSpansQuery(this.#database, tenant, window)),
      usageBut([]),
    ])
    return several.length === 0 ? usage : usageBut(several)
  }

  async searchTraces(tenant: string, search: TraceSearch): Promise<TraceSummary[]> {
    const rows = <Row>(query: Query) => this.#ask.rows<Row>(this.#limits.api, query)
    const found = await newestFirst(search, this.#nowMs() * 1_000, (part) =>
      rows<FoundTrace>(searchTracesQuery(this.#database, tenant, part)),
    )
    return summariesOf(rows, this.#database, tenant, found)
  }

  async listSessions(tenant: string, search: SessionSearch): Promise<SessionSummary[]> {
    const { api } = this.#limits
    const found =
      namedSession(search) ??
      (await this.#ask.rows<FoundSession>(api, lastSessionsQuery(this.#database, tenant, search)))
    if (found.length === 0) return []
    return this.#ask.each(api, sessionsQuery(this.#database, tenant, search, found), sessionFromRow)
  }

  async evalSeries(tenant: string, series: SeriesQuery): Promise<SeriesRow[]> {
    const rows = await this.#latest<StoredSeriesRow>(seriesRows(tenant, series), (of, several) =>
      seriesQuery(this.#database, of, series, several),
    )
    return rows.map(seriesFromRow)
  }

  async evalTrends(tenant: string, query: TrendQuery): Promise<TrendRow[]> {
    const rows = await this.#latest<StoredTrendRow>(trendRows(tenant, query), (of, several) =>
      trendsQuery(this.#database, of, query, several),
    )
    return rows.map(trendFromRow)
  }

  async evalFlips(tenant: string, query: FlipQuery): Promise<EvalFlip[]> {
    const flips = await this.#ask.each(this.#limits.api, flipsQuery(this.#database, tenant, query), flipFromRow)
    return flips.filter((flip) => flip !== null)
  }

  resultHistory(tenant: string, query: HistoryQuery): Promise<HistoryRow[]> {
    return this.#ask.each(this.#limits.api, historyQuery(this.#database, tenant, query), historyFromRow)
  }

  contrastTraces(tenant: string, query: ContrastQuery): Promise<ContrastedTraces> {
    return contrastedTraces((asked) => this.#ask.rows(this.#limits.runs, asked), this.#database, tenant, query)
  }

  async judgeSpend(tenant: string, sinceMs: number): Promise<ReadonlyMap<string, number | null>> {
    const rows = await this.#ask.rows<{ eval: string; micros: number | string; unpriced: number | string }>(
      this.#limits.api,
      judgeSpendQuery(this.#database, tenant, sinceMs),
    )
    return new Map(rows.map((row) => [row.eval, knownCost(Number(row.micros), Number(row.unpriced))]))
  }

  resultTallies(tenant: string, query: TalliesQuery): Promise<TallyRow[]> {
    return tallied((asked) => this.#ask.rows(this.#limits.runs, asked), this.#database, tenant, query)
  }

  worstResults(tenant: string, query: WorstQuery): Promise<WorstRow[]> {
    return this.#ask.each(this.#limits.runs, worstQuery(this.#database, tenant, query), worstFromRow)
  }

  async ping(): Promise<void> {
    const answer = await this.#client.ping({ select: true })
    if (!answer.success) throw storeErrorOf(answer.error, this.#address)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #insertRows<T extends TracesTable>(table: T, rows: readonly RowTypes[T][], token: string): Promise<void> {
    const blocks: Uint8Array[] = []
    const giveWay = createTimeSlice()
    for (let start = 0; start < rows.length; start += ROWS_OF_BLOCK) {
      blocks.push(encodeRows(table, rows.slice(start, start + ROWS_OF_BLOCK), this.#nowMs()))
      await giveWay()
    }
    await this.insertBlocks(table, blocks, token)
  }

  /** What counts of each subject: those with several rows are found first. */
  async #latest<Row>(of: RowsOf, query: (of: RowsOf, several: readonly SeveralRow[]) => Query): Promise<Row[]> {
    const several = await this.#ask.rows<SeveralRow>(this.#limits.api, severalQuery(this.#database, of))
    return this.#ask.rows<Row>(this.#limits.api, query(of, several))
  }

  async #messages(tenant: string, limits: QueryLimits, query: Query): Promise<MessagesBySpan> {
    const rows = await this.#ask.rows<MessagesRow>(limits, query)
    return bySpan(rows.map((row) => messagesFromRow(tenant, row)))
  }
}
