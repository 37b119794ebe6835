/**
 * A histogram whose bins grow with their values, so that it is small whatever it is given: a quantile is within 2% of a value that was
 * seen, and exact where values repeat (a judge's scale), because a bin remembers the largest of its values.
 */
export const GROWTH = Math.log(1.02)
/** Makes the index of the smallest magnitude that is told from 0 positive. */
export const OFFSET = 2_000

export interface Bin {
  count: number
  value: number
}

/** By index, which rises with the values. */
export type Bins = Map<number, Bin>

export function binIndexOf(value: number): number {
  if (value === 0) return 0
  const magnitude = Math.max(1, Math.floor(Math.log(Math.abs(value)) / GROWTH) + OFFSET)
  return value > 0 ? magnitude : -magnitude
}

/** `count` below 0 takes away what was added before. */
export function addToBins(bins: Bins, value: number, count = 1): void {
  const index = binIndexOf(value)
  const bin = bins.get(index)
  if (bin === undefined) {
    if (count > 0) bins.set(index, { count, value })
    return
  }
  bin.count += count
  if (count > 0) bin.value = Math.max(bin.value, value)
  if (bin.count <= 0) bins.delete(index)
}

export function mergeBins(parts: Iterable<Bins>): Bins {
  const merged: Bins = new Map()
  for (const part of parts)
    for (const [index, { count, value }] of part) {
      const bin = merged.get(index)
      if (bin === undefined) merged.set(index, { count, value })
      else {
        bin.count += count
        bin.value = Math.max(bin.value, value)
      }
    }
  return merged
}

export const binsSize = (bins: Bins): number => [...bins.values()].reduce((sum, { count }) => sum + count, 0)

/** The value of this rank, counted from 1 at the smallest; null where there are fewer. */
export function binsRank(bins: Bins, rank: number): number | null {
  let seen = 0
  for (const index of [...bins.keys()].sort((a, b) => a - b)) {
    const { count, value } = bins.get(index)!
    seen += count
    if (seen >= rank) return value
  }
  return null
}

/** Nearest rank, as the language's aggregates have it; null where there is nothing. */
export function binsQuantile(bins: Bins, tau: number): number | null {
  // A whole percentage: 0.95 · 100 is 95 and not a little less.
  return binsRank(bins, Math.max(1, Math.ceil((Math.round(tau * 100) * binsSize(bins)) / 100)))
}

export const binsToJson = (bins: Bins): [number, number, number][] =>
  [...bins].map(([index, { count, value }]) => [index, count, value])

export const binsFromJson = (json: readonly (readonly [number, number, number])[]): Bins =>
  new Map(json.map(([index, count, value]) => [index, { count, value }]))
