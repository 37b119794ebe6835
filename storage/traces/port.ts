/** The traces port: spans and results in ClickHouse, by URL or in process (chDB). Every query is of one tenant. */

import type { OptionalField } from '../../engine/evaluate/subject.ts'
import type { EvalResult, SubjectKind, Verdict } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { ContrastedTraces, ContrastQuery } from './contrast.ts'
import type { FlaggedQuery, FlaggedSubject } from './flagged.ts'
import type { HistoryQuery, HistoryRow } from './result-history.ts'
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
import type { SettledSession, SettledSessionQuery } from './sessions.ts'
import type { TalliesQuery, TallyRow } from './tallies.ts'
import type { StoredVerdict, VerdictFilter } from './verdicts.ts'
import type { WorstQuery, WorstRow } from './worst.ts'

export interface ResultFilter {
  evalId?: string
  traceId?: string
  /** On one of these. */
  traceIds?: readonly string[]
  subjectKind?: SubjectKind
  verdict?: Verdict
  /** By its name. */
  agent?: string
  /** Of this run alone. Without it those of all runs but replays: what is live. */
  runId?: string
  /** What people said and did not take back, instead of what evals found. */
  labels?: true
  /** What judges said of labelled anchors (`storage/labels/anchors.ts`). */
  anchors?: true
  /** Evaluated at or after, ms since the epoch. */
  sinceMs?: number
  /** By score, those without one left out; by time unless told. */
  order?: 'highest' | 'lowest'
  /** Those behind this one, in the order of the answer. */
  after?: ResultCursor
  limit: number
}

/** A result's place in an answer. */
export type ResultCursor = Pick<EvalResult, 'evaluatedAtMs' | 'evalId' | 'traceId' | 'spanId' | 'runId'> & {
  /** Of those by score. */
  score?: number
}

export interface LedgerRow {
  evalId: string
  /** What is measured: another measure is another series. */
  measureHash: string
  pass: number
  fail: number
  unknown: number
  error: number
}

/** Subjects by what is said of them live and in a run. */
export interface RunComparison {
  evalId: string
  /** Null where there is no such verdict. */
  live: Verdict | null
  run: Verdict
  subjects: number
}

/** Where there are more than the limit, an even part of them. */
export interface Thinned<T> {
  some: T[]
  /** How many there are. */
  population: number
}

export interface SettledTraceQuery {
  /** Traces that ended in [fromUs, toUs). */
  fromUs: number
  toUs: number
  /** By what was stored by then: those whose root was, without one those of which nothing went on for 2 min, or which began an hour before. */
  settledBeforeMs: number
  limit: number
}

/** Traces whose first span started in [fromUs, toUs). */
export interface TraceWindow {
  fromUs: number
  toUs: number
}

/** A range of trace ids, as 32 hex digits; `toTraceId` is not in it, null is the end. */
export interface SpanPage {
  fromTraceId: string
  toTraceId: string | null
}

/** What may be asked for beyond what every page has: ids, kind, name, times, status, agent and environment. */
export type SpanPageField = OptionalField

export interface SpanPageQuery extends TraceWindow, SpanPage {
  fields: readonly SpanPageField[]
}

/** From the start of a day (UTC) to that of another. */
export interface UsageWindow {
  fromMs: number
  toMs: number
}

/** What was used on a day (UTC). */
export interface UsageRow {
  tenant: string
  /** `2026-11-21`. */
  day: string
  /** Null where spans name none. */
  agent: string | null
  spans: number
  /** Of texts, attributes, events and links as they are stored, before compression. */
  bytes: number
  judgeInputTokens: number
  judgeOutputTokens: number
  /** Null where judges answered and no price of theirs is known. */
  judgeCostMicroUsd: number | null
}

export interface TracesStore {
  /** Creates or upgrades the schema, and puts the retention that it was opened with in force; safe to call from several processes. */
  migrate(): Promise<void>
  /**
   * Durable when it resolves; the same token twice writes once. Rejects with `UnstorableError`, before anything is written, on
   * a row that no retry will make storable; with any other error the store is out of order and a retry may help.
   */
  insertSpans(spans: readonly Span[], token: string): Promise<void>
  insertResults(results: readonly EvalResult[], token: string): Promise<void>
  /** Blocks of `encodeRows` (`encode.ts`), all or none; otherwise as `insertSpans`. */
  insertBlocks(table: 'spans' | 'messages' | 'results', blocks: readonly Uint8Array[], token: string): Promise<void>
  /**
   * Spans of one trace by start time, each (trace, span) once, with the messages that were sent apart from them; empty when unknown. Of one with more than
   * `CAPS.spansPerTrace` these and one more, which tells that it is cut: roots first, then the earliest.
   */
  getTrace(tenant: string, traceId: string): Promise<Span[]>
  /** The same of up to 200 traces at once; one without spans has no entry. */
  getTraces(tenant: string, traceIds: readonly string[]): Promise<ReadonlyMap<string, Span[]>>
  /** The ids of the stored spans of each of these traces, a thousand traces at the most; one without spans has no entry. */
  spanIdsOf(tenant: string, traceIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /** Latest revision of each, newest first or as `order` says. */
  queryResults(tenant: string, filter: ResultFilter): Promise<EvalResult[]>
  /** Of an eval, as `queryResults` without the texts: there may be thousands. */
  queryVerdicts(tenant: string, filter: VerdictFilter): Promise<StoredVerdict[]>
  /** Latest revisions counted by verdict, per eval and measure; `sinceMs` as in `ResultFilter`. */
  ledger(tenant: string, options?: { sinceMs?: number }): Promise<LedgerRow[]>
  /** In an order that has nothing to do with time, so that a limit takes an even sample. */
  settledTraceIds(tenant: string, query: SettledTraceQuery): Promise<Thinned<string>>
  /** In an order that has nothing to do with time. */
  settledSessions(tenant: string, query: SettledSessionQuery): Promise<Thinned<SettledSession>>
  /** What online evals failed or panels disagreed on; 200,000 at most. */
  flaggedSubjects(tenant: string, query: FlaggedQuery): Promise<FlaggedSubject[]>
  /** Cuts a window into pages of about so many spans, in the order of trace ids. Empty when there are no spans. */
  spanPages(tenant: string, window: TraceWindow, spansPerPage: number): Promise<SpanPage[]>
  /** The settled traces of a page, each whole. `openTraces`: how many of its window are left out because they are not settled. */
  readSpanPage(tenant: string, query: SpanPageQuery): Promise<{ traces: Span[][]; openTraces: number }>
  /** Of these evals on the traces of a page: latest revisions; 100,000 at most. */
  resultsOfPage(tenant: string, page: SpanPage, evalIds: readonly string[]): Promise<EvalResult[]>
  countSpans(tenant: string): Promise<number>
  /** What is stored of the traces with a span in [fromUs, toUs): about so many, for they are not told apart by when they began. */
  countWindow(tenant: string, window: TraceWindow): Promise<{ spans: number; traces: number }>
  /** The verdicts of a run on online evals next to the live ones on the same subjects. */
  compareRun(tenant: string, runId: string): Promise<RunComparison[]>
  /** By day, newest first, and agent. Of all tenants where `tenant` is null: for whoever runs Assay alone. */
  usage(tenant: string | null, window: UsageWindow): Promise<UsageRow[]>
  /** The newest first. */
  searchTraces(tenant: string, search: TraceSearch): Promise<TraceSummary[]>
  /** The last seen first. */
  listSessions(tenant: string, search: SessionSearch): Promise<SessionSummary[]>
  /** By time. */
  evalSeries(tenant: string, series: SeriesQuery): Promise<SeriesRow[]>
  /** The same of every eval at once. */
  evalTrends(tenant: string, query: TrendQuery): Promise<TrendRow[]>
  /** Newest first. */
  evalFlips(tenant: string, query: FlipQuery): Promise<EvalFlip[]>
  /** By time; what alerts compare with. */
  resultHistory(tenant: string, query: HistoryQuery): Promise<HistoryRow[]>
  /** A sample of the traces that fail and of those that pass, with what each has: what investigations of alerts compare. */
  contrastTraces(tenant: string, query: ContrastQuery): Promise<ContrastedTraces>
  /** What judges cost since then, by eval, in micro-units of USD; null where no price is known of what they answered. */
  judgeSpend(tenant: string, sinceMs: number): Promise<ReadonlyMap<string, number | null>>
  /** What results of some evals add up to, by parts of the traffic and windows of time: what scorecards are made of. By step and labels. */
  resultTallies(tenant: string, query: TalliesQuery): Promise<TallyRow[]>
  /** Failing subjects of each of some evals, the worst first. */
  worstResults(tenant: string, query: WorstQuery): Promise<WorstRow[]>
  ping(): Promise<void>
  close(): Promise<void>
}

/** A query met one of its limits (`limits.ts`), or the store has too much to do (`busy`, when trying again may help). */
export class QueryLimitError extends Error {
  override readonly name = 'QueryLimitError'
  readonly limit: 'memory' | 'time' | 'rows' | 'busy'

  constructor(limit: QueryLimitError['limit'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.limit = limit
  }
}

/** A row breaks the data model (an id that is not hex, a negative count). */
export class UnstorableError extends Error {
  override readonly name = 'UnstorableError'
}
