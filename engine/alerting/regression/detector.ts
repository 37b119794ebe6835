/**
 * The e-SR detector of one group of an alert on changes: looks of a quarter of an hour at what came since the last one, by the log's
 * clock. A look without subjects is none: its time is added to the next one's.
 */

import { baselineOf } from '../../statistics/e-sr/baseline.ts'
import { esrThreshold } from '../../statistics/e-sr/bets.ts'
import { esrRecoveryBet, esrRecoveryStep, RECOVERY_THRESHOLD } from '../../statistics/e-sr/recovery.ts'
import { ESR_START, type EsrState, esrEvidence, esrStep } from '../../statistics/e-sr/step.ts'
import { budgetHours, budgetOf } from '../budget.ts'
import { addToBins, type Bins } from '../quantile-bins.ts'
import type { RegressionAlert } from '../run-alert.ts'
import { BASELINE_SHARE, type Fit } from './reference.ts'
import { spanOf, tauOf } from './unit.ts'

const HOUR_MS = 3_600_000
export const LOOK_MS = HOUR_MS / 4
/** Hours of the past from which it is told when the change began, and what is different since. */
const RECENT_HOURS = 7 * 24
const RECOVERY_HOURS = 6
const BETTORS = 5

/** Of a look or an hour: how many subjects with each value. */
type Counts = Map<number, number>

export interface RecentHour {
  hour: number
  n: number
  sum: number
  /** What the baseline would have had of the same traffic. */
  expected: number
  /** The evidence of each bettor. */
  logE: number[]
  strata: Record<string, { n: number; sum: number }>
  /** Of quantiles: the values. */
  bins: Bins | null
  /** Of quantiles: how many were within the reference's rough cutoff, with which its looks are compared, too. */
  rough: Rough | null
}

export interface Rough {
  cutoff: number
  strata: Record<string, { n: number; sum: number }>
}

export interface Recovery {
  logCapital: number | null
  level: number
  bet: number
}

export interface Detector {
  /** The fit that it runs on. */
  fit: number
  esr: EsrState
  /** End of the last look; null before the first. */
  lookedMs: number | null
  open: { endMs: number; strata: Map<string, Counts>; bins: Bins | null; rough: Rough | null } | null
  recent: RecentHour[]
  /** Since it fires: the bet that things are well again. */
  recovery: Recovery | null
  /** It was bet on, and won: the alert may resolve. */
  recovered: boolean
}

export const emptyDetector = (): Detector => ({
  fit: 0,
  esr: ESR_START,
  lookedMs: null,
  open: null,
  recent: [],
  recovery: null,
  recovered: false,
})

/** From which statistic on it is an alarm. `share`: of the budget, what this group may use up. */
export function alarmFrom(alert: RegressionAlert, share: number): number {
  const alpha = budgetOf(alert).ratio * (1 - BASELINE_SHARE) * share
  return Math.log(esrThreshold({ hours: budgetHours(alert), alpha, monitors: alert.monitors ?? 1 }))
}

/** A new baseline starts everything anew. */
export function useFit(detector: Detector, fit: Fit): void {
  if (detector.fit === fit.number) return
  Object.assign(detector, emptyDetector(), { fit: fit.number })
}

/** Of a group that begins while others run: it bets with the capital of so many hours from its first look on. */
export function beginAhead(detector: Detector, fit: Fit, hours: number): void {
  useFit(detector, fit)
  const logHours = Math.log(hours)
  detector.esr = { logCapital: Array.from({ length: BETTORS }, () => logHours), statistic: logHours }
}

export interface LookSubject {
  atMs: number
  stratum: string
  x: number
  /** Of quantiles. */
  value: number | undefined
  rough: { cutoff: number; x: number } | null
}

/** Adds a subject to the look at hand, which has to end after it (`closeLook`). */
export function addToLook(detector: Detector, { atMs, stratum, x, value, rough }: LookSubject): void {
  detector.open ??= { endMs: (Math.floor(atMs / LOOK_MS) + 1) * LOOK_MS, strata: new Map(), bins: null, rough: null }
  const { strata } = detector.open
  let counts = strata.get(stratum)
  if (counts === undefined) {
    counts = new Map()
    strata.set(stratum, counts)
  }
  counts.set(x, (counts.get(x) ?? 0) + 1)
  if (rough !== null) {
    if (detector.open.rough?.cutoff !== rough.cutoff) detector.open.rough = { cutoff: rough.cutoff, strata: {} }
    addSums(detector.open.rough.strata, stratum, { n: 1, sum: rough.x })
  }
  if (value === undefined) return
  detector.open.bins ??= new Map()
  addToBins(detector.open.bins, value)
}

/** Ends the look at hand if it is over at `atMs`. */
export function closeLook(detector: Detector, fit: Fit, atMs: number): void {
  const { open } = detector
  if (open === null || open.endMs > atMs) return
  detector.open = null
  const startMs = detector.lookedMs ?? open.endMs - LOOK_MS
  const strata = Object.fromEntries(
    [...open.strata].map(([name, counts]) => [name, { values: [...counts.keys()], counts: [...counts.values()] }]),
  )
  const look = { hours: (open.endMs - startMs) / HOUR_MS, strata }
  const baseline = { ...fit.baseline, meanPerLook: (fit.baseline.meanPerLook * LOOK_MS) / HOUR_MS }
  detector.lookedMs = open.endMs
  const evidence = Object.values(esrEvidence(look, baseline))
  const logE = Array.from({ length: BETTORS }, (_, k) => evidence.reduce((sum, logEs) => sum + (logEs[k] ?? 0), 0))
  remember(detector, open, fit, logE)
  if (detector.recovery === null) detector.esr = esrStep(detector.esr, look, baseline)
  else stepRecovery(detector.recovery, detector, open, look.hours, fit)
}

function stepRecovery(
  recovery: Recovery,
  detector: Detector,
  open: NonNullable<Detector['open']>,
  hours: number,
  fit: Fit,
): void {
  const all: Counts = new Map()
  for (const counts of open.strata.values()) for (const [x, count] of counts) all.set(x, (all.get(x) ?? 0) + count)
  const observed = { values: [...all.keys()], counts: [...all.values()] }
  recovery.logCapital = esrRecoveryStep(recovery.logCapital, { hours, phi: fit.baseline.phi, ...observed }, recovery)
  detector.recovered = recovery.logCapital >= Math.log(RECOVERY_THRESHOLD)
}

function remember({ recent }: Detector, open: NonNullable<Detector['open']>, fit: Fit, logE: number[]): void {
  const index = Math.floor((open.endMs - 1) / HOUR_MS)
  let hour = recent.at(-1)
  if (hour === undefined || hour.hour !== index) {
    hour = { hour: index, n: 0, sum: 0, expected: 0, logE: logE.map(() => 0), strata: {}, bins: null, rough: null }
    recent.push(hour)
    while (recent[0] !== undefined && recent[0].hour <= index - RECENT_HOURS) recent.shift()
  }
  hour.logE = hour.logE.map((sum, k) => sum + (logE[k] ?? 0))
  for (const [name, counts] of open.strata) {
    const stratum = baselineOf(fit.baseline.strata, name)
    if (stratum === undefined) continue
    let n = 0
    let sum = 0
    for (const [x, count] of counts) {
      n += count
      sum += x * count
    }
    hour.n += n
    hour.sum += sum
    hour.expected += n * stratum.mean
    addSums(hour.strata, name, { n, sum })
  }
  if (open.rough !== null) {
    if (hour.rough?.cutoff !== open.rough.cutoff) hour.rough = { cutoff: open.rough.cutoff, strata: {} }
    for (const [name, sums] of Object.entries(open.rough.strata)) addSums(hour.rough.strata, name, sums)
  }
  if (open.bins !== null) {
    hour.bins ??= new Map()
    for (const { count, value } of open.bins.values()) addToBins(hour.bins, value, count)
  }
}

function addSums(all: Rough['strata'], name: string, { n, sum }: { n: number; sum: number }): void {
  const before = Object.hasOwn(all, name) ? all[name]! : { n: 0, sum: 0 }
  all[name] = { n: before.n + n, sum: before.sum + sum }
}

/** The hours in which the change seems to be: those from where on the boldest evidence is greatest. */
export function changedHours({ recent, esr }: Pick<Detector, 'recent' | 'esr'>): RecentHour[] {
  const { logCapital } = esr
  const best = logCapital.reduce((top, value, k) => (value > (logCapital[top] ?? value) ? k : top), 0)
  let from = Math.max(0, recent.length - 1)
  let evidence = 0
  let greatest = Number.NEGATIVE_INFINITY
  for (let i = recent.length - 1; i >= 0; i--) {
    evidence += recent[i]!.logE[best] ?? 0
    if (evidence > greatest) {
      greatest = evidence
      from = i
    }
  }
  return recent.slice(from)
}

/** What a message speaks of: since the change, and once it is asked whether it is over, of late. */
export const shownHours = (detector: Detector): RecentHour[] =>
  detector.recovery === null ? changedHours(detector) : detector.recent.slice(-RECOVERY_HOURS)

/** By how much the mean fell in these hours, of 0 to 1, given the traffic that there was. */
export function dropIn(hours: readonly RecentHour[]): number {
  const n = hours.reduce((sum, hour) => sum + hour.n, 0)
  return n === 0 ? 0 : hours.reduce((sum, hour) => sum + hour.expected - hour.sum, 0) / n
}

/** What the change has to be at least, of 0 to 1. Of a quantile the amount is in what its subjects are compared with. */
export function leastDrop(alert: RegressionAlert, fit: Fit): number {
  const { by, measure } = alert.when
  if (tauOf(measure) !== null) return 0
  return (by.kind === 'absolute' ? by.value : by.ratio * Math.abs(fit.value)) / spanOf(alert)
}

/** What the detector says at the end of a look. */
export function isAlarm(detector: Detector, alert: RegressionAlert, fit: Fit, share: number): boolean {
  const { statistic } = detector.esr
  if (statistic === null || statistic < alarmFrom(alert, share)) return false
  return dropIn(changedHours(detector)) >= leastDrop(alert, fit)
}

/** It fires: from here on it is asked whether things are well again. */
export function beginRecovery(detector: Detector): void {
  const hours = changedHours(detector)
  const n = hours.reduce((sum, hour) => sum + hour.n, 0)
  const now = hours.reduce((sum, hour) => sum + hour.sum, 0) / Math.max(1, n)
  const before = hours.reduce((sum, hour) => sum + hour.expected, 0) / Math.max(1, n)
  const pBase = Math.min(0.999, Math.max(0.002, before))
  const pAlarm = Math.min(pBase - 0.001, Math.max(0.0005, now))
  detector.recovery = { logCapital: null, ...esrRecoveryBet({ pAlarm, pBase }) }
  detector.recovered = false
}

/** The incident is over: the evidence for it has served. */
export function endRecovery(detector: Detector): void {
  detector.recovery = null
  detector.recovered = false
  detector.esr = ESR_START
  detector.recent = []
}
