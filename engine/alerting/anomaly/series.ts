/**
 * What is usual at an hour of the week: the latest values of each of its 168 hours. An hour is compared with itself and the hours
 * beside it in the weeks before; median and median absolute deviation, so that the odd outage is no part of what is usual.
 */
import { normalQuantile } from '../../statistics/normal-quantile.ts'
import { studentTQuantile } from '../../statistics/student-t-quantile.ts'

const HOUR_MS = 3_600_000
const HOURS_OF_WEEK = 168
/** The epoch was a Thursday; weeks begin on Mondays. */
const MONDAY_MS = 4 * 24 * HOUR_MS
/** Values kept of an hour: of windows of an hour those of 24 weeks, of shorter windows fewer weeks. */
const KEPT = 24
/** Fewer tell nothing of their spread. */
const FEWEST = 8
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
  const perWeek = Math.max(1, HOUR_MS / overMs)
  const kept = Math.min(KEPT, Math.max(2, Math.round((referenceMs / (HOURS_OF_WEEK * HOUR_MS)) * perWeek)))
  while (cell.length > kept) cell.shift()
}

export const seriesSize = ({ cells }: Series): number => cells.reduce((sum, cell) => sum + cell.length, 0)

export interface Usual {
  median: number
  spread: number
  n: number
}

/** Null: too little is known of the hour. `noise`: the standard deviation that so few subjects have by chance. */
export function usualAt({ cells }: Series, atMs: number, noise: number): Usual | null {
  const hour = hourOfWeek(atMs)
  const values = [-1, 0, 1].flatMap((step) => cells[(hour + step + HOURS_OF_WEEK) % HOURS_OF_WEEK]!)
  if (values.length < FEWEST) return null
  const middle = median(values)
  const deviation = NORMAL_MAD * median(values.map((value) => Math.abs(value - middle)))
  return { median: middle, spread: Math.max(deviation, noise, LEAST_SPREAD * Math.abs(middle)), n: values.length }
}

/**
 * How many spreads off is an alarm: as far as one in so many windows lies by chance, both ways, of values whose spread is estimated from so
 * few (Student's t).
 */
export function distanceOfAlarm({ alpha, windows, n }: { alpha: number; windows: number; n: number }): number {
  const p = 1 - alpha / windows / 2
  // A spread that is a median's knows about a third as much as one of squares.
  return Math.max(normalQuantile(p), studentTQuantile({ p, df: Math.max(4, n - 1) }))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
