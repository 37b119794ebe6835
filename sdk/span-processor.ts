import { type Context, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Courier, type CourierStats } from './export/courier.ts'
import { type ExportOptions, exportSettings } from './export/options.ts'
import { identityAttributes } from './genai/identity.ts'
import type { Runtime } from './runtime.ts'
import { Sampler, type SamplingOptions } from './sampling/sampler.ts'

export interface AssaySpanProcessorOptions extends ExportOptions {
  sampling?: SamplingOptions
}

export interface AssayStats extends CourierStats {
  /** Spans left out by sampling. */
  sampledOutSpans: number
  /** Spans held back until it is known whether their trace fails or is slow. */
  undecidedSpans: number
}

/**
 * Sends spans to Assay, and fails open: whatever becomes of the collector, a span's end costs microseconds, nothing throws, nothing waits
 * and memory stays within the bounds. For any OpenTelemetry tracer provider.
 */
export class AssaySpanProcessor implements SpanProcessor {
  readonly #courier: Courier
  readonly #sampler: Sampler
  readonly #runtime: Runtime
  readonly #send: (span: ReadableSpan) => void

  constructor(options: AssaySpanProcessorOptions = {}) {
    const settings = exportSettings(options)
    this.#runtime = settings.runtime
    this.#courier = new Courier(settings)
    this.#sampler = new Sampler(options.sampling ?? {})
    this.#send = (span) => this.#courier.add(span)
  }

  onStart(span: Span, parentContext: Context): void {
    // What the span says of itself has been set already, and comes first.
    for (const [key, value] of Object.entries(identityAttributes(parentContext)))
      if (span.attributes[key] === undefined && value !== undefined) span.setAttribute(key, value)
  }

  onEnd(span: ReadableSpan): void {
    try {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
      this.#sampler.offer(span, this.#runtime.nowMs(), this.#send)
    } catch (error) {
      this.#courier.fault(error)
    }
  }

  stats(): AssayStats {
    return {
      ...this.#courier.stats(),
      sampledOutSpans: this.#sampler.sampledOut,
      undecidedSpans: this.#sampler.undecided,
    }
  }

  /** Returns when all spans so far were taken, an attempt failed, or `flushTimeoutMs` is over. Never rejects. */
  forceFlush(): Promise<void> {
    return this.#courier.flush()
  }

  /** Returns when all spans were taken, or `flushTimeoutMs` is over; what is left then is dropped. Never rejects. */
  shutdown(): Promise<void> {
    this.#sampler.close()
    return this.#courier.shutdown()
  }
}
