/**
 * How long things took, counted in buckets of a fixed scale: sixteen to each doubling. Counts of several processes add up to those of
 * one that had seen it all, and a quantile is within 3.2% of the true one.
 */

/** Bucket → how many. */
export type DurationCounts = Map<number, number>

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)
const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const HIGH = isLittleEndian ? 1 : 0
/** A double's exponent and the first four bits of its fraction are its bucket: a doubling, divided into sixteen. */
const SHIFT = 16

/** Nanoseconds, from 0 on. */
export function bucketOf(durationNs: number): number {
  float[0] = durationNs
  return words[HIGH]! >>> SHIFT
}

/** The middle of the bucket, in nanoseconds. */
export function middleOf(bucket: number): number {
  const lower = lowerOf(bucket)
  return (lower + lowerOf(bucket + 1)) / 2
}

function lowerOf(bucket: number): number {
  words[1 - HIGH] = 0
  words[HIGH] = bucket << SHIFT
  return float[0]!
}

export function addDuration(counts: DurationCounts, durationNs: number): void {
  const bucket = bucketOf(durationNs)
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
}

export function addCounts(to: DurationCounts, from: Iterable<readonly [number, number]>): void {
  for (const [bucket, count] of from) to.set(bucket, (to.get(bucket) ?? 0) + count)
}

/** Of `share` (0.95) of all, as nanoseconds; null where nothing is counted. */
export function quantileOf(counts: DurationCounts, share: number): number | null {
  let total = 0
  for (const count of counts.values()) total += count
  if (total === 0) return null
  let rank = Math.ceil(share * total)
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    rank -= count
    if (rank <= 0) return middleOf(bucket)
  }
  return null
}
