/** Head sampling by the trace's id, but for traces in which something failed. */
import { Recent } from './recent.ts'
import type { SpanParts } from './span-parts.ts'

const REMEMBERED_TRACES = 10_000

/**
 * Whether a trace is kept, from its id alone, so that every forwarder and every SDK of a trace decides the same. The rule is that of
 * OpenTelemetry's consistent probability sampling, of which the upper 52 of 56 random bits are looked at
 * (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/).
 */
export function keepsTrace(traceId: string, rate: number): boolean {
  if (rate >= 1) return true
  return Number.parseInt(traceId.slice(18, 31), 16) >= (1 - rate) * 2 ** 52
}

export class Sampler {
  readonly #rate: number
  /** Others of which a span has failed: what comes of them from then on is kept as well. */
  readonly #failed = new Recent<string, true>(REMEMBERED_TRACES)

  constructor(rate: number) {
    this.#rate = rate
  }

  /** To be told of all spans of a request before any is asked about: the failed one is often not the first. */
  notice({ traceId, isError }: Pick<SpanParts, 'traceId' | 'isError'>): void {
    if (isError && !keepsTrace(traceId, this.#rate)) this.#failed.touch(traceId, () => true)
  }

  keeps(traceId: string): boolean {
    return keepsTrace(traceId, this.#rate) || this.#failed.has(traceId)
  }
}
