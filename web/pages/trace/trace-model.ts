/** A trace as its page shows it: spans in the order of the tree, with their place in time. */
import type { Result, TraceResponse, Verdict } from '../../../client/api.ts'
import type { SpanJson } from '../../../engine/model/span-json.ts'
import { GRAVEST, gravestOf, latestOf } from './gravest.ts'

export interface TraceSpan extends SpanJson {
  readonly results: readonly Result[]
}

export interface Row {
  readonly span: TraceSpan
  /** Of a root 1. */
  readonly level: number
  readonly hasChildren: boolean
  /** From the start of the trace. */
  readonly offsetMs: number
}

export interface Trace {
  readonly traceId: string
  readonly rows: readonly Row[]
  readonly results: readonly Result[]
  readonly isTruncated: boolean
  readonly startTime: string
  readonly durationMs: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the calls that say what they cost; null where none does. */
  readonly costUsd: number | null
  readonly failedSpans: number
}

export function traceOf(response: TraceResponse): Trace {
  // The API's description leaves the span's own fields open; they are those of `SpanJson`.
  const spans = response.spans as unknown as readonly TraceSpan[]
  const startMs = Math.min(...spans.map((span) => preciseMs(span.startTime)))
  const endMs = Math.max(...spans.map((span) => preciseMs(span.startTime) + span.durationMs))
  const calls = spans.filter(({ kind }) => kind === 'llm' || kind === 'embedding')
  const sum = (of: (span: TraceSpan) => number | undefined): number =>
    calls.reduce((total, span) => total + (of(span) ?? 0), 0)
  return {
    traceId: response.traceId,
    rows: rowsOf(spans, startMs),
    results: response.results,
    isTruncated: response.truncated === true,
    startTime: new Date(startMs).toISOString(),
    durationMs: endMs - startMs,
    inputTokens: sum(({ tokens }) => tokens?.input),
    outputTokens: sum(({ tokens }) => tokens?.output),
    costUsd: calls.some(({ costUsd }) => costUsd !== undefined) ? sum(({ costUsd }) => costUsd) : null,
    failedSpans: spans.filter(({ status }) => status === 'error').length,
  }
}

/** `Date` stops at milliseconds, and spans are often shorter. */
export function preciseMs(rfc3339: string): number {
  const fraction = /\.(\d+)Z$/.exec(rfc3339)?.[1] ?? ''
  return Date.parse(`${rfc3339.slice(0, 19)}Z`) + Number(`0.${fraction || '0'}`) * 1_000
}

/** Depth first, children by start. What names a parent that is not there stands as a root. */
function rowsOf(spans: readonly TraceSpan[], startMs: number): Row[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const children = new Map<string, TraceSpan[]>()
  for (const span of spans) {
    const parent = span.parentSpanId !== undefined && ids.has(span.parentSpanId) ? span.parentSpanId : ''
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [span])
    else siblings.push(span)
  }
  const rows: Row[] = []
  const seen = new Set<string>()
  const waiting = (children.get('') ?? []).toReversed().map((span) => ({ span, level: 1 }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { span, level } = next
    if (seen.has(span.spanId)) continue
    seen.add(span.spanId)
    const below = children.get(span.spanId) ?? []
    rows.push({ span, level, hasChildren: below.length > 0, offsetMs: preciseMs(span.startTime) - startMs })
    for (const child of below.toReversed()) waiting.push({ span: child, level: level + 1 })
  }
  // Parents in a circle have no root above them.
  for (const span of spans) {
    if (!seen.has(span.spanId))
      rows.push({ span, level: 1, hasChildren: false, offsetMs: preciseMs(span.startTime) - startMs })
  }
  return rows
}

/** Without what lies below closed ones. */
export function visibleRows(rows: readonly Row[], closed: ReadonlySet<string>): Row[] {
  const visible: Row[] = []
  let hiddenBelow = Number.POSITIVE_INFINITY
  for (const row of rows) {
    if (row.level > hiddenBelow) continue
    hiddenBelow = closed.has(row.span.spanId) ? row.level : Number.POSITIVE_INFINITY
    visible.push(row)
  }
  return visible
}

export interface EvalSummary {
  readonly evalId: string
  readonly gravest: Verdict
  /** The gravest first; without a span those on the trace as a whole. */
  readonly results: readonly Result[]
}

/** What each eval says of the trace and of its spans: those that fail first. */
export function summaryOf({ results, rows }: Trace): EvalSummary[] {
  const all = [...results, ...rows.flatMap(({ span }) => span.results.map((one) => ({ ...one, spanId: span.spanId })))]
  return [...Map.groupBy(latestOf(all), (result) => result.eval)]
    .map(([evalId, own]) => ({
      evalId,
      gravest: gravestOf(own) ?? 'unknown',
      results: own.toSorted((a, b) => GRAVEST.indexOf(a.verdict) - GRAVEST.indexOf(b.verdict)),
    }))
    .sort((a, b) => GRAVEST.indexOf(a.gravest) - GRAVEST.indexOf(b.gravest) || a.evalId.localeCompare(b.evalId))
}

export interface Mark {
  readonly start: number
  readonly end: number
  readonly patterns: readonly string[]
}

/** What verdicts matched, by span and field. */
export type Marks = ReadonlyMap<string, readonly Mark[]>

/** In all texts of a trace's spans: what verdicts on them matched, and those on others that looked at them. Overlaps are one mark. */
export function marksIn({ results, rows }: Trace): Marks {
  const found = new Map<string, Mark[]>()
  const take = (own: readonly Result[], owner: string | undefined): void => {
    for (const { evidence } of own)
      for (const { start, end, pattern, field, spanId = owner } of evidence) {
        if (spanId === undefined || end <= start) continue
        const key = keyOf(spanId, field)
        const mark = { start, end, patterns: [pattern] }
        const known = found.get(key)
        if (known === undefined) found.set(key, [mark])
        else known.push(mark)
      }
  }
  take(results, undefined)
  for (const { span } of rows) take(span.results, span.spanId)
  return new Map([...found].map(([key, marks]) => [key, joined(marks)]))
}

export const marksOf = (marks: Marks, spanId: string, field: string): readonly Mark[] =>
  marks.get(keyOf(spanId, field)) ?? []

const keyOf = (spanId: string, field: string): string => `${spanId} ${field}`

function joined(found: readonly Mark[]): Mark[] {
  const marks: Mark[] = []
  for (const { start, end, patterns } of found.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const last = marks.at(-1)
    if (last === undefined || start >= last.end) marks.push({ start, end, patterns })
    else
      marks[marks.length - 1] = {
        start: last.start,
        end: Math.max(last.end, end),
        patterns: [...new Set([...last.patterns, ...patterns])],
      }
  }
  return marks
}
