/**
 * What is usual at an hour of the week: the latest values of each of its 168 hours. An hour is compared with itself and the hours
 * beside it in the weeks before; medians and the median absolute deviation, so that the odd outage is no part of what is usual.
 *
 * Hours are those of UTC, and people's are not: where clocks are put forward or back the day begins an hour sooner or later. So all that
 * lies between the medians of the three hours is usual.
 */
import { normalQuantile } from '../../statistics/normal-quantile.ts'
import { studentTQuantile } from '../../statistics/student-t-quantile.ts'

const HOUR_MS = 3_600_000
export const HOURS_OF_WEEK = 168
/** The epoch was a Thursday; weeks begin on Mondays. */
const MONDAY_MS = 4 * 24 * HOUR_MS
/** Values kept of an hour: of windows of an hour those of 24 weeks, of shorter windows fewer weeks. */
const KEPT = 24
/** Fewer tell nothing of their spread; the shortest reference, of two weeks, has as many of three hours. */
const FEWEST = 6
/** An hour of fewer weeks than these has no median of its own that bears an outage in one of them. */
const FEWEST_OF_AN_HOUR = 3
/** A median absolute deviation is that much of a normal distribution's standard deviation. */
const NORMAL_MAD = 1.4826
/** Of the value: what is never looked at as odd, however still the past was. */
const LEAST_SPREAD = 0.02

/** By hour of the week, oldest first. */
export interface Series {
  cells: number[][]
}

export const emptySeries = (): Series => ({ cells: Array.from({ length: HOURS_OF_WEEK }, () => []) })

export const copyOf = ({ cells }: Series): Series => ({ cells: cells.map((cell) => [...cell]) })

export function hourOfWeek(atMs: number): number {
  const hours = Math.floor((atMs - MONDAY_MS) / HOUR_MS)
  return ((hours % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK
}

/** `atMs`: the start of the window that the value is of. */
export function addToSeries({ cells }: Series, atMs: number, value: number, overMs: number, referenceMs: number): void {
  const cell = cells[hourOfWeek(atMs)]!
  cell.push(value)
  const kept = keptInCell(overMs, referenceMs)
  while (cell.length > kept) cell.shift()
}

/** Of how many windows an hour of the week keeps the values. */
export function keptInCell(overMs: number, referenceMs: number): number {
  const perWeek = Math.max(1, HOUR_MS / overMs)
  return Math.min(KEPT, Math.max(2, Math.round((referenceMs / (HOURS_OF_WEEK * HOUR_MS)) * perWeek)))
}

export const seriesSize = ({ cells }: Series): number => cells.reduce((sum, cell) => sum + cell.length, 0)

export interface Usual {
  /** Of what is usual, what is nearest to the value: the median of the hour or of one beside it. */
  median: number
  spread: number
  n: number
}

const nearHours = ({ cells }: Series, atMs: number): number[][] => {
  const hour = hourOfWeek(atMs)
  return [-1, 0, 1].map((step) => cells[(hour + step + HOURS_OF_WEEK) % HOURS_OF_WEEK]!)
}

/** The middle of what is usual; null where too little is known of the hour. */
export function middleAt(series: Series, atMs: number): number | null {
  const values = nearHours(series, atMs).flat()
  return values.length < FEWEST ? null : median(values)
}

/** Null: too little is known of the hour. `noise`: the standard deviation that so few subjects have by chance. */
export function usualAt(series: Series, atMs: number, value: number, noise: number): Usual | null {
  const near = nearHours(series, atMs)
  const values = near.flat()
  const n = values.length
  if (n < FEWEST) return null
  // Of a few weeks the hours are taken together: what differs between them is then a part of the spread.
  const groups = near.every((cell) => cell.length >= FEWEST_OF_AN_HOUR) ? near : [values]
  const medians = groups.map(median)
  const nearest = Math.min(Math.max(value, Math.min(...medians)), Math.max(...medians))
  const deviations = groups.flatMap((cell, i) => cell.map((one) => Math.abs(one - medians[i]!)))
  // Values lie closer to a median that they made themselves.
  const deviation = NORMAL_MAD * Math.sqrt(n / (n - groups.length)) * median(deviations)
  return { median: nearest, spread: Math.max(deviation, noise, LEAST_SPREAD * Math.abs(nearest)), n }
}

/**
 * How many spreads off is an alarm: as far as one in so many windows lies by chance, both ways, of values whose spread is estimated from so
 * few (Student's t).
 */
export function distanceOfAlarm({ alpha, windows, n }: { alpha: number; windows: number; n: number }): number {
  const p = 1 - alpha / windows / 2
  // Three medians were taken of the same values.
  return Math.max(normalQuantile(p), studentTQuantile({ p, df: Math.max(4, n - 3) }))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
