/**
 * What an alert on changes knows of the time before: sums by hour and part of the traffic, and of quantiles the values by day. All
 * groups of the alert share it, because a new version is judged by what its predecessors did. Bounded: at most `MAX_LOOKS` hours (of a
 * longer reference, longer looks) of at most `MAX_STRATA` parts.
 *
 * The baseline is fitted once enough was seen, again when the reference is whole, and then once in the time of the budget of false
 * alarms; in between it is frozen, or a slow decline would move what it is compared with.
 */
import { fitBaseline, POOLED_STRATUM, type StratumSums } from '../../statistics/e-sr/baseline.ts'
import { quantileBaselineBound } from '../../statistics/e-sr/quantile-baseline-bound.ts'
import type { EsrBaseline } from '../../statistics/e-sr/step.ts'
import { budgetOf } from '../budget.ts'
import { quantileInterval } from '../intervals.ts'
import { addToBins, type Bins, binsQuantile, binsRank, binsSize, mergeBins } from '../quantile-bins.ts'
import type { RegressionAlert } from '../run-alert.ts'
import type { Estimate } from '../why.ts'
import { meanInMeasure, tauOf } from './unit.ts'

const HOUR_MS = 3_600_000
const MAX_LOOKS = 14 * 24
const MAX_STRATA = 24
const FEWEST_SUBJECTS = 100
/** Of a reference that is not whole yet: a seventh, but a day. */
const FIRST_PART = 1 / 7
const SHORTEST_MS = 24 * HOUR_MS
/** Of the budget, what the baseline's uncertainty may use up; the rest is for looking. */
export const BASELINE_SHARE = 0.4

export interface ReferenceLook {
  /** Start of the look by the log's clock, in look lengths since the epoch. */
  index: number
  strata: Record<string, StratumSums>
  /** Of quantiles: the rough cutoff that the sums are of. */
  cutoff?: number
}

/** The baseline in force. */
export interface Fit {
  /** Counts up: detectors on an older one begin anew. */
  number: number
  atMs: number
  /** It was made of a part of the reference. */
  partial: boolean
  baseline: EsrBaseline & { alphaB: number }
  /** In the measure's unit: the mean of the reference, or its quantile. */
  value: number
  /** Of quantiles: in which it lies; of others it follows from the baseline. */
  interval: Estimate['interval']
  /** Of quantiles: what subjects are compared with. */
  cutoff: number | null
  n: number
  /** How many groups began with a head start on it, or on the one of a part of the reference before it. */
  begun: number
}

export interface Reference {
  /** What it is of; another measure begins another one. */
  measureKey: string
  /** The rule that the fit was made for. */
  ruleKey: string
  looks: ReferenceLook[]
  /** Of quantiles: the values, by day. */
  days: { day: number; bins: Bins }[]
  /** Of quantiles: the quantile of the first values, with which the looks' subjects are compared, for the ups and downs of the hours. */
  roughCutoff: number | null
  fit: Fit | null
}

export const emptyReference = (measureKey = '', ruleKey = ''): Reference => ({
  measureKey,
  ruleKey,
  looks: [],
  days: [],
  roughCutoff: null,
  fit: null,
})

const referenceMsOf = ({ when }: RegressionAlert): number => when.referenceNs / 1e6

/** Of a reference of up to 14 days an hour; else so long that there are not more looks than that. */
export function lookMsOf(alert: RegressionAlert): number {
  return HOUR_MS * Math.max(1, Math.ceil(referenceMsOf(alert) / HOUR_MS / MAX_LOOKS))
}

/** Under which name a subject's part of the traffic is kept: its own, or the rest's where there are too many parts. */
export function stratumIn(reference: Reference, stratum: string): string {
  const known = strataOf(reference)
  return known.has(stratum) || known.size < MAX_STRATA ? stratum : POOLED_STRATUM
}

/** Asked for at every subject, so remembered until the next look begins. */
const strataKnown = new WeakMap<Reference, { index: number; names: Set<string> }>()

function strataOf(reference: Reference): Set<string> {
  const index = reference.looks.at(-1)?.index ?? 0
  let known = strataKnown.get(reference)
  if (known === undefined || known.index !== index) {
    known = { index, names: new Set(reference.looks.flatMap(({ strata }) => Object.keys(strata))) }
    strataKnown.set(reference, known)
  }
  return known.names
}

/** Adds a subject, of 0 to 1, and drops what the reference has left behind. */
export function addToReference(
  reference: Reference,
  alert: RegressionAlert,
  { atMs, stratum, x, value }: { atMs: number; stratum: string; x: number | null; value: number | undefined },
): void {
  const lookMs = lookMsOf(alert)
  if (tauOf(alert.when.measure) !== null && value !== undefined) addValue(reference, alert, atMs, value)
  if (x === null) return
  const index = Math.floor(atMs / lookMs)
  let look = reference.looks.at(-1)
  if (look === undefined || look.index < index) {
    look = { index, strata: {}, ...(reference.roughCutoff !== null && { cutoff: reference.roughCutoff }) }
    reference.looks.push(look)
    const oldest = index - Math.ceil(referenceMsOf(alert) / lookMs)
    while (reference.looks[0] !== undefined && reference.looks[0].index < oldest) reference.looks.shift()
  }
  const name = stratumIn(reference, stratum)
  strataOf(reference).add(name)
  addTo(look, name, { n: 1, sum: x, sumSquares: x * x })
}

function addTo({ strata }: ReferenceLook, stratum: string, { n, sum, sumSquares }: StratumSums): void {
  const sums = strata[stratum]
  if (sums === undefined) strata[stratum] = { n, sum, sumSquares }
  else {
    sums.n += n
    sums.sum += sum
    sums.sumSquares += sumSquares
  }
}

function addValue(reference: Reference, alert: RegressionAlert, atMs: number, value: number): void {
  const day = Math.floor(atMs / (24 * HOUR_MS))
  let last = reference.days.at(-1)
  if (last === undefined || last.day < day) {
    last = { day, bins: new Map() }
    reference.days.push(last)
    const oldest = day - Math.ceil(referenceMsOf(alert) / (24 * HOUR_MS))
    while (reference.days[0] !== undefined && reference.days[0].day < oldest) reference.days.shift()
  }
  addToBins(last.bins, value)
  const tau = upperTau(alert)
  if (reference.roughCutoff !== null || tau === null) return
  const seen = mergeBins(reference.days.map(({ bins }) => bins))
  if (binsSize(seen) >= FEWEST_SUBJECTS) reference.roughCutoff = binsQuantile(seen, tau)
}

/** A low quantile that shall not fall is a high one of the same values turned round. */
function upperTau({ when }: RegressionAlert): number | null {
  return tauOf(when.measure)
}

/** Of what a fit is made, as far as it is over: the look that runs is not. */
function wholeLooks(reference: Reference, nowIndex: number): ReferenceLook[] {
  return reference.looks.filter(({ index }) => index < nowIndex)
}

/** Whether a fit is due at `atMs`: the first, the one of the whole reference, or that of a new time of the budget. */
export function isFitDue(reference: Reference, alert: RegressionAlert, atMs: number): boolean {
  const lookMs = lookMsOf(alert)
  const looks = wholeLooks(reference, Math.floor(atMs / lookMs))
  const [first] = looks
  if (first === undefined) return false
  const spanMs = atMs - first.index * lookMs
  const n = looks.reduce((sum, { strata }) => sum + countOf(strata), 0)
  if (n < FEWEST_SUBJECTS) return false
  const { fit } = reference
  const isWhole = spanMs >= referenceMsOf(alert)
  if (fit === null) return isWhole || spanMs >= Math.max(SHORTEST_MS, referenceMsOf(alert) * FIRST_PART)
  if (fit.partial) return isWhole
  return atMs - fit.atMs >= budgetOf(alert).perNs / 1e6
}

/** Below this no baseline is fitted: a mean takes a hundred, a quantile as many as tell of its tail. `ratio`: the budget. */
export function fewestSubjects(alert: RegressionAlert, ratio: number): number {
  const tau = upperTau(alert)
  if (tau === null) return FEWEST_SUBJECTS
  const within = alert.when.worse === 'higher' ? tau : 1 - tau
  return Math.max(FEWEST_SUBJECTS, Math.ceil(Math.log(ratio * BASELINE_SHARE) / Math.log(within)))
}

const countOf = (strata: ReferenceLook['strata']): number => Object.values(strata).reduce((sum, { n }) => sum + n, 0)

/** Null where the reference is too small for the quantile: p99 takes 390 values. */
export function fitReference(reference: Reference, alert: RegressionAlert, atMs: number): Fit | null {
  const lookMs = lookMsOf(alert)
  const looks = wholeLooks(reference, Math.floor(atMs / lookMs))
  const [first] = looks
  if (first === undefined) return null
  const partial = atMs - first.index * lookMs < referenceMsOf(alert)
  // A budget's time in which the baseline is fitted twice grants each fit half.
  const halved = partial || reference.fit?.partial === true
  const alphaB = budgetOf(alert).ratio * BASELINE_SHARE * (halved ? 0.5 : 1)
  const { strata, phi, meanPerLook } = fitBaseline({ looks: withEmptyLooks(looks), day: (24 * HOUR_MS) / lookMs })
  const baseline: Fit['baseline'] = { strata, phi, meanPerLook: (meanPerLook * HOUR_MS) / lookMs, alphaB }
  const n = looks.reduce((sum, look) => sum + countOf(look.strata), 0)
  // What is kept for head starts is the budget's, which both fits of a time of it have together.
  const begun = reference.fit?.partial === true ? reference.fit.begun : 0
  const common = { number: (reference.fit?.number ?? 0) + 1, atMs, partial, n, begun }
  const tau = upperTau(alert)
  if (tau === null) {
    const mean = Object.values(strata).reduce((sum, stratum) => sum + stratum.mean * stratum.n, 0) / n
    return { ...common, baseline, value: meanInMeasure(alert, mean) ?? mean, interval: null, cutoff: null }
  }
  return quantileFit(reference, alert, tau, baseline, common)
}

/** Subjects are compared with the bound of the quantile plus the rule's amount; then the share within is known, and needs no margin. */
function quantileFit(
  reference: Reference,
  alert: RegressionAlert,
  tau: number,
  baseline: Fit['baseline'],
  common: Pick<Fit, 'number' | 'atMs' | 'partial' | 'n' | 'begun'>,
): Fit | null {
  const values = mergeBins(reference.days.map(({ bins }) => bins))
  const n0 = binsSize(values)
  const higher = alert.when.worse === 'higher'
  const within = higher ? tau : 1 - tau
  const { rank, feasible } = quantileBaselineBound({ n0, tau: within, alphaB: baseline.alphaB })
  const value = binsQuantile(values, tau)
  const bound = feasible ? binsRank(values, higher ? rank : n0 + 1 - rank) : null
  if (bound === null || value === null) return null
  const { by } = alert.when
  const amount = by.kind === 'absolute' ? by.value : by.ratio * Math.abs(value)
  const known = { mean: within, variance: within * (1 - within), n: 1e12 }
  const strata = Object.fromEntries(Object.keys(baseline.strata).map((name) => [name, known]))
  return {
    ...common,
    baseline: { ...baseline, strata: { ...strata, [POOLED_STRATUM]: known } },
    value,
    interval: quantileInterval(values, tau, baseline.phi),
    cutoff: higher ? bound + amount : bound - amount,
  }
}

/** Hours in which nothing came are hours, too. */
function withEmptyLooks(looks: readonly ReferenceLook[]): { strata: Record<string, StratumSums> }[] {
  const filled: { strata: Record<string, StratumSums> }[] = []
  for (const [i, look] of looks.entries()) {
    const before = looks[i - 1]
    for (let missing = before === undefined ? 0 : look.index - before.index - 1; missing > 0; missing--)
      filled.push({ strata: {} })
    filled.push(look)
  }
  return filled
}

/** What came since `sinceMs` is no reference: the alert says that it was worse. */
export function forgetSince(reference: Reference, alert: RegressionAlert, sinceMs: number): void {
  const lookMs = lookMsOf(alert)
  reference.looks = reference.looks.filter(({ index }) => (index + 1) * lookMs <= sinceMs)
}

/** People say that what was before `fromMs` is no measure any more: begins anew with what came since. */
export function forgetBefore(reference: Reference, alert: RegressionAlert, fromMs: number): void {
  const lookMs = lookMsOf(alert)
  reference.looks = reference.looks.filter(({ index }) => index * lookMs >= fromMs)
  reference.days = reference.days.filter(({ day }) => day * 24 * HOUR_MS >= fromMs)
  reference.roughCutoff = null
  reference.fit = null
}

/** Index; of each part of the traffic its name, how many, sum and sum of squares; of quantiles the cutoff. */
export type ReferenceLookJson = [number, [string, number, number, number][], ...number[]]

export const lookToJson = ({ index, strata, cutoff }: ReferenceLook): ReferenceLookJson => [
  index,
  Object.entries(strata).map(([name, { n, sum, sumSquares }]) => [name, n, sum, sumSquares]),
  ...(cutoff === undefined ? [] : [cutoff]),
]

export const lookFromJson = ([index, strata, cutoff]: ReferenceLookJson): ReferenceLook => ({
  index,
  strata: Object.fromEntries(strata.map(([name, n, sum, sumSquares]) => [name, { n, sum, sumSquares }])),
  ...(cutoff !== undefined && { cutoff }),
})
