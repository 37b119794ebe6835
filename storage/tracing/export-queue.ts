/** Spans on their way to a collector: a bounded queue, sent in batches, one at a time. What does not fit is dropped and counted. */
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { tracingSpans } from '../metrics/registry.ts'

export interface ExportQueueOptions {
  readonly exporter: SpanExporter
  /** Spans could not be sent, for the first time since some were. */
  readonly onFailure: (reason: string) => void
  /** They can be again. */
  readonly onRecovery: () => void
  readonly maxSpans?: number
  readonly delayMs?: number
}

const MAX_SPANS = 2_048
const MAX_BATCH = 512
const DELAY_MS = 1_000
/** The end of a process waits for a collector no longer than this. */
const FAREWELL_MS = 2_000

export class ExportQueue implements SpanProcessor {
  readonly #options: ExportQueueOptions
  readonly #maxSpans: number
  #waiting: ReadableSpan[] = []
  #sending: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #isFailing = false

  constructor(options: ExportQueueOptions) {
    this.#options = options
    this.#maxSpans = options.maxSpans ?? MAX_SPANS
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & 1) === 0) return
    if (this.#waiting.length >= this.#maxSpans) {
      tracingSpans.inc({ outcome: 'dropped' })
      return
    }
    this.#waiting.push(span)
    this.#schedule()
  }

  /** Resolves when what waited was sent or given up. */
  async forceFlush(): Promise<void> {
    while (this.#sending !== null || this.#waiting.length > 0) await (this.#sending ?? this.#sendNext())
  }

  async shutdown(): Promise<void> {
    const patience = Promise.withResolvers<void>()
    const timer = setTimeout(patience.resolve, FAREWELL_MS)
    await Promise.race([this.forceFlush(), patience.promise])
    clearTimeout(timer)
    this.#clearTimer()
    this.#waiting = []
    // It would wait for tries of its own.
    void this.#options.exporter.shutdown().catch(() => {})
  }

  #schedule(): void {
    if (this.#sending !== null) return
    if (this.#waiting.length >= MAX_BATCH) void this.#sendNext()
    else this.#timer ??= setTimeout(() => void this.#sendNext(), this.#options.delayMs ?? DELAY_MS).unref()
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  /** Never rejects. */
  #sendNext(): Promise<void> {
    this.#clearTimer()
    const batch = this.#waiting.splice(0, MAX_BATCH)
    const sending = new Promise<string | null>((resolve) => {
      try {
        this.#options.exporter.export(batch, ({ code, error }) =>
          resolve(code === 0 ? null : (error?.message ?? 'it was refused')),
        )
      } catch (error) {
        resolve(String(error))
      }
    }).then((failure) => {
      this.#sending = null
      this.#told(batch.length, failure)
      if (this.#waiting.length > 0) this.#schedule()
    })
    this.#sending = sending
    return sending
  }

  #told(spans: number, failure: string | null): void {
    tracingSpans.inc({ outcome: failure === null ? 'exported' : 'failed' }, spans)
    if (failure !== null && !this.#isFailing) this.#options.onFailure(failure)
    if (failure === null && this.#isFailing) this.#options.onRecovery()
    this.#isFailing = failure !== null
  }
}
