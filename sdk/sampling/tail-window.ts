/** Traces that the head decision would drop, held for a while in case one of their spans fails or is slow. */
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

export interface TailLimits {
  traces: number
  spans: number
  sizeBytes: number
  ageMs: number
}

interface Held {
  spans: ReadableSpan[]
  sizeBytes: number
  sinceMs: number
}

/**
 * Bounded in traces, spans, bytes and time. Whatever bound is passed, the oldest trace is given up: it would most likely have been
 * dropped anyway.
 */
export class TailWindow {
  readonly #limits: TailLimits
  readonly #giveUp: (spanCount: number) => void
  /** In the order of their first spans. */
  readonly #held = new Map<string, Held>()
  /** Traces that turned out to be worth keeping: what comes of them later is kept as well. */
  readonly #kept = new Set<string>()
  #spanCount = 0
  #sizeBytes = 0

  constructor(limits: TailLimits, giveUp: (spanCount: number) => void) {
    this.#limits = limits
    this.#giveUp = giveUp
  }

  get spanCount(): number {
    return this.#spanCount
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  isKept(traceId: string): boolean {
    return this.#kept.has(traceId)
  }

  hold(traceId: string, span: ReadableSpan, sizeBytes: number, nowMs: number): void {
    let held = this.#held.get(traceId)
    if (held === undefined) {
      held = { spans: [], sizeBytes: 0, sinceMs: nowMs }
      this.#held.set(traceId, held)
    }
    held.spans.push(span)
    held.sizeBytes += sizeBytes
    this.#spanCount++
    this.#sizeBytes += sizeBytes
    this.#shrink(nowMs)
  }

  /** The trace is worth keeping: its spans so far. */
  keep(traceId: string): readonly ReadableSpan[] {
    this.#kept.add(traceId)
    if (this.#kept.size > this.#limits.traces)
      for (const oldest of this.#kept) {
        this.#kept.delete(oldest)
        break
      }
    return this.#remove(traceId)
  }

  /** The trace has ended, and nothing of it was worth keeping. */
  drop(traceId: string): void {
    const count = this.#remove(traceId).length
    if (count > 0) this.#giveUp(count)
  }

  clear(): void {
    for (const traceId of [...this.#held.keys()]) this.drop(traceId)
  }

  #remove(traceId: string): readonly ReadableSpan[] {
    const held = this.#held.get(traceId)
    if (held === undefined) return []
    this.#held.delete(traceId)
    this.#spanCount -= held.spans.length
    this.#sizeBytes -= held.sizeBytes
    return held.spans
  }

  #shrink(nowMs: number): void {
    const { traces, spans, sizeBytes, ageMs } = this.#limits
    for (const [traceId, held] of this.#held) {
      const isOver =
        this.#held.size > traces ||
        this.#spanCount > spans ||
        this.#sizeBytes > sizeBytes ||
        nowMs - held.sinceMs > ageMs
      if (!isOver) return
      this.drop(traceId)
    }
  }
}
