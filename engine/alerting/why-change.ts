/** Why an alert on changes says so: against its reference, since the change seems to be. */
import { POOLED_STRATUM } from '../statistics/e-sr/baseline.ts'
import { normalQuantile } from '../statistics/normal-quantile.ts'
import { normalUpperTail } from '../statistics/normal-upper-tail.ts'
import type { PartSums } from './anomaly/usual-parts.ts'
import { budgetOf } from './budget.ts'
import { quantileInterval } from './intervals.ts'
import { mergeBins } from './quantile-bins.ts'
import { alarmFrom, type RecentHour, shownHours } from './regression/detector.ts'
import { type Fit, lookMsOf, type Reference } from './regression/reference.ts'
import { meanInMeasure, tauOf } from './regression/unit.ts'
import { formatValue } from './rule-text.ts'
import type { RegressionAlert } from './run-alert.ts'
import type { AlertState } from './state.ts'
import type { AlertNumbers } from './transition.ts'
import { firstBadDeploy } from './versions.ts'
import type { AlertWhy, Estimate } from './why.ts'
import { splitOf } from './why-split.ts'

const HOUR_MS = 3_600_000
const Z95 = normalQuantile(0.975)
/** Parts of fewer subjects than this have no baseline of their own, and are shown together. */
const FEWEST_PER_PART = 100

export function whyOfChange(
  state: AlertState,
  alert: RegressionAlert,
  numbers: AlertNumbers,
  plain: AlertWhy,
): AlertWhy {
  const { detector, shared, share } = state
  const { reference, versions } = shared
  const fit = reference?.fit ?? null
  if (reference === null || fit === null || detector === null) return plain
  const hours = shownHours(detector)
  const sinceMs = (hours[0]?.hour ?? 0) * HOUR_MS
  const { ratio, perNs } = budgetOf(alert)
  const detection = {
    kind: 'e-sr' as const,
    statistic: detector.esr.statistic ?? 0,
    alarmFrom: alarmFrom(alert, share),
    sinceMs,
    falseAlarms: { ratio, perMs: perNs / 1e6 },
  }
  const ofDeploy = { sinceMs, phi: fit.baseline.phi, upperTail: normalUpperTail }
  const tau = tauOf(alert.when.measure)
  if (tau !== null) {
    const beyond = beyondText(alert, reference)
    const [before, now] = beyondParts(reference, hours, alert, sinceMs)
    return {
      ...plain,
      baseline: { value: fit.value, interval: fit.interval, n: fit.n },
      now: quantileNow(hours, numbers, tau, fit),
      detection,
      ...splitOf(before, now, beyond),
      deploy: firstBadDeploy(versions, { ...ofDeploy, inMeasure: (x) => 1 - x, shareOf: beyond }),
    }
  }
  const inMeasure = (x: number): number => meanInMeasure(alert, x) ?? x
  const [before, now] = meanParts(hours, fit, inMeasure)
  return {
    ...plain,
    baseline: baselineEstimate(fit, inMeasure),
    now: nowEstimate(hours, fit, inMeasure),
    detection,
    ...splitOf(before, now),
    deploy: firstBadDeploy(versions, { ...ofDeploy, inMeasure }),
  }
}

function around(mean: number, error: number, n: number, inMeasure: (x: number) => number): Estimate {
  const ends = [inMeasure(Math.max(0, mean - Z95 * error)), inMeasure(Math.min(1, mean + Z95 * error))]
  return { value: inMeasure(mean), interval: { low: Math.min(...ends), high: Math.max(...ends) }, n }
}

function baselineEstimate({ baseline, n }: Fit, inMeasure: (x: number) => number): Estimate {
  const strata = Object.values(baseline.strata)
  const mean = strata.reduce((sum, stratum) => sum + stratum.mean * stratum.n, 0) / n
  const variance = strata.reduce((sum, stratum) => sum + stratum.variance * stratum.n, 0) / n
  return around(mean, Math.sqrt((baseline.phi * variance) / n), n, inMeasure)
}

function nowEstimate(
  hours: readonly RecentHour[],
  { baseline }: Fit,
  inMeasure: (x: number) => number,
): Estimate | null {
  const n = hours.reduce((sum, hour) => sum + hour.n, 0)
  if (n === 0) return null
  const mean = hours.reduce((sum, hour) => sum + hour.sum, 0) / n
  const strata = Object.values(baseline.strata)
  const known = strata.reduce((sum, stratum) => sum + stratum.n, 0)
  const variance = strata.reduce((sum, stratum) => sum + stratum.variance * stratum.n, 0) / Math.max(1, known)
  return around(mean, Math.sqrt((baseline.phi * variance) / n), n, inMeasure)
}

function quantileNow(
  hours: readonly RecentHour[],
  { value, count }: AlertNumbers,
  tau: number,
  { baseline }: Fit,
): Estimate | null {
  if (value === null) return null
  const bins = mergeBins(hours.flatMap((hour) => hour.bins ?? []))
  return { value, interval: quantileInterval(bins, tau, baseline.phi), n: count }
}

type Parts = Map<string, PartSums>

function add(parts: Parts, name: string, n: number, sum: number): void {
  const before = parts.get(name) ?? { n: 0, sum: 0 }
  parts.set(name, { n: before.n + n, sum: before.sum + sum })
}

/** Parts before and now, in the measure's unit: what has no baseline of its own is judged by that of the small ones, and is shown with them. */
function meanParts(hours: readonly RecentHour[], { baseline }: Fit, inMeasure: (x: number) => number): [Parts, Parts] {
  const [before, now]: [Parts, Parts] = [new Map(), new Map()]
  for (const [name, { mean, n }] of Object.entries(baseline.strata)) add(before, name, n, n * inMeasure(mean))
  for (const { strata } of hours)
    for (const [name, { n, sum }] of Object.entries(strata))
      if (n > 0) add(now, before.has(name) ? name : POOLED_STRATUM, n, n * inMeasure(sum / n))
  return [before, now]
}

/** Of a quantile: of each part how many lay beyond the reference's rough quantile, before the change and since. */
function beyondParts(
  { looks, roughCutoff }: Reference,
  hours: readonly RecentHour[],
  alert: RegressionAlert,
  sinceMs: number,
): [Parts, Parts] {
  const [all, before, now]: [Parts, Parts, Parts] = [new Map(), new Map(), new Map()]
  const lookMs = lookMsOf(alert)
  for (const { index, strata, cutoff } of looks)
    if (cutoff === roughCutoff && (index + 1) * lookMs <= sinceMs)
      for (const [name, { n, sum }] of Object.entries(strata)) add(all, name, n, n - sum)
  for (const [name, { n, sum }] of all) add(before, n < FEWEST_PER_PART ? POOLED_STRATUM : name, n, sum)
  for (const { rough } of hours)
    if (rough !== null && rough.cutoff === roughCutoff)
      for (const [name, { n, sum }] of Object.entries(rough.strata))
        add(now, before.has(name) ? name : POOLED_STRATUM, n, n - sum)
  return [before, now]
}

function beyondText({ when }: RegressionAlert, { roughCutoff }: Reference): string {
  const side = when.worse === 'higher' ? 'above' : 'below'
  return roughCutoff === null ? `${side} what it was` : `${side} ${formatValue(roughCutoff, when.measure.type)}`
}
