/**
 * The traces store of a simulation. As ClickHouse's ReplacingMergeTree: an insert with a token that came before is dropped, all others add
 * rows, and who reads sees the newest row of a key. It reads the very blocks that the store loop makes.
 */
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult, SubjectKind, Verdict } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import type { TracesTable } from '../../storage/traces/encode.ts'
import { type Row, rowsOfBlock } from './native-rows.ts'

/** What there is of one key. */
export interface StoredSpan {
  readonly span: Span
  readonly storedAtMs: number
  /** Physical rows, before any merge. */
  readonly copies: number
}

export interface StoredResult {
  readonly result: EvalResult
  readonly copies: number
}

export const spanKey = ({ tenant, traceId, spanId }: Pick<Span, 'tenant' | 'traceId' | 'spanId'>): string =>
  `${tenant}/${traceId}/${spanId}`

/** One visible verdict each. */
export const subjectKey = (result: EvalResult): string => `${spanKey(result)}/${result.evalId}/${result.runId}`

export class StoreServer {
  readonly #tokens = new Set<string>()
  readonly #decoded = new WeakMap<Uint8Array, Row[]>()
  readonly spans = new Map<string, StoredSpan>()
  /** All revisions, by subject and revision. */
  readonly results = new Map<string, StoredResult>()
  /** Of spans that were stored under one id with different immutable columns. */
  readonly torn: string[] = []

  insert(table: TracesTable, blocks: readonly Uint8Array[], token: string): void {
    if (this.#tokens.has(token)) return
    this.#tokens.add(token)
    for (const block of blocks) {
      let rows = this.#decoded.get(block)
      if (rows === undefined) {
        rows = rowsOfBlock(block)
        this.#decoded.set(block, rows)
      }
      for (const row of rows) {
        if (table === 'spans') this.#putSpan(row)
        else if (table === 'results') this.#putResult(row)
      }
    }
  }

  getTrace(tenant: string, traceId: string): Span[] {
    const found: Span[] = []
    for (const { span } of this.spans.values()) if (span.tenant === tenant && span.traceId === traceId) found.push(span)
    return found.sort((a, b) => a.startTimeUs - b.startTimeUs)
  }

  /** The latest revision of each subject; of one revision judged again the later judgement. */
  visibleResults(): Map<string, EvalResult> {
    const visible = new Map<string, EvalResult>()
    for (const { result } of this.results.values()) {
      const key = subjectKey(result)
      const known = visible.get(key)
      if (known === undefined || known.revision < result.revision) visible.set(key, result)
    }
    return visible
  }

  #putSpan(row: Row): void {
    const parent = text(row.parent_span_id)
    const span = makeSpan({
      tenant: text(row.tenant),
      traceId: text(row.trace_id),
      spanId: text(row.span_id),
      parentSpanId: /^0+$/.test(parent) ? undefined : parent,
      kind: text(row.kind) as Span['kind'],
      name: text(row.name),
      startTimeUs: Number(row.start_time),
      durationNs: Number(row.duration_ns),
    })
    const key = spanKey(span)
    const before = this.spans.get(key)
    if (before !== undefined && before.span.startTimeUs !== span.startTimeUs) this.torn.push(key)
    this.spans.set(key, { span, storedAtMs: Number(row.stored_at), copies: (before?.copies ?? 0) + 1 })
  }

  #putResult(row: Row): void {
    const spanId = text(row.span_id)
    const result = makeResult({
      tenant: text(row.tenant),
      evalId: text(row.eval_id),
      measureHash: text(row.measure_hash),
      verdictHash: text(row.verdict_hash),
      subjectKind: text(row.subject_kind) as SubjectKind,
      traceId: text(row.trace_id),
      spanId: /^0+$/.test(spanId) ? '' : spanId,
      subjectTimeUs: Number(row.subject_time),
      evaluatedAtMs: Number(row.evaluated_at),
      revision: Number(row.revision),
      verdict: text(row.verdict) as Verdict,
      score: row.score === null ? undefined : Number(row.score),
      runId: text(row.run_id),
    })
    const key = `${subjectKey(result)}/${result.revision}`
    const before = this.results.get(key)
    const isLater = before === undefined || result.evaluatedAtMs >= before.result.evaluatedAtMs
    this.results.set(key, { result: isLater ? result : before.result, copies: (before?.copies ?? 0) + 1 })
  }
}

const text = (cell: Row[string] | undefined): string => String(cell ?? '')
