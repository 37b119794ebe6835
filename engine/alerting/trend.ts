/** How what an alert watches went lately: what the chart in its messages is drawn of, from what the alert remembers anyway. */
import { BUCKETS_IN_STEP, PAST_WINDOWS, stepOf } from './past.ts'
import { binsQuantile, mergeBins } from './quantile-bins.ts'
import { meanInMeasure, tauOf } from './regression/unit.ts'
import { isRegression, type RegressionAlert, type RunAlert } from './run-alert.ts'
import type { AlertState } from './state.ts'
import type { AlertNumbers } from './transition.ts'
import { BUCKETS, type Bucket, measured, windowMsOf } from './window.ts'

export interface AlertTrend {
  /** The value as the rule measures it, by the moments at which it was so, milliseconds since the epoch; null where there was nothing. */
  readonly points: readonly (readonly [atMs: number, value: number | null])[]
}

const HOUR_MS = 3_600_000
const STEPS = BUCKETS / BUCKETS_IN_STEP

/** Null where there are fewer than two moments: nothing to draw. */
export function trendOf(state: AlertState, alert: RunAlert, numbers: AlertNumbers, atMs: number): AlertTrend | null {
  const points = isRegression(alert) ? hourly(state, alert) : rolling(state, alert, numbers, atMs)
  return points.filter(([, value]) => value !== null).length < 2 ? null : { points }
}

/** Of changes: hour by hour, as far as the detector remembers. */
function hourly({ detector }: AlertState, alert: RegressionAlert): AlertTrend['points'] {
  const tau = tauOf(alert.when.measure)
  return (detector?.recent ?? []).map(({ hour, n, sum, bins }) => {
    const value = n === 0 ? null : tau === null ? meanInMeasure(alert, sum / n) : binsQuantile(bins ?? new Map(), tau)
    return [(hour + 1) * HOUR_MS, value]
  })
}

type Step = Pick<Bucket, 'counts' | 'scores'> & { bins: Bucket['bins'][] }

/** The measure over a window that ends with each step; what is made of the values themselves, step by step. */
function rolling(
  { window, startedMs }: AlertState,
  alert: RunAlert,
  numbers: AlertNumbers,
  atMs: number,
): AlertTrend['points'] {
  const stepMs = windowMsOf(alert) / STEPS
  const last = Math.floor(atMs / stepMs)
  const steps = new Map<number, Step>()
  for (const { step, counts, scores } of window.past) addTo(steps, step, { counts, scores, bins: [] })
  for (const { index, counts, scores, bins } of window.buckets)
    addTo(steps, stepOf(index), { counts, scores, bins: [bins] })
  const isOfValues = window.buckets.some(({ bins }) => bins !== null)
  const width = isOfValues ? 1 : STEPS
  const first = Math.max(last - STEPS * PAST_WINDOWS, Math.floor((startedMs ?? atMs) / stepMs))
  const points: [number, number | null][] = []
  for (let step = first; step < last; step++) {
    const parts = Array.from({ length: width }, (_, i) => steps.get(step - i)).filter((part) => part !== undefined)
    points.push([(step + 1) * stepMs, valueIn(alert, parts)])
  }
  return [...points, [atMs, numbers.value]]
}

function addTo(steps: Map<number, Step>, step: number, more: Step): void {
  const known = steps.get(step)
  steps.set(step, known === undefined ? more : sumOf([known, more]))
}

function sumOf(parts: readonly Step[]): Step {
  const sum = (pick: (part: Step) => number): number => parts.reduce((total, part) => total + pick(part), 0)
  return {
    counts: {
      pass: sum(({ counts }) => counts.pass),
      fail: sum(({ counts }) => counts.fail),
      unknown: sum(({ counts }) => counts.unknown),
      error: sum(({ counts }) => counts.error),
    },
    scores: { count: sum(({ scores }) => scores.count), sum: sum(({ scores }) => scores.sum) },
    bins: parts.flatMap(({ bins }) => bins),
  }
}

function valueIn({ when: { measure } }: RunAlert, parts: readonly Step[]): number | null {
  const { counts, scores, bins } = sumOf(parts)
  return measured(measure, counts, scores, () => mergeBins(bins.flatMap((one) => one ?? []))).value
}
