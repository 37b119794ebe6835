import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** Why a span was lost. Sampling is no loss, and is counted apart. */
export const DROP_REASONS = ['buffer_full', 'too_large', 'refused', 'unencodable', 'shutdown', 'internal'] as const
export type DropReason = (typeof DROP_REASONS)[number]
export type DropCounts = Readonly<Record<DropReason, number>>

const none = (): Record<DropReason, number> => ({
  buffer_full: 0,
  too_large: 0,
  refused: 0,
  unencodable: 0,
  shutdown: 0,
  internal: 0,
})

/** Counts lost spans, and which of them Assay was told of. */
export class Drops {
  readonly #counts = none()
  readonly #told = none()

  add(reason: DropReason, count = 1): void {
    this.#counts[reason] += count
  }

  get counts(): DropCounts {
    return { ...this.#counts }
  }

  get total(): number {
    return DROP_REASONS.reduce((sum, reason) => sum + this.#counts[reason], 0)
  }

  /** What Assay does not know of yet; null for nothing. */
  untold(): DropCounts | null {
    const counts = none()
    for (const reason of DROP_REASONS) counts[reason] = this.#counts[reason] - this.#told[reason]
    return DROP_REASONS.some((reason) => counts[reason] > 0) ? counts : null
  }

  markTold(counts: DropCounts): void {
    for (const reason of DROP_REASONS) this.#told[reason] += counts[reason]
  }
}

/**
 * The span with the losses in its attributes. A span that has ended can't be changed, so this is a view of it. An attribute of a span that
 * goes out anyway, rather than a span of its own: that would be one more trace to be judged.
 */
export function withDrops(span: ReadableSpan, counts: DropCounts): ReadableSpan {
  const attributes: Attributes = { ...span.attributes }
  let total = 0
  for (const reason of DROP_REASONS) {
    if (counts[reason] === 0) continue
    total += counts[reason]
    attributes[`assay.sdk.dropped_spans.${reason}`] = counts[reason]
  }
  attributes['assay.sdk.dropped_spans'] = total
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => span.spanContext(),
    ...(span.parentSpanContext !== undefined && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes,
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  }
}
