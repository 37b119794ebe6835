/** The traces port: spans and results in ClickHouse, by URL or in process (chDB). Every query is of one tenant. */
import type { EvalResult, Verdict } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'

export interface ResultFilter {
  evalId?: string
  traceId?: string
  verdict?: Verdict
  /** Evaluated at or after, ms since the epoch. */
  sinceMs?: number
  limit: number
}

export interface LedgerRow {
  evalId: string
  pass: number
  fail: number
  unknown: number
  error: number
}

export interface SettledTraceQuery {
  /** Traces whose first span started in [fromUs, toUs). */
  fromUs: number
  toUs: number
  /** Traces whose last stored span is younger than this are not settled yet. */
  settledBeforeMs: number
  limit: number
}

export interface TracesStore {
  /** Creates or upgrades the schema; safe to call from several processes. */
  migrate(): Promise<void>
  /** Durable when it resolves; the same token twice writes once. */
  insertSpans(spans: readonly Span[], token: string): Promise<void>
  insertResults(results: readonly EvalResult[], token: string): Promise<void>
  /** Spans of one trace by start time, each (trace, span) once; empty when unknown. */
  getTrace(tenant: string, traceId: string): Promise<Span[]>
  /** Latest revision of each, newest first. */
  queryResults(tenant: string, filter: ResultFilter): Promise<EvalResult[]>
  /** Latest revisions counted by verdict, per eval. */
  ledger(tenant: string): Promise<LedgerRow[]>
  settledTraceIds(tenant: string, query: SettledTraceQuery): Promise<string[]>
  countSpans(tenant: string): Promise<number>
  ping(): Promise<void>
  close(): Promise<void>
}
