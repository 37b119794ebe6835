/** What an alert's rule says at a moment: the numbers, and whether it holds. */
import { distanceOfAlarm, type Usual, usualAt } from './anomaly/series.ts'
import { budgetOf } from './budget.ts'
import { compare } from './compare.ts'
import { binsQuantile, mergeBins } from './quantile-bins.ts'
import { isAlarm, shownHours } from './regression/detector.ts'
import { meanInMeasure, tauOf } from './regression/unit.ts'
import { type AnomalyAlert, isAnomaly, isRegression, type RegressionAlert, type RunAlert } from './run-alert.ts'
import { type AlertState, watchedSinceMs } from './state.ts'
import type { AlertNumbers } from './transition.ts'
import { firesLow, type Measured, measureWindow, windowMsOf } from './window.ts'

/** `keep`: nothing can be said, the phase stays. */
export type Says = 'holds' | 'fails' | 'no_data' | 'keep'

/** A count or a sum: of nothing it is 0, where a rate or a mean has no value. */
function isTotal({ measure }: RunAlert['when']): boolean {
  if (measure.kind === 'count' || measure.kind === 'subjects') return true
  return (measure.kind === 'score' || measure.kind === 'value') && measure.fn === 'sum'
}

/** A count or sum that is too low says nothing before a whole window was watched. */
export const needsWarmUp = (alert: RunAlert): boolean =>
  alert.when.kind === 'threshold' && firesLow(alert) && isTotal(alert.when)

/** From when on an empty window is too low, not one that nobody watched; of a group never: a version that is replaced falls silent. */
export function emptyIsLowFromMs(state: AlertState, alert: RunAlert): number {
  if (alert.by.length > 0) return Number.POSITIVE_INFINITY
  const { resumedMs } = state
  return (
    Math.max(watchedSinceMs(state) ?? Number.POSITIVE_INFINITY, resumedMs ?? Number.NEGATIVE_INFINITY) +
    windowMsOf(alert)
  )
}

/** Whether the number of an empty window is one to judge by. */
function saysOfNothing(state: AlertState, alert: RunAlert, atMs: number): boolean {
  if (alert.noData.kind === 'ok' || !isTotal(alert.when)) return false
  return !firesLow(alert) || atMs >= emptyIsLowFromMs(state, alert)
}

export const silentSinceMs = (state: AlertState): number =>
  Math.max(
    ...[state.lastObservedMs, watchedSinceMs(state), state.resumedMs].map(
      (timeMs) => timeMs ?? Number.NEGATIVE_INFINITY,
    ),
  )

/** Silence is asked of an alert as a whole: a version that is replaced falls silent, and nothing is wrong. */
export const firesOnSilence = (state: AlertState, alert: RunAlert): boolean =>
  alert.noData.kind === 'fire' && (alert.by.length === 0 || state.key === '')

export function numbersOf(state: AlertState, alert: RunAlert): AlertNumbers {
  const measured = measureWindow(state.window, alert)
  const { measure } = alert.when
  const common = { measure, windowMs: windowMsOf(alert), ...measured }
  if (alert.when.kind === 'threshold') return { ...common, cmp: alert.when.cmp, threshold: alert.when.value }
  if (isRegression(alert)) return { ...common, ...changeNumbers(state, alert) }
  const { judged } = state.anomaly ?? { judged: null }
  const high = judged === null || (judged.value ?? 0) >= judged.usual.median
  const edge = judged === null ? 0 : judged.usual.median + (high ? 1 : -1) * judged.alarmFrom * judged.usual.spread
  return { ...common, ...(judged !== null && { value: judged.value }), cmp: high ? '>' : '<', threshold: edge }
}

/** Since when things seem to be different, how they are since then, and where they would be well. */
function changeNumbers(
  { detector, shared }: AlertState,
  alert: RegressionAlert,
): Partial<Measured> & Pick<AlertNumbers, 'cmp' | 'threshold' | 'windowMs'> {
  const { worse, by, measure } = alert.when
  const cmp = worse === 'lower' ? '<' : '>'
  const fit = shared.reference?.fit ?? null
  const hours = detector === null ? [] : shownHours(detector)
  const windowMs = hours.length * 3_600_000
  if (fit === null || hours.length === 0) return { value: null, count: 0, total: 0, cmp, threshold: 0, windowMs }
  const amount = by.kind === 'absolute' ? by.value : by.ratio * Math.abs(fit.value)
  const n = hours.reduce((sum, hour) => sum + hour.n, 0)
  const tau = tauOf(measure)
  const value =
    tau === null
      ? n === 0
        ? null
        : meanInMeasure(alert, hours.reduce((sum, hour) => sum + hour.sum, 0) / n)
      : binsQuantile(mergeBins(hours.flatMap(({ bins }) => bins ?? [])), tau)
  return { value, count: n, total: n, cmp, threshold: fit.value + (worse === 'lower' ? -amount : amount), windowMs }
}

/** `numbersAt`: asked for where the rule needs them. */
export function judge(state: AlertState, alert: RunAlert, numbersAt: () => AlertNumbers, atMs: number): Says {
  const { noData } = alert
  if (noData.kind === 'fire' && firesOnSilence(state, alert) && atMs - silentSinceMs(state) >= noData.afterNs / 1e6)
    return 'no_data'
  if (alert.by.length > 0 && state.key === '') return 'fails'
  if (isRegression(alert)) return judgeChange(state, alert)
  const numbers = numbersAt()
  const { verdicts } = numbers
  const observed = verdicts.pass + verdicts.fail + verdicts.unknown + verdicts.error
  if (isAnomaly(alert)) return observed === 0 && noData.kind === 'ok' ? 'fails' : judgeAnomaly(state)
  if (numbers.value === null || (observed === 0 && !saysOfNothing(state, alert, atMs)))
    return noData.kind === 'ok' ? 'fails' : 'keep'
  if (needsWarmUp(alert) && atMs - (watchedSinceMs(state) ?? atMs) < windowMsOf(alert)) return 'keep'
  return compare(numbers.value, numbers.cmp, numbers.threshold) ? 'holds' : 'fails'
}

function judgeChange({ detector, shared, phase, share }: AlertState, alert: RegressionAlert): Says {
  const fit = shared.reference?.fit ?? null
  if (detector === null || fit === null || detector.fit !== fit.number) {
    // Silence may have fired before anything was known.
    return phase.kind === 'firing' && phase.cause === 'no_data' ? 'fails' : 'keep'
  }
  if (phase.kind === 'firing' && phase.cause === 'condition') return detector.recovered ? 'fails' : 'holds'
  return isAlarm(detector, alert, fit, share) ? 'holds' : 'fails'
}

function judgeAnomaly({ anomaly }: AlertState): Says {
  if (anomaly === null || anomaly.judged === null) return 'keep'
  return anomaly.judged.distance >= anomaly.judged.alarmFrom ? 'holds' : 'fails'
}

/** A window that is over, against the usual of its hour; null where too little is known. */
export interface JudgedWindow {
  value: number | null
  usual: Usual
  distance: number
  alarmFrom: number
}

export function judgeWindow(
  state: AlertState,
  alert: AnomalyAlert,
  { value, total, count }: Measured,
  startMs: number,
): JudgedWindow | null {
  if (state.anomaly === null || value === null) return null
  const overMs = alert.when.overNs / 1e6
  const usual = usualAt(
    state.anomaly.series,
    startMs,
    value,
    noiseOf(alert, value, alert.when.measure.kind === 'rate' ? total : count),
  )
  if (usual === null) return null
  const { ratio, perNs } = budgetOf(alert)
  const windows = perNs / 1e6 / overMs
  const alpha = (ratio * state.share) / (alert.monitors ?? 1)
  const distance =
    usual.spread === 0
      ? value === usual.median
        ? 0
        : Number.MAX_SAFE_INTEGER
      : Math.abs(value - usual.median) / usual.spread
  return { value, usual, distance, alarmFrom: distanceOfAlarm({ alpha, windows, n: usual.n }) }
}

/** What a share of so few, or a count, differs by chance alone. */
function noiseOf({ when: { measure } }: AnomalyAlert, value: number, n: number): number {
  if (measure.kind === 'count' || measure.kind === 'subjects') return Math.sqrt(Math.max(1, value))
  if (measure.kind !== 'rate' && measure.kind !== 'share' && measure.kind !== 'coverage') return 0
  if (n === 0) return 0
  return Math.sqrt(Math.max(value * (1 - value), 1 / n) / n)
}
