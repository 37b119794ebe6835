/**
 * How the parts of the traffic usually do at an hour of the week: sums that fade from week to week, so that they are small and of the time
 * that an alert compares with. What is odd is told by the medians of the whole (`series.ts`); by these is told only what moved.
 */
import type { Sums } from '../part-counts.ts'
import { HOURS_OF_WEEK, hourOfWeek, keptInCell } from './series.ts'

export type PartSums = Pick<Sums, 'n' | 'sum'>

/** By hour of the week and part. */
export type UsualParts = Map<number, Map<string, PartSums>>

/** What is left of a part by now is no part any more. */
const LEAST = 0.05

export const copyOfParts = (parts: UsualParts): UsualParts =>
  new Map([...parts].map(([hour, sums]) => [hour, new Map([...sums].map(([name, one]) => [name, { ...one }]))]))

/** Adds a window that began at `atMs`. Works on `usual` in place. */
export function addUsualParts(
  usual: UsualParts,
  atMs: number,
  parts: ReadonlyMap<string, PartSums>,
  overMs: number,
  referenceMs: number,
): void {
  if (parts.size === 0) return
  const hour = hourOfWeek(atMs)
  const cell = usual.get(hour) ?? new Map<string, PartSums>()
  usual.set(hour, cell)
  const left = 1 - 1 / keptInCell(overMs, referenceMs)
  for (const [name, sums] of cell) {
    sums.n *= left
    sums.sum *= left
    if (sums.n < LEAST) cell.delete(name)
  }
  for (const [name, { n, sum }] of parts) {
    const before = cell.get(name) ?? { n: 0, sum: 0 }
    cell.set(name, { n: before.n + n, sum: before.sum + sum })
  }
}

/** Of the hour and those beside it, as what is usual of the whole. */
export function usualPartsAt(usual: UsualParts, atMs: number): Map<string, PartSums> {
  const found = new Map<string, PartSums>()
  const hour = hourOfWeek(atMs)
  for (const step of [-1, 0, 1])
    for (const [name, { n, sum }] of usual.get((hour + step + HOURS_OF_WEEK) % HOURS_OF_WEEK) ?? []) {
      const before = found.get(name) ?? { n: 0, sum: 0 }
      found.set(name, { n: before.n + n, sum: before.sum + sum })
    }
  return found
}
