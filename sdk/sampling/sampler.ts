import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { spanSizeBytes } from '../export/span-size.ts'
import { keepsTrace } from './head.ts'
import { type TailLimits, TailWindow } from './tail-window.ts'

export interface SamplingOptions {
  /** Of all traces, by their ids: 0.1 keeps one of ten. 1 if absent. */
  rate?: number
  /** Keeps traces with a span whose status is an error, whatever the rate. True if absent. */
  keepErrors?: boolean
  /** Keeps traces with a span that took as long, whatever the rate. 10 s if absent; `null` for none. */
  keepSlowerThanMs?: number | null
  /** What may be held back until it is known whether a trace fails or is slow: 500 traces, 4,000 spans, 8 MiB, 60 s. */
  window?: Partial<TailLimits>
}

const WINDOW: TailLimits = { traces: 500, spans: 4_000, sizeBytes: 8 * 1024 * 1024, ageMs: 60_000 }

const durationMsOf = (span: ReadableSpan): number => span.duration[0] * 1_000 + span.duration[1] / 1e6

/** Decides on whole traces as their spans end: by id, and for the others by what becomes of them. */
export class Sampler {
  readonly #rate: number
  readonly #keepErrors: boolean
  readonly #slowMs: number
  readonly #window: TailWindow
  #sampledOut = 0

  constructor({ rate = 1, keepErrors = true, keepSlowerThanMs = 10_000, window }: SamplingOptions) {
    this.#rate = Number.isFinite(rate) ? Math.min(1, Math.max(0, rate)) : 1
    this.#keepErrors = keepErrors
    this.#slowMs = keepSlowerThanMs ?? Number.POSITIVE_INFINITY
    this.#window = new TailWindow({ ...WINDOW, ...window }, (count) => {
      this.#sampledOut += count
    })
  }

  /** Spans that were left out on purpose. */
  get sampledOut(): number {
    return this.#sampledOut
  }

  /** Spans of which it is not known yet. */
  get undecided(): number {
    return this.#window.spanCount
  }

  /** Calls `keep` with what shall be sent now, which may be spans of before. */
  offer(span: ReadableSpan, nowMs: number, keep: (span: ReadableSpan) => void): void {
    const { traceId } = span.spanContext()
    if (keepsTrace(traceId, this.#rate) || this.#window.isKept(traceId)) keep(span)
    else if (this.#isWorthKeeping(span)) {
      for (const earlier of this.#window.keep(traceId)) keep(earlier)
      keep(span)
    } else {
      this.#window.hold(traceId, span, spanSizeBytes(span), nowMs)
      const parent = span.parentSpanContext
      // A root, here or of this service's part: nothing more is to be expected.
      if (parent === undefined || parent.isRemote === true) this.#window.drop(traceId)
    }
  }

  /** Gives up what is undecided. */
  close(): void {
    this.#window.clear()
  }

  #isWorthKeeping(span: ReadableSpan): boolean {
    if (this.#keepErrors && span.status.code === SpanStatusCode.ERROR) return true
    return durationMsOf(span) >= this.#slowMs
  }
}
