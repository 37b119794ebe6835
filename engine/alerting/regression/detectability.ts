/** What an alert on changes can see, told from traffic that there was before anyone trusts it. */
import { esrThreshold } from '../../statistics/e-sr/bets.ts'
import { esrPlanner } from '../../statistics/e-sr/planner.ts'
import { esrMargin } from '../../statistics/e-sr/step.ts'
import { budgetOf, LARGEST_SHARE } from '../budget.ts'
import { type Bins, binsSize, mergeBins } from '../quantile-bins.ts'
import type { RegressionAlert } from '../run-alert.ts'
import { BASELINE_SHARE, type Fit, fewestSubjects, type Reference } from './reference.ts'
import { meanInMeasure, spanOf, tauOf } from './unit.ts'

export interface Detectability {
  /** Null: nothing is known yet; the others are then empty. */
  baseline: number | null
  perHour: number
  /** How much more the traffic varies than coins do. */
  phi: number
  falseAlarms: { ratio: number; perMs: number; monitors: number }
  /**
   * Which drop (in the measure's unit; of a quantile, by how much every subject gets worse) is seen in how many hours; infinite:
   * never.
   */
  drops: { drop: number; hours: number }[]
  /** It would take longer than a time of the budget to see the rule's own amount, or cannot. */
  isBlind: boolean
  why: string | null
}

const HOUR_MS = 3_600_000
/** Shares of the way from the baseline to nothing, besides the rule's own amount. */
const LADDER = [0.02, 0.05, 0.1]
/** Of the rule's own amount, for quantiles: it has to be exceeded to be seen at all. */
const AMOUNTS = [1, 1.5, 2, 3, 5]

/** `days`: of quantiles, the values of the reference. */
export function detectabilityOf(alert: RegressionAlert, fit: Fit | null, days: Reference['days'] = []): Detectability {
  const { ratio, perNs } = budgetOf(alert)
  const monitors = alert.monitors ?? 1
  const falseAlarms = { ratio, perMs: perNs / 1e6, monitors }
  if (fit === null)
    return {
      baseline: null,
      perHour: 0,
      phi: 1,
      falseAlarms,
      drops: [],
      isBlind: true,
      why: `too little traffic for a baseline, which takes a day and ${fewestSubjects(alert, ratio)} subjects at least`,
    }
  const { strata, phi, meanPerLook } = fit.baseline
  const parts = Object.values(strata)
  const n = parts.reduce((sum, stratum) => sum + stratum.n, 0)
  const mean = parts.reduce((sum, stratum) => sum + stratum.mean * stratum.n, 0) / n
  const mix = parts.map((stratum) => ({ stratum, weight: stratum.n / n }))
  const margin = esrMargin(mix, fit.baseline)
  const share = alert.by.length > 0 ? LARGEST_SHARE : 1
  const hoursOfBudget = perNs / 3600e9
  const c = esrThreshold({ hours: hoursOfBudget, alpha: ratio * (1 - BASELINE_SHARE) * share, monitors })
  const span = spanOf(alert)
  const isQuantile = tauOf(alert.when.measure) !== null
  const amount = ownDrop(alert, fit)
  const hoursOf = (drop: number): number => esrPlanner({ mean, drop, perHour: meanPerLook, phi, margin, c }).hours
  const drops = isQuantile
    ? AMOUNTS.map((times) => ({ drop: times * amount, hours: hoursOf(shareLost(alert, fit, days, times * amount)) }))
    : [...new Set([amount / span, ...LADDER])]
        .filter((drop) => drop < mean)
        .sort((a, b) => a - b)
        .map((drop) => ({ drop: drop * span, hours: hoursOf(drop) }))
  // What subjects are compared with is the bound of the quantile and the amount: a quantile has to move by more than that.
  const needed = isQuantile ? 2 * amount : (amount / span) * span
  const hours = drops.find(({ drop }) => drop === needed)?.hours
  const isBlind = hours === undefined || hours > hoursOfBudget
  return {
    baseline: tauOf(alert.when.measure) === null ? (meanInMeasure(alert, mean) ?? mean) : fit.value,
    perHour: meanPerLook,
    phi,
    falseAlarms,
    drops,
    isBlind,
    why: isBlind
      ? `at ${meanPerLook.toFixed(1)} subjects an hour ${isQuantile ? "not even twice the rule's amount is" : "the rule's amount is not"} seen within ${Math.round((hoursOfBudget * HOUR_MS) / (24 * HOUR_MS))} days`
      : null,
  }
}

/** How many fewer are within the cutoff when every subject gets worse by so much, in the measure's unit. */
function shareLost(
  { when }: RegressionAlert,
  { cutoff, baseline }: Fit,
  days: Reference['days'],
  byMuch: number,
): number {
  const [known] = Object.values(baseline.strata)
  const values: Bins = mergeBins(days.map(({ bins }) => bins))
  const n = binsSize(values)
  if (cutoff === null || known === undefined || n === 0) return 0
  let within = 0
  for (const { value, count } of values.values())
    if (when.worse === 'higher' ? value + byMuch <= cutoff : value - byMuch >= cutoff) within += count
  return Math.max(0, known.mean - within / n)
}

function ownDrop(alert: RegressionAlert, fit: Fit): number {
  const { by } = alert.when
  return by.kind === 'absolute' ? by.value : by.ratio * Math.abs(fit.value)
}
