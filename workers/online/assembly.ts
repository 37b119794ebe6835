/**
 * Puts the traces of one partition together from their spans, and says when each is to be judged: 5 s after its root came, or
 * after 2 min without a span and without a root, or at 1 h. Pure: its clock is the log's append time, so that reading a
 * partition again settles the same traces with the same spans, at any speed; a reader that has caught up advances it by the wall
 * clock. A span that comes after that reopens its trace, for a next revision.
 */

import { CAPS } from '../../dsl/caps.ts'
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import type { Span } from '../../engine/model/span.ts'
import type { AssemblyTimes } from './assembly-times.ts'
import { Fifo } from './fifo.ts'
import { KnownTraces } from './known-traces.ts'
import { MinHeap } from './min-heap.ts'
import {
  type AssemblyBudget,
  admit,
  complete,
  isOver,
  isSameSpan,
  isWorthPacking,
  keep,
  keysOfTraces,
  markSettled,
  mayBeIncomplete,
  newTrace,
  pack,
  release,
  type SettleCause,
  type StoredTrace,
  type TraceInMemory,
  unpack,
} from './traces-in-memory.ts'

export interface DueTrace {
  readonly trace: TraceInMemory
  readonly cause: SettleCause
}

export interface AssemblyOptions {
  times: AssemblyTimes
  budget: AssemblyBudget
  partition?: number
  /** Traces that began before this may have spans which this assembly was not given. Ms since the epoch; none has unless told. */
  knowsSinceMs?: number
}

/**
 * A trace may settle otherwise and open again: the entry is good while it says what the trace says. By key, for an entry may stay
 * in its queue for longer than the trace in memory.
 */
interface Scheduled {
  readonly key: string
  readonly dueAtMs: number
}

/** Good while the trace is open and held there. */
interface Held {
  readonly key: string
  readonly offset: number
  /** When the log took what stands there. */
  readonly atMs: number
}

export class TraceAssembly {
  /** Of the log. */
  readonly partition: number
  readonly #times: AssemblyTimes
  readonly #budget: AssemblyBudget
  /** In order of their first span. */
  readonly #open = new Map<string, TraceInMemory>()
  /** Open, without a root, in order of their last span. */
  readonly #rootless = new Map<string, TraceInMemory>()
  /** In order of `dueAtMs`. */
  readonly #due = new Fifo<Scheduled>()
  readonly #held = new MinHeap<Held>(({ offset }) => offset)
  /** Judged, with their spans, in order of settling. */
  readonly #settled = new Map<string, TraceInMemory>()
  /** Judged, without their spans. */
  readonly #known: KnownTraces
  readonly #overflown: DueTrace[] = []
  /** That spans came of since the last look, and those that settled then. */
  readonly #toPack: TraceInMemory[] = []
  /** Of traces of any tenant, and of those of some in particular. */
  #knowsSinceMs: number
  readonly #knowsTenantSinceMs = new Map<string, number>()
  #clockMs = Number.NEGATIVE_INFINITY
  readonly #keyOf = keysOfTraces()

  constructor(options: AssemblyOptions) {
    this.partition = options.partition ?? 0
    this.#times = options.times
    this.#budget = options.budget
    this.#known = new KnownTraces(options.budget)
    this.#knowsSinceMs = options.knowsSinceMs ?? Number.NEGATIVE_INFINITY
  }

  /** From now on traces of the tenant are given; those that began before `ms` may have spans that were not. */
  knowsSince(tenant: string, ms: number): void {
    this.#knowsTenantSinceMs.set(tenant, ms)
  }

  /** The clock never goes back. */
  advance(toMs: number): void {
    if (toMs > this.#clockMs) this.#clockMs = toMs
  }

  /** `evaluator` judges the trace if this is its first span. Call `takeDue` before. */
  add(span: Span, offset: number, evaluator: Evaluator): void {
    const key = this.#keyOf(span)
    const settled = this.#settled.get(key)
    const trace =
      this.#open.get(key) ??
      (settled === undefined ? this.#begin(key, span, offset, evaluator) : this.#reopen(key, settled, span, offset))
    if (trace === null || this.#isFull(trace, span)) return
    keep(trace, span, this.#budget)
    if (this.#toPack.at(-1) !== trace) this.#toPack.push(trace)
    if (span.startTimeUs / 1000 < this.#sinceMs(span.tenant)) trace.beganBefore = true
    trace.lastAtMs = this.#clockMs
    trace.lastOffset = offset
    if (trace.heldOffset === null) this.#hold(key, trace, offset)
    if (span.parentSpanId === undefined && !trace.hasRoot) {
      trace.hasRoot = true
      this.#rootless.delete(key)
      this.#schedule(key, trace)
    } else if (trace.dueAtMs === null) {
      this.#rootless.delete(key)
      this.#rootless.set(key, trace)
    }
    this.#makeRoom()
  }

  /** Traces that are to be judged at this time of the clock; they are remembered for late spans. */
  takeDue(): DueTrace[] {
    this.#pack()
    const due = this.#overflown.splice(0)
    for (let next = this.#nextScheduled(); next !== null; next = this.#nextScheduled()) {
      if (next.dueAtMs > this.#clockMs) break
      this.#due.shift()
      due.push(this.#settle(this.#open.get(next.key)!, 'root'))
    }
    for (const trace of this.#rootless.values()) {
      if (trace.lastAtMs + this.#times.idleMs > this.#clockMs) break
      due.push(this.#settle(trace, 'idle'))
    }
    for (const trace of this.#open.values()) {
      if (trace.firstAtMs + this.#times.maxOpenMs > this.#clockMs) break
      due.push(this.#settle(trace, 'age'))
    }
    return due
  }

  /** When the clock has to be advanced to for the next trace to be due; null when none is open. */
  nextDueMs(): number | null {
    let next = Number.POSITIVE_INFINITY
    const scheduled = this.#nextScheduled()
    if (scheduled !== null) next = scheduled.dueAtMs
    for (const trace of this.#rootless.values()) {
      next = Math.min(next, trace.lastAtMs + this.#times.idleMs)
      break
    }
    for (const trace of this.#open.values()) {
      next = Math.min(next, trace.firstAtMs + this.#times.maxOpenMs)
      break
    }
    return this.#overflown.length > 0 ? this.#clockMs : Number.isFinite(next) ? next : null
  }

  /** As `nextDueMs`, and when offsets that are held are let go. */
  nextChangeMs(): number | null {
    const dueMs = this.nextDueMs()
    if (dueMs === null || this.heldOffset() === null) return dueMs
    return Math.min(dueMs, this.#held.peek()!.atMs + this.#times.holdMs)
  }

  /** The offset that may not be committed past, for an open trace; null if there is none. */
  heldOffset(): number | null {
    for (let first = this.#held.peek(); first !== undefined; first = this.#held.peek()) {
      const { key, offset, atMs } = first
      const trace = this.#open.get(key)
      if (trace === undefined || trace.heldOffset !== offset) {
        this.#held.shift()
        continue
      }
      if (atMs + this.#times.holdMs > this.#clockMs) return offset
      this.#held.shift()
      // Held for long enough by this; by its last span it is found again after a restart, and the rest read back.
      trace.heldOffset = null
      const isHeldByItsLast = trace.lastOffset > offset && trace.lastAtMs + this.#times.holdMs > this.#clockMs
      if (isHeldByItsLast) this.#hold(key, trace, trace.lastOffset)
    }
    return null
  }

  /** `complete` of a settled trace. */
  amend(trace: TraceInMemory, stored: StoredTrace): void {
    if (this.keepsSettled(trace)) complete(trace, stored, (span) => keep(trace, span, this.#budget))
    else complete(trace, stored)
  }

  /** A trace of this id is open: it is going to be judged. */
  isOpen({ tenant, traceId }: TraceInMemory): boolean {
    return this.#open.has(tenant + traceId)
  }

  /**
   * It has no root, and nothing in its spans tells whether it is a trace of its own or the late end of one that came before this assembly's
   * time. What is later than any trace lives is taken for its own.
   */
  mayBeLateEnd(trace: TraceInMemory): boolean {
    if (trace.hasRoot || mayBeIncomplete(trace)) return false
    return trace.firstAtMs < this.#sinceMs(trace.tenant) + this.#times.maxOpenMs
  }

  /** It was judged, and no span came since; its spans are in memory. */
  keepsSettled(trace: TraceInMemory): boolean {
    return this.#settled.get(trace.tenant + trace.traceId) === trace
  }

  get openTraces(): number {
    return this.#open.size
  }

  /** When the first span of the oldest open trace came, on the clock; null when none is open. */
  get oldestOpenAtMs(): number | null {
    for (const { firstAtMs } of this.#open.values()) return firstAtMs
    return null
  }

  /** Open traces whose first span came then, on the clock; the end is not in it. */
  openTracesBegunIn(fromMs: number, toMs: number): number {
    let count = 0
    for (const { firstAtMs } of this.#open.values()) if (firstAtMs >= fromMs && firstAtMs < toMs) count++
    return count
  }

  /** Nothing is left of these traces, and none of them is judged any more. */
  erase(tenant: string, traceIds: readonly string[]): void {
    for (const traceId of traceIds) {
      const key = tenant + traceId
      for (const kept of [this.#open, this.#settled]) {
        const trace = kept.get(key)
        if (trace !== undefined) release(trace, this.#budget)
        kept.delete(key)
      }
      this.#rootless.delete(key)
      this.#known.take(key)
      const overflown = this.#overflown.findIndex(({ trace }) => trace.tenant + trace.traceId === key)
      if (overflown >= 0) this.#overflown.splice(overflown, 1)
    }
  }

  /** Gives what it holds back to the budget: the partition is another's now. */
  drop(): void {
    for (const trace of [...this.#open.values(), ...this.#settled.values()]) release(trace, this.#budget)
    this.#open.clear()
    this.#settled.clear()
    this.#known.drop()
    this.#toPack.length = 0
  }

  /** Of one with as many spans as are judged no others are kept. */
  #isFull(trace: TraceInMemory, span: Span): boolean {
    if (trace.spanCount <= CAPS.spansPerTrace) return false
    // Counted exactly: it is not packed from now on.
    unpack(trace, this.#budget)
    return trace.spanCount > CAPS.spansPerTrace && trace.fresh?.has(span.spanId) !== true
  }

  #sinceMs(tenant: string): number {
    return Math.max(this.#knowsSinceMs, this.#knowsTenantSinceMs.get(tenant) ?? Number.NEGATIVE_INFINITY)
  }

  #begin(key: string, span: Span, offset: number, evaluator: Evaluator): TraceInMemory | null {
    if (!evaluator.needsTraces) return null
    const known = this.#known.take(key)
    const trace = newTrace({
      of: span,
      evaluator,
      revision: (known?.revision ?? 0) + 1,
      firstOffset: offset,
      lastOffset: offset,
      atMs: this.#clockMs,
      isPiece: known !== null,
      beganBefore: false,
    })
    admit(trace, this.#budget)
    this.#opened(key, trace)
    if (known !== null) this.#schedule(key, trace)
    else this.#rootless.set(key, trace)
    return trace
  }

  /** Null when the span is one that the verdict knew. */
  #reopen(key: string, trace: TraceInMemory, span: Span, offset: number): TraceInMemory | null {
    // It stays so: where one span comes again, others do, and each would have all of them unpacked.
    unpack(trace, this.#budget)
    const before = trace.fresh?.get(span.spanId)
    if (before !== undefined && isSameSpan(before, trace.evaluator.project(span))) return null
    this.#settled.delete(key)
    markSettled(trace, false, this.#budget)
    trace.revision++
    trace.firstOffset = offset
    trace.firstAtMs = this.#clockMs
    this.#opened(key, trace)
    this.#schedule(key, trace)
    return trace
  }

  #opened(key: string, trace: TraceInMemory): void {
    this.#open.set(key, trace)
    this.#hold(key, trace, trace.firstOffset)
  }

  #hold(key: string, trace: TraceInMemory, offset: number): void {
    trace.heldOffset = offset
    this.#held.push({ key, offset, atMs: offset === trace.firstOffset ? trace.firstAtMs : trace.lastAtMs })
  }

  #nextScheduled(): Scheduled | null {
    for (let next = this.#due.peek(); next !== undefined; next = this.#due.peek()) {
      if (this.#open.get(next.key)?.dueAtMs === next.dueAtMs) return next
      this.#due.shift()
    }
    return null
  }

  #schedule(key: string, trace: TraceInMemory): void {
    trace.dueAtMs = this.#clockMs + this.#times.settleMs
    this.#due.push({ key, dueAtMs: trace.dueAtMs })
  }

  #settle(trace: TraceInMemory, cause: SettleCause): DueTrace {
    const key = trace.tenant + trace.traceId
    if (!trace.hasRoot || mayBeIncomplete(trace)) unpack(trace, this.#budget)
    this.#open.delete(key)
    this.#rootless.delete(key)
    this.#settled.set(key, trace)
    markSettled(trace, true, this.#budget)
    this.#toPack.push(trace)
    return { trace, cause }
  }

  /** What came is packed while it is young, in texts of some spans each; what was judged too. */
  #pack(): void {
    for (const trace of this.#toPack.splice(0)) {
      if (this.#open.get(trace.tenant + trace.traceId) === trace ? isWorthPacking(trace) : this.#isJudged(trace)) {
        pack(trace, this.#budget)
      }
    }
  }

  /** Of those that wait for the store the spans are looked at again. */
  #isJudged(trace: TraceInMemory): boolean {
    return trace.hasRoot && !mayBeIncomplete(trace) && this.keepsSettled(trace)
  }

  /** Settled traces are forgotten first, the oldest before the others; then open ones are judged as they are. */
  #makeRoom(): void {
    for (const settled of this.#settled.values()) {
      if (this.#budget.settledBytes <= this.#budget.maxSettledBytes) break
      this.#forget(settled)
    }
    while (isOver(this.#budget)) {
      const [settled] = this.#settled.values()
      if (settled !== undefined) {
        this.#forget(settled)
        continue
      }
      const [oldest] = this.#open.values()
      if (oldest === undefined) return
      this.#overflown.push(this.#settle(oldest, 'overflow'))
    }
  }

  #forget(trace: TraceInMemory): void {
    const key = trace.tenant + trace.traceId
    this.#settled.delete(key)
    release(trace, this.#budget)
    const goneMs = this.#known.add(key, trace.revision, this.#clockMs)
    // What began before may be a late end of one of those.
    if (goneMs !== null) this.#knowsSinceMs = Math.max(this.#knowsSinceMs, goneMs)
  }
}
