/** What the assembly keeps of a trace, and how much of that a worker may keep in all. */
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
  /** By span id; of one sent twice, the later. */
  spans: Map<string, ProjectedSpan>
  /** Instead of `spans`, once it is judged and nothing is likely to be asked of them. */
  packed: PackedSpans | null
  /** What it costs to keep, roughly. */
  sizeBytes: number
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
    spans: new Map(),
    packed: null,
    sizeBytes: 0,
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
  keep: (span: Span) => void = (span) => trace.spans.set(span.spanId, trace.evaluator.project(span)),
): void {
  trace.isPiece = false
  trace.beganBefore = false
  const lacking = spans.filter((span) => !trace.spans.has(span.spanId))
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
  /** Ids of settled traces kept beyond that, to know a late span from a new trace. */
  readonly maxKnownIds: number
  traces: number
  spans: number
  sizeBytes: number
  knownIds: number
}

export const defaultBudget = (): AssemblyBudget => ({
  maxTraces: 100_000,
  maxSpans: 500_000,
  maxBytes: 160 << 20,
  maxKnownIds: 200_000,
  traces: 0,
  spans: 0,
  sizeBytes: 0,
  knownIds: 0,
})

export function isOver(budget: AssemblyBudget): boolean {
  return budget.traces > budget.maxTraces || budget.spans > budget.maxSpans || budget.sizeBytes > budget.maxBytes
}

/** Of one that was sent before, the later counts. */
export function keep(trace: TraceInMemory, span: Span, budget: AssemblyBudget): void {
  const projected = trace.evaluator.project(span)
  const before = trace.spans.get(span.spanId)
  trace.spans.set(span.spanId, projected)
  resize(trace, trace.sizeBytes + sizeOf(projected) - (before === undefined ? 0 : sizeOf(before)), budget)
  if (before === undefined) budget.spans++
}

/** Its spans are one text from now on. */
export function pack(trace: TraceInMemory, budget: AssemblyBudget): void {
  if (trace.packed !== null) return
  trace.packed = packSpans(trace.spans)
  trace.spans = PACKED
  resize(trace, PACKED_TRACE_BYTES + trace.packed.bytes.length, budget)
}

export function unpack(trace: TraceInMemory, budget: AssemblyBudget): void {
  if (trace.packed === null) return
  trace.spans = unpackSpans(trace.packed, trace)
  trace.packed = null
  let sizeBytes = 0
  for (const span of trace.spans.values()) sizeBytes += sizeOf(span)
  resize(trace, sizeBytes, budget)
}

/** It is let go of. */
export function release(trace: TraceInMemory, budget: AssemblyBudget): void {
  budget.traces--
  budget.spans -= trace.packed?.count ?? trace.spans.size
  budget.sizeBytes -= trace.sizeBytes
}

function resize(trace: TraceInMemory, sizeBytes: number, budget: AssemblyBudget): void {
  budget.sizeBytes += sizeBytes - trace.sizeBytes
  trace.sizeBytes = sizeBytes
}

/** Refuses: what one of them is given would be a span of all, of whatever tenant. */
class NoSpans extends Map<string, ProjectedSpan> {
  override set(): never {
    throw new Error('a trace is unpacked before spans are put into it')
  }
}

/** One for all of them: a map that is empty takes 200 bytes. */
const PACKED = new NoSpans()
/** The trace itself, with its entry and without its spans. */
const PACKED_TRACE_BYTES = 450
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
