/** Where a span lies whose sender's clock was wrong. */
import { WIRE_FIXED64, type WireReader } from '../otlp/wire.ts'
import type { Bounds } from './bounds.ts'

export interface Clamp {
  readonly sentStartNs: bigint
  readonly sentEndNs: bigint
  readonly startNs: bigint
  readonly endNs: bigint
  /** By which its events move with it. */
  readonly shiftNs: bigint
}

const START_TAG = 7 * 8 + WIRE_FIXED64
const END_TAG = 8 * 8 + WIRE_FIXED64
const NS_OF_MS = 1_000_000n
/** A longer duration is a clock that was set in between. */
const LONGEST_NS = 24n * 3_600_000n * NS_OF_MS

/** Of the span whose fields go from the cursor to `end`; the cursor stays. Null when its times can be right. */
export function clampOf(reader: WireReader, end: number, bounds: Bounds, nowMs: number): Clamp | null {
  const from = reader.pos
  let sentStartNs = 0n
  let sentEndNs = 0n
  while (reader.pos < end) {
    const tag = reader.tag(end)
    const at = reader.pos
    reader.skip(tag, end)
    if (tag === START_TAG) sentStartNs = reader.view.getBigUint64(at, true)
    else if (tag === END_TAG) sentEndNs = reader.view.getBigUint64(at, true)
  }
  reader.pos = from
  return clampTimes(sentStartNs, sentEndNs, bounds, nowMs)
}

/**
 * A span whose start is out of bounds ended when it came, with the duration that it says it had; one whose end alone is too late ended when
 * it came. One whose end can be right and whose start cannot took no time that is known.
 */
export function clampTimes(sentStartNs: bigint, sentEndNs: bigint, bounds: Bounds, nowMs: number): Clamp | null {
  const nowNs = BigInt(nowMs) * NS_OF_MS
  const latestNs = nowNs + BigInt(bounds.maxFutureMs) * NS_OF_MS
  const earliestNs = nowNs - BigInt(bounds.maxPastMs) * NS_OF_MS
  const isWithin = (timeNs: bigint): boolean => timeNs >= earliestNs && timeNs <= latestNs
  const at = (startNs: bigint, endNs: bigint, shiftNs: bigint): Clamp => ({
    sentStartNs,
    sentEndNs,
    startNs,
    endNs,
    shiftNs,
  })
  if (isWithin(sentStartNs)) {
    if (sentEndNs <= latestNs) return null
    return at(sentStartNs, sentStartNs > nowNs ? sentStartNs : nowNs, 0n)
  }
  if (isWithin(sentEndNs)) return at(sentEndNs, sentEndNs, 0n)
  const saidNs = sentEndNs - sentStartNs
  const durationNs = saidNs < 0n || saidNs > LONGEST_NS ? 0n : saidNs
  const startNs = nowNs - durationNs
  return at(startNs, nowNs, startNs - sentStartNs)
}
