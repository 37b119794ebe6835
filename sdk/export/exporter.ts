import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { Courier, type CourierStats } from './courier.ts'
import { type ExportOptions, exportSettings } from './options.ts'

/**
 * For those who keep a span processor of their own: the ring buffer, retries and compression of the SDK behind OpenTelemetry's exporter
 * interface. `AssaySpanProcessor` has them too, and needs no other processor in front of it.
 */
export class AssayExporter implements SpanExporter {
  readonly #courier: Courier

  constructor(options: ExportOptions = {}) {
    this.#courier = new Courier(exportSettings(options))
  }

  /** Takes the spans at once; calls back when they were delivered or lost. Never throws. */
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    const lostBefore = this.#courier.lostSpans
    for (const span of spans) this.#courier.add(span)
    this.#courier.whenGone(lostBefore, (ok) => {
      // No error with it: the SDK would log each, and ours is told once a minute.
      resultCallback({ code: ok ? ExportResultCode.SUCCESS : ExportResultCode.FAILED })
    })
  }

  stats(): CourierStats {
    return this.#courier.stats()
  }

  /** Never rejects; returns within `flushTimeoutMs`. */
  forceFlush(): Promise<void> {
    return this.#courier.flush()
  }

  /** Never rejects; returns within `flushTimeoutMs`. */
  shutdown(): Promise<void> {
    return this.#courier.shutdown()
  }
}
