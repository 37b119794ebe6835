/** How large and how odd what is kept of a span may be. What goes beyond is cut or clamped, and says so: docs/sending-traces.md. */

import type { Watch } from '../otlp/scan.ts'

export interface Bounds {
  /** Of one text: a value, a name, a message. */
  readonly maxTextBytes: number
  /** Of a span, a resource, a scope, an event or a link, each. */
  readonly maxAttributes: number
  /** Spans that begin or end later than this after they came have another clock. */
  readonly maxFutureMs: number
  /** And so have those that began longer ago. */
  readonly maxPastMs: number
}

const DAY_MS = 86_400_000

export const DEFAULT_BOUNDS: Bounds = {
  // A conversation with images inline is larger than a megabyte.
  maxTextBytes: 4 << 20,
  // Senders with a key for each part of each message have thousands.
  maxAttributes: 5_000,
  maxFutureMs: 3_600_000,
  // Clocks that were never set stand in 1970 or 2000.
  maxPastMs: 1_826 * DAY_MS,
}

/** What was done to records, for counters. */
export interface BoundsTally {
  cutTexts: number
  droppedAttributes: number
  clampedSpans: number
}

export const emptyTally = (): BoundsTally => ({ cutTexts: 0, droppedAttributes: 0, clampedSpans: 0 })

/** For the sender; null when nothing was done. */
export function warningOf(tally: BoundsTally, { maxTextBytes, maxAttributes }: Bounds): string | null {
  const { cutTexts, droppedAttributes, clampedSpans } = tally
  const parts = [
    cutTexts > 0 && `${cutTexts} ${cutTexts === 1 ? 'text' : 'texts'} longer than ${maxTextBytes} bytes cut`,
    droppedAttributes > 0 && `${droppedAttributes} attributes beyond ${maxAttributes} of a span left out`,
    clampedSpans > 0 &&
      `the times of ${clampedSpans} ${clampedSpans === 1 ? 'span' : 'spans'} changed: the sender's clock is wrong`,
  ].filter((part) => part !== false)
  return parts.length === 0 ? null : parts.join('; ')
}

/** Marks on what was changed, as attributes. */
export const CUT_TEXTS = 'assay.limits.cut_texts'
export const DROPPED_ATTRIBUTES = 'assay.limits.dropped_attributes'
/** The times as they were sent, in nanoseconds since 1970. */
export const SENT_START = 'assay.clock.sent_start_unix_nano'
export const SENT_END = 'assay.clock.sent_end_unix_nano'

const NS_OF_HIGH = 2 ** 32

/** What a scan has to look out for. Its steps of time are coarse: `trimRecord` looks closely. */
export function watchFor(bounds: Bounds, nowMs: number): Watch {
  const highOf = (timeMs: number): number => Math.min(0xffff_ffff, Math.max(0, Math.floor((timeMs * 1e6) / NS_OF_HIGH)))
  return {
    maxTextBytes: bounds.maxTextBytes,
    maxFields: bounds.maxAttributes,
    earliestHigh: highOf(nowMs - bounds.maxPastMs) + 1,
    latestHigh: highOf(nowMs + bounds.maxFutureMs) - 1,
  }
}
