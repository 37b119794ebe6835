/** What the assembly keeps of a trace, and how much of that a worker may keep in all. */
import { CAPS } from '../../dsl/caps.ts'
import type { Evaluator, ProjectedSpan } from '../../engine/evaluate/evaluator.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import { holdsMask } from './masked-texts.ts'
import { type PackedSpans, packSpans, unpackSpans } from './packed-spans.ts'

/** A trace's key, of one of its spans. Spans of a trace mostly follow each other: a text made anew would be hashed for each of them. */
export function keysOfTraces(): (of: Pick<Span, 'tenant' | 'traceId'>) => string {
  let last = { tenant: '', traceId: '', key: '' }
  return ({ tenant, traceId }) => {
    if (traceId !== last.traceId || tenant !== last.tenant) last = { tenant, traceId, key: tenant + traceId }
    return last.key
  }
}

/** Why a trace was judged when it was. `overflow`: early, for want of room. */
export type SettleCause = 'root' | 'idle' | 'age' | 'overflow'

export interface TraceInMemory {
  readonly tenant: string
  readonly traceId: string
  /** The definitions in force when its first span came: they judge it to the end, late spans included. */
  readonly evaluator: Evaluator
  /** The spans that came last, by span id; null when all are packed. */
  fresh: Map<string, ProjectedSpan> | null
  /** Those that came before them, as they came. Of one that was sent twice the later counts. */
  packed: readonly PackedSpans[]
  /** Of both. One that was sent again after it was packed counts twice. */
  spanCount: number
  /** What it costs to keep, roughly. */
  sizeBytes: number
  isSettled: boolean
  /** Of the verdicts that it will be, or was, judged with. */
  revision: number
  /** Where its first span (of this revision) stands in the partition; what came before must be stored to be known. */
  firstOffset: number
  /** Where its last span stands. */
  lastOffset: number
  /** While it is open, what is committed stays before this; null when it was held for too long. */
  heldOffset: number | null
  /** On the partition's clock. */
  firstAtMs: number
  lastAtMs: number
  /** When it settles because its root has ended, or because the late span that reopened it has come. */
  dueAtMs: number | null
  hasRoot: boolean
  /** Spans of it were seen and forgotten when memory ran out. */
  isPiece: boolean
  /**
   * It has a span from before this worker's time: others may have come before a restart, and be committed. Also where the trace was judged
   * then: what is read again begins with the oldest open trace, in the middle of others.
   */
  beganBefore: boolean
  /** Spans of it were read back from the store with texts that are masked there. */
  hasMaskedTexts: boolean
  /** What was said of it in `revision` already, where all of its spans were read again; empty where there is nothing to compare. */
  said: readonly EvalResult[]
}

/** Of a trace that no span was packed of. */
const NOT_PACKED: readonly PackedSpans[] = Object.freeze([])

/** `atMs`: on the partition's clock. */
export type NewTrace = { readonly of: Pick<Span, 'tenant' | 'traceId'>; readonly atMs: number } & Pick<
  TraceInMemory,
  'evaluator' | 'revision' | 'firstOffset' | 'lastOffset' | 'isPiece' | 'beganBefore'
>

/** One of which no span is here yet. */
export function newTrace(begun: NewTrace): TraceInMemory {
  return {
    tenant: begun.of.tenant,
    traceId: begun.of.traceId,
    evaluator: begun.evaluator,
    fresh: null,
    packed: NOT_PACKED,
    spanCount: 0,
    sizeBytes: 0,
    isSettled: false,
    revision: begun.revision,
    firstOffset: begun.firstOffset,
    lastOffset: begun.lastOffset,
    heldOffset: null,
    firstAtMs: begun.atMs,
    lastAtMs: begun.atMs,
    dueAtMs: null,
    hasRoot: false,
    isPiece: begun.isPiece,
    beganBefore: begun.beganBefore,
    hasMaskedTexts: false,
    said: NOTHING_SAID,
  }
}

/** The spans of the trace by span id, made anew of what is packed. */
export function spansById(trace: TraceInMemory): ReadonlyMap<string, ProjectedSpan> {
  if (trace.packed.length === 0) return trace.fresh ?? NO_SPANS
  const byId = new Map<string, ProjectedSpan>()
  for (const packed of trace.packed) for (const span of unpackSpans(packed, trace)) byId.set(span.spanId, span)
  if (trace.fresh !== null) for (const [spanId, span] of trace.fresh) byId.set(spanId, span)
  return byId
}

const NO_SPANS: ReadonlyMap<string, ProjectedSpan> = new Map()

/** As `spansById`, in the order in which they came first. */
export function spansOf(trace: TraceInMemory): readonly ProjectedSpan[] {
  const [first] = trace.packed
  // Most traces come in one record.
  if (first !== undefined && trace.packed.length === 1 && trace.fresh === null) return unpackSpans(first, trace)
  return [...spansById(trace).values()]
}

/** What the store has of a trace. */
export interface StoredTrace {
  readonly spans: readonly Span[]
  /** What was said of it when it settled, in the latest revision. */
  readonly said: readonly EvalResult[]
  readonly nextRevision: number
}

export const NOTHING_SAID: readonly EvalResult[] = Object.freeze([])

/** What is left of one whose spans are forgotten: all of them have to be read back. */
export function withoutSpans(trace: TraceInMemory): TraceInMemory {
  return {
    ...trace,
    fresh: null,
    packed: NOT_PACKED,
    spanCount: 0,
    sizeBytes: 0,
    isSettled: false,
    firstOffset: trace.lastOffset + 1,
    isPiece: true,
    hasMaskedTexts: false,
    said: NOTHING_SAID,
  }
}

/**
 * What was read back of a trace that may be incomplete, with all that came before what is known. Where that adds nothing, its revision
 * stays: it is the same trace read again, unless something else is said of it than before.
 */
export function complete(
  trace: TraceInMemory,
  { spans, said, nextRevision }: StoredTrace,
  keep: (span: Span) => void = (span) => put(trace, trace.evaluator.project(span)),
): void {
  trace.isPiece = false
  trace.beganBefore = false
  const known = spansById(trace)
  const lacking = spans.filter((span) => !known.has(span.spanId))
  if (lacking.length === 0) {
    trace.revision = Math.max(trace.revision, nextRevision - 1)
    trace.said = said.filter(({ revision }) => revision === trace.revision)
    return
  }
  trace.revision = Math.max(trace.revision, nextRevision)
  for (const span of lacking) {
    if (holdsMask(trace.evaluator.project(span))) trace.hasMaskedTexts = true
    keep(span)
  }
}

export function mayBeIncomplete({ isPiece, beganBefore }: TraceInMemory): boolean {
  return isPiece || beganBefore
}

/** Shared by the partitions of a worker. */
export interface AssemblyBudget {
  readonly maxTraces: number
  readonly maxSpans: number
  readonly maxBytes: number
  /** Of that, for traces that were judged: they are kept for late spans alone, and can be read back. */
  readonly maxSettledBytes: number
  /** Ids of settled traces kept beyond that, to know a late span from a new trace. */
  readonly maxKnownIds: number
  traces: number
  spans: number
  sizeBytes: number
  settledBytes: number
  knownIds: number
}

export const defaultBudget = (): AssemblyBudget => ({
  maxTraces: 100_000,
  maxSpans: 500_000,
  maxBytes: 160 << 20,
  maxSettledBytes: 32 << 20,
  maxKnownIds: 200_000,
  traces: 0,
  spans: 0,
  sizeBytes: 0,
  settledBytes: 0,
  knownIds: 0,
})

export function isOver(budget: AssemblyBudget): boolean {
  return budget.traces > budget.maxTraces || budget.spans > budget.maxSpans || budget.sizeBytes > budget.maxBytes
}

/** Of one that was sent before, the later counts. */
export function keep(trace: TraceInMemory, span: Span, budget: AssemblyBudget): void {
  const projected = trace.evaluator.project(span)
  const before = put(trace, projected)
  resize(trace, trace.sizeBytes + sizeOf(projected) - (before === undefined ? 0 : sizeOf(before)), budget)
  if (before === undefined) budget.spans++
}

/** What was there in its place. */
function put(trace: TraceInMemory, span: ProjectedSpan): ProjectedSpan | undefined {
  trace.fresh ??= new Map()
  const before = trace.fresh.get(span.spanId)
  trace.fresh.set(span.spanId, span)
  if (before === undefined) trace.spanCount++
  return before
}

/**
 * A text of a span or two takes more than they do. What comes twice is counted once only where it is unpacked, for which a trace that seems full is: half of
 * what it may have has to come again before that is done another time.
 */
export function isWorthPacking({ fresh, spanCount }: TraceInMemory): boolean {
  return fresh !== null && fresh.size >= LEAST_TO_PACK && spanCount <= CAPS.spansPerTrace / 2
}

const LEAST_TO_PACK = 4

/** The spans that came last are one text from now on. */
export function pack(trace: TraceInMemory, budget: AssemblyBudget): void {
  const { fresh } = trace
  if (fresh === null) return
  const packed = packSpans(fresh)
  trace.packed = [...trace.packed, packed]
  trace.fresh = null
  let sizeBytes = trace.sizeBytes + PACKED_BYTES + packed.bytes.length
  for (const span of fresh.values()) sizeBytes -= sizeOf(span)
  resize(trace, sizeBytes, budget)
}

/** All of its spans are objects from now on. */
export function unpack(trace: TraceInMemory, budget: AssemblyBudget): void {
  if (trace.packed.length === 0) return
  trace.fresh = new Map(spansById(trace))
  trace.packed = NOT_PACKED
  budget.spans += trace.fresh.size - trace.spanCount
  trace.spanCount = trace.fresh.size
  let sizeBytes = TRACE_BYTES
  for (const span of trace.fresh.values()) sizeBytes += sizeOf(span)
  resize(trace, sizeBytes, budget)
}

/** It is kept from now on. */
export function admit(trace: TraceInMemory, budget: AssemblyBudget): void {
  budget.traces++
  resize(trace, TRACE_BYTES, budget)
}

/** It is let go of. */
export function release(trace: TraceInMemory, budget: AssemblyBudget): void {
  budget.traces--
  budget.spans -= trace.spanCount
  budget.sizeBytes -= trace.sizeBytes
  if (trace.isSettled) budget.settledBytes -= trace.sizeBytes
}

function resize(trace: TraceInMemory, sizeBytes: number, budget: AssemblyBudget): void {
  budget.sizeBytes += sizeBytes - trace.sizeBytes
  if (trace.isSettled) budget.settledBytes += sizeBytes - trace.sizeBytes
  trace.sizeBytes = sizeBytes
}

/** It is judged, or open again. */
export function markSettled(trace: TraceInMemory, isSettled: boolean, budget: AssemblyBudget): void {
  if (trace.isSettled === isSettled) return
  trace.isSettled = isSettled
  budget.settledBytes += isSettled ? trace.sizeBytes : -trace.sizeBytes
}

/** The trace itself, with its entry and without its spans. */
const TRACE_BYTES = 450
/** The text and its list, without its characters. */
const PACKED_BYTES = 100
/** The object, its map entry and its short texts. */
const SPAN_BYTES = 500

/** Roughly: texts count, at two bytes a unit for those that are not Latin-1 and one for the rest, say one and a half. */
function sizeOf(span: ProjectedSpan): number {
  let units = span.inputText?.length ?? 0
  units += span.outputText?.length ?? 0
  units += span.toolArguments?.length ?? 0
  units += span.toolResult?.length ?? 0
  units += span.retrievalQuery?.length ?? 0
  if (span.documents !== undefined) for (const { text } of span.documents) units += text?.length ?? 0
  return SPAN_BYTES + units * 1.5
}

/** Sent again as it was. Lists and maps are not looked into: they change with the rest if at all. */
export function isSameSpan(a: ProjectedSpan, b: ProjectedSpan): boolean {
  for (const key of Object.keys(a) as (keyof ProjectedSpan)[]) {
    const value = a[key]
    if (typeof value !== 'object' && value !== b[key]) return false
  }
  return true
}
