/** Why an alert changes its state, from what it knows itself. What others know (judges, definitions) is added by the evaluator. */
import { baselineOf, POOLED_STRATUM } from '../statistics/e-sr/baseline.ts'
import { mixDecomposition } from '../statistics/mix-decomposition.ts'
import { normalQuantile } from '../statistics/normal-quantile.ts'
import { normalUpperTail } from '../statistics/normal-upper-tail.ts'
import { firstBadVersion } from './bad-version.ts'
import { silentSinceMs } from './judge.ts'
import { alarmFrom, type RecentHour, shownHours } from './regression/detector.ts'
import type { Fit } from './regression/reference.ts'
import { meanInMeasure, spanOf, tauOf } from './regression/unit.ts'
import { isAnomaly, isRegression, type RegressionAlert, type RunAlert } from './run-alert.ts'
import type { AlertState } from './state.ts'
import type { AlertNumbers, TransitionCause } from './transition.ts'
import { firstBadDeploy } from './versions.ts'
import type { AlertWhy, Estimate, StratumMoved } from './why.ts'
import { whyOfThreshold } from './why-threshold.ts'

const HOUR_MS = 3_600_000
const SHOWN_STRATA = 5
const Z95 = normalQuantile(0.975)

export function whyOf(
  state: AlertState,
  alert: RunAlert,
  numbers: AlertNumbers,
  cause: TransitionCause,
  atMs: number,
): AlertWhy {
  const plain = whyOfThreshold(alert, numbers, cause, atMs - silentSinceMs(state))
  if (plain.detection.kind === 'silence') return plain
  if (alert.when.kind === 'threshold') return { ...plain, deploy: firstBadVersion(state.window.versions, alert) }
  const fit = state.shared.reference?.fit ?? null
  if (isRegression(alert) && fit !== null && state.detector !== null)
    return whyOfChange(state, alert, numbers, fit, plain)
  if (isAnomaly(alert) && state.anomaly?.judged) {
    const { usual, distance, alarmFrom: from } = state.anomaly.judged
    const low = usual.median - from * usual.spread
    const high = usual.median + from * usual.spread
    return {
      ...plain,
      baseline: { value: usual.median, interval: null, n: usual.n },
      detection: { kind: 'anomaly', distance, alarmFrom: from, usual: { low, high } },
    }
  }
  return plain
}

function whyOfChange(
  state: AlertState,
  alert: RegressionAlert,
  numbers: AlertNumbers,
  fit: Fit,
  plain: AlertWhy,
): AlertWhy {
  const { detector, shared, share } = state
  const hours = detector === null ? [] : shownHours(detector)
  const sinceMs = (hours[0]?.hour ?? 0) * HOUR_MS
  const { ratio, perNs } = alert.falseAlarms ?? { ratio: 0.05, perNs: 30 * 24 * 3600e9 }
  const isQuantile = tauOf(alert.when.measure) !== null
  const inMeasure = (x: number): number => meanInMeasure(alert, x) ?? x
  const strata = isQuantile ? [] : strataMoved(hours, fit, alert)
  return {
    ...plain,
    baseline: isQuantile ? { value: fit.value, interval: null, n: fit.n } : baselineEstimate(fit, inMeasure),
    now: isQuantile
      ? numbers.value === null
        ? null
        : { value: numbers.value, interval: null, n: numbers.count }
      : nowEstimate(hours, fit, inMeasure),
    detection: {
      kind: 'e-sr',
      statistic: detector?.esr.statistic ?? 0,
      alarmFrom: alarmFrom(alert, share),
      sinceMs,
      falseAlarms: { ratio, perMs: perNs / 1e6 },
    },
    change: changeOfAll(strata),
    strata: strata.sort((a, b) => effectOf(b) - effectOf(a)).slice(0, SHOWN_STRATA),
    deploy: isQuantile
      ? null
      : firstBadDeploy(shared.versions, { sinceMs, inMeasure, phi: fit.baseline.phi, upperTail: normalUpperTail }),
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

const effectOf = ({ rateEffect, mixEffect }: StratumMoved): number => Math.abs(rateEffect) + Math.abs(mixEffect)

/** Shares and means of each part of the traffic, before and since. In the measure's unit. */
function strataMoved(hours: readonly RecentHour[], fit: Fit, alert: RegressionAlert): StratumMoved[] {
  const now = new Map<string, { n: number; sum: number }>()
  for (const { strata } of hours)
    for (const [name, { n, sum }] of Object.entries(strata)) {
      // What has no baseline of its own is judged by that of the small ones, and is shown with them.
      const key = Object.hasOwn(fit.baseline.strata, name) ? name : POOLED_STRATUM
      const before = now.get(key) ?? { n: 0, sum: 0 }
      now.set(key, { n: before.n + n, sum: before.sum + sum })
    }
  const nowN = [...now.values()].reduce((sum, { n }) => sum + n, 0)
  if (nowN === 0) return []
  const names = [...new Set([...Object.keys(fit.baseline.strata), ...now.keys()])]
  const sign = alert.when.worse === 'lower' ? 1 : -1
  const scale = spanOf(alert)
  return names.map((name) => {
    const base = baselineOf(fit.baseline.strata, name)
    const own = Object.hasOwn(fit.baseline.strata, name) ? base : undefined
    const seen = now.get(name)
    const [w0, w1] = [(own?.n ?? 0) / fit.n, (seen?.n ?? 0) / nowN]
    const p0 = base?.mean ?? (seen === undefined ? 0 : seen.sum / seen.n)
    const p1 = seen === undefined ? p0 : seen.sum / seen.n
    const { rateEffect, mixEffect } = mixDecomposition({ w0: [w0], w1: [w1], p0: [p0], p1: [p1] })
    return {
      name: nameOf(name),
      shareBefore: w0,
      shareNow: w1,
      before: own === undefined ? null : (meanInMeasure(alert, p0) ?? p0),
      now: seen === undefined ? null : (meanInMeasure(alert, p1) ?? p1),
      rateEffect: sign * scale * rateEffect,
      mixEffect: sign * scale * mixEffect,
    }
  })
}

const nameOf = (stratum: string): string =>
  stratum === POOLED_STRATUM ? 'everything else' : stratum === '' ? 'all traffic' : stratum

function changeOfAll(strata: readonly StratumMoved[]): AlertWhy['change'] {
  if (strata.length === 0) return null
  const rateEffect = strata.reduce((sum, one) => sum + one.rateEffect, 0)
  const mixEffect = strata.reduce((sum, one) => sum + one.mixEffect, 0)
  return { delta: rateEffect + mixEffect, rateEffect, mixEffect }
}
