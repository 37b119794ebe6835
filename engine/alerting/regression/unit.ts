/**
 * What the detector looks at: of each subject a number from 0 to 1 whose mean falls when things get worse. A verdict is 0 or 1, a
 * score is where it lies within its bounds, and a latency is whether it is within the reference's quantile.
 */
import type { AlertMeasure } from '../../../dsl/plan.ts'
import type { RegressionAlert } from '../run-alert.ts'
import type { Observation } from '../window.ts'

/** Scores are rounded to this many steps, in the reference and now alike, so that a look has few distinct values. */
const STEPS = 200

const QUANTILES: Readonly<Partial<Record<string, number>>> = { p50: 0.5, p95: 0.95, p99: 0.99 }

/** Of a quantile, which; null for measures that are no quantiles. */
export function tauOf(measure: AlertMeasure): number | null {
  return measure.kind === 'score' || measure.kind === 'value' ? quantileOf(measure.fn) : null
}

export const quantileOf = (fn: string): number | null => QUANTILES[fn] ?? null

/** Null: the subject says nothing. `cutoff`: of quantiles, the value that decides; without one there is nothing to say yet. */
export function unitOf({ when }: RegressionAlert, observation: Observation, cutoff: number | null): number | null {
  const { measure, worse } = when
  const { verdict, score } = observation
  const decided = verdict === 'pass' || verdict === 'fail'
  const hit = (is: boolean): number => (is === (worse === 'lower') ? 1 : 0)
  switch (measure.kind) {
    case 'rate':
      if (measure.verdict === 'unknown' || measure.verdict === 'error') return hit(verdict === measure.verdict)
      return decided ? hit(verdict === measure.verdict) : null
    case 'coverage':
      return hit(decided)
    case 'share':
      return decided ? hit(verdict === 'pass') : null
    case 'score':
    case 'value': {
      if (score === undefined) return null
      if (tauOf(measure) === null) return scaled(when, score)
      if (cutoff === null) return null
      return (worse === 'higher' ? score <= cutoff : score >= cutoff) ? 1 : 0
    }
    case 'count':
    case 'subjects':
      return null
  }
}

function scaled({ worse, bounds }: RegressionAlert['when'], score: number): number {
  const { low, high } = bounds ?? { low: 0, high: 1 }
  const part = Math.min(1, Math.max(0, (score - low) / (high - low)))
  const rounded = Math.round(part * STEPS) / STEPS
  return worse === 'lower' ? rounded : 1 - rounded
}

/** Back from a mean of 0 to 1 into the measure's unit; null for quantiles, of which the mean says how many are within. */
export function meanInMeasure({ when }: RegressionAlert, mean: number): number | null {
  const { measure, worse, bounds } = when
  if (tauOf(measure) !== null) return null
  const upright = worse === 'lower' ? mean : 1 - mean
  const { low, high } = bounds ?? { low: 0, high: 1 }
  return low + upright * (high - low)
}

/** How much a difference of means of 0 to 1 is in the measure's unit. */
export const spanOf = ({ when: { bounds } }: Pick<RegressionAlert, 'when'>): number =>
  bounds ? bounds.high - bounds.low : 1
