/**
 * What an alert was too young to see: the hours before it began, worked out of the store by a job and kept in the log, so that the evaluator
 * never waits for the store.
 */
import { z } from 'zod'
import { addToSeries, copyOf, emptySeries, seriesSize } from './anomaly/series.ts'
import { addUsualParts, copyOfParts, type PartSums, type UsualParts } from './anomaly/usual-parts.ts'
import { usualPartsFromJson, usualPartsSchema, usualPartsToJson } from './anomaly/usual-parts-json.ts'
import type { AlertGroups } from './groups.ts'
import { type Bins, binsQuantile, binsSize, GROWTH, mergeBins, OFFSET } from './quantile-bins.ts'
import { lookSchema } from './regression/detector-json.ts'
import { lookFromJson, lookMsOf, type ReferenceLook } from './regression/reference.ts'
import { tauOf } from './regression/unit.ts'
import { isAnomaly, isRegression, type RegressionAlert, type RunAlert, watchedEvalId } from './run-alert.ts'
import type { Shared } from './state.ts'
import { stratumOf } from './stratum.ts'
import { measured, needsValues, shareIn, windowMsOf } from './window.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** An hour (or another step) of an eval's results, of one part of the traffic. Scores in the unit of results. */
export interface HistoryStep {
  startMs: number
  agentName: string | undefined
  env: string | undefined
  counts: { pass: number; fail: number; unknown: number; error: number }
  scores: { count: number; sum: number; sumSquares: number }
  /** Index and count. */
  bins: readonly (readonly [number, number])[]
}

/** What is asked of the store for an alert; null for one that compares with nothing. */
export interface HistoryAsked {
  evalId: string
  measureHash: string
  fromMs: number
  toMs: number
  stepMs: number
  bins: { growth: number; offset: number; scale: number } | null
}

export function historyAsked(alert: RunAlert, nowMs: number): HistoryAsked | null {
  const { when, measureHash } = alert
  if (when.kind === 'threshold' || measureHash === undefined) return null
  const stepMs = isRegression(alert) ? lookMsOf(alert) : windowMsOf(alert)
  // The step that runs is the evaluator's.
  const toMs = Math.floor(nowMs / stepMs) * stepMs
  const bins = needsValues(when.measure) ? { growth: GROWTH, offset: OFFSET, scale: scaleOf(alert) } : null
  return { evalId: watchedEvalId(alert), measureHash, fromMs: toMs - when.referenceNs / 1e6, toMs, stepMs, bins }
}

/** From the unit of results to the plan's. */
function scaleOf({ when: { measure } }: RunAlert): number {
  return measure.type.kind === 'duration' || measure.type.kind === 'money' ? 1e6 : 1
}

export const alertHistorySchema = z.object({
  /** Of which series it is. */
  measureHash: z.string(),
  toMs: z.number(),
  /** Of alerts on changes. */
  looks: z.array(lookSchema),
  days: z.array(z.tuple([z.number(), z.array(z.tuple([z.number(), z.number(), z.number()]))])),
  roughCutoff: z.number().nullable(),
  /** Of alerts on anomalies: start of the window and its value. */
  values: z.array(z.tuple([z.number(), z.number()])),
  /** Of those on shares and means: how the parts of the traffic usually do. */
  parts: usualPartsSchema,
})

export type AlertHistory = z.infer<typeof alertHistorySchema>

export function historyOf(alert: RunAlert, asked: HistoryAsked, steps: readonly HistoryStep[]): AlertHistory {
  const common = {
    measureHash: asked.measureHash,
    toMs: asked.toMs,
    looks: [],
    days: [],
    roughCutoff: null,
    values: [],
    parts: [],
  }
  if (isRegression(alert)) return { ...common, ...changeHistory(alert, asked, steps) }
  return { ...common, values: windowValues(alert, steps), parts: usualPartsToJson(usualParts(alert, asked, steps)) }
}

/** The upper edge of a bin, which is all that the store says of its values. */
function binsOf(pairs: HistoryStep['bins']): Bins {
  return new Map(
    pairs.map(([index, count]) => {
      const magnitude = Math.exp((Math.abs(index) - OFFSET + (index > 0 ? 1 : 0)) * GROWTH)
      return [index, { count, value: index === 0 ? 0 : Math.sign(index) * magnitude }]
    }),
  )
}

function changeHistory(
  alert: RegressionAlert,
  { stepMs }: HistoryAsked,
  steps: readonly HistoryStep[],
): Pick<AlertHistory, 'looks' | 'days' | 'roughCutoff'> {
  const tau = tauOf(alert.when.measure)
  const all = mergeBins(steps.map(({ bins }) => binsOf(bins)))
  const roughCutoff = tau === null || binsSize(all) === 0 ? null : binsQuantile(all, tau)
  const looks = new Map<number, AlertHistory['looks'][number][1]>()
  const days = new Map<number, Bins[]>()
  for (const step of steps) {
    const sums = unitSums(alert, step, roughCutoff)
    if (sums === null) continue
    const index = Math.floor(step.startMs / stepMs)
    const strata = looks.get(index) ?? []
    strata.push([stratumOf(labelsOf(step), []), sums.n, sums.sum, sums.sumSquares])
    looks.set(index, strata)
    const day = Math.floor(step.startMs / DAY_MS)
    if (tau !== null) days.set(day, [...(days.get(day) ?? []), binsOf(step.bins)])
  }
  return {
    looks: [...looks].map(([index, strata]) => [index, strata, ...(roughCutoff === null ? [] : [roughCutoff])]),
    days: [...days].map(([day, parts]) => [
      day,
      [...mergeBins(parts)].map(([index, { count, value }]): [number, number, number] => [index, count, value]),
    ]),
    roughCutoff,
  }
}

/** What `unitOf` says of each subject, summed up. */
function unitSums(
  { when }: RegressionAlert,
  { counts, scores, bins }: HistoryStep,
  cutoff: number | null,
): { n: number; sum: number; sumSquares: number } | null {
  const { measure, worse, bounds } = when
  switch (measure.kind) {
    case 'rate':
    case 'coverage':
    case 'share': {
      const { count, total: n } = shareIn(measure, counts)
      const sum = worse === 'lower' ? count : n - count
      return n === 0 ? null : { n, sum, sumSquares: sum }
    }
    case 'score':
    case 'value': {
      const { count: n, sum, sumSquares } = scores
      if (n === 0) return null
      if (tauOf(measure) !== null) {
        if (cutoff === null) return null
        const within = [...binsOf(bins).values()]
          .filter(({ value }) => (worse === 'higher' ? value <= cutoff : value >= cutoff))
          .reduce((total, { count }) => total + count, 0)
        return { n, sum: within, sumSquares: within }
      }
      const { low, high } = bounds ?? { low: 0, high: 1 }
      const scale = scaleOf({ when } as RunAlert)
      const span = high - low
      const x = (scale * sum - n * low) / span
      const xx = (scale * scale * sumSquares - 2 * low * scale * sum + n * low * low) / (span * span)
      return worse === 'lower' ? { n, sum: x, sumSquares: xx } : { n, sum: n - x, sumSquares: n - 2 * x + xx }
    }
    case 'count':
    case 'subjects':
      return null
  }
}

/** Of each window the number that the alert looks at, over all parts of the traffic. */
function windowValues(alert: RunAlert, steps: readonly HistoryStep[]): AlertHistory['values'] {
  const byStart = new Map<number, HistoryStep[]>()
  for (const step of steps) byStart.set(step.startMs, [...(byStart.get(step.startMs) ?? []), step])
  const scale = scaleOf(alert)
  return [...byStart].flatMap(([startMs, parts]): [number, number][] => {
    const sumOf = (pick: (step: HistoryStep) => number): number => parts.reduce((sum, step) => sum + pick(step), 0)
    const verdicts = {
      pass: sumOf(({ counts }) => counts.pass),
      fail: sumOf(({ counts }) => counts.fail),
      unknown: sumOf(({ counts }) => counts.unknown),
      error: sumOf(({ counts }) => counts.error),
    }
    const scores = { count: sumOf((step) => step.scores.count), sum: scale * sumOf((step) => step.scores.sum) }
    const { value } = measured(alert.when.measure, verdicts, scores, () =>
      mergeBins(parts.map(({ bins }) => binsOf(bins))),
    )
    return value === null ? [] : [[startMs, value]]
  })
}

/** Of quantiles nothing: what was usual at each hour, with which their subjects are compared, is the alert's own to learn. */
function usualParts(
  alert: RunAlert,
  { stepMs, fromMs, toMs }: HistoryAsked,
  steps: readonly HistoryStep[],
): UsualParts {
  const usual: UsualParts = new Map()
  const byStart = new Map<number, Map<string, PartSums>>()
  for (const step of steps) {
    const sums = partSums(alert, step)
    if (sums === null || sums.n === 0) continue
    const parts = byStart.get(step.startMs) ?? new Map<string, PartSums>()
    byStart.set(step.startMs, parts)
    const name = stratumOf(labelsOf(step), [])
    const before = parts.get(name) ?? { n: 0, sum: 0 }
    parts.set(name, { n: before.n + sums.n, sum: before.sum + sums.sum })
  }
  for (const [startMs, parts] of [...byStart].sort(([a], [b]) => a - b))
    addUsualParts(usual, startMs, parts, stepMs, toMs - fromMs)
  return usual
}

function partSums(alert: RunAlert, { counts, scores }: HistoryStep): PartSums | null {
  const { measure } = alert.when
  switch (measure.kind) {
    case 'rate':
    case 'coverage':
    case 'share': {
      const { count: sum, total: n } = shareIn(measure, counts)
      return { n, sum }
    }
    case 'score':
    case 'value':
      return measure.fn === 'mean' ? { n: scores.count, sum: scaleOf(alert) * scores.sum } : null
    case 'count':
    case 'subjects':
      return null
  }
}

const labelsOf = ({ agentName, env }: HistoryStep): Record<string, string> => ({
  ...(agentName !== undefined && { 'agent.name': agentName }),
  ...(env !== undefined && { env }),
})

/** Takes what is older than what the alert saw itself. False where there is nothing of that: it is of another series, or not older. */
export function adoptHistory(all: AlertGroups, alert: RunAlert, history: AlertHistory): boolean {
  if (history.measureHash !== alert.measureHash) return false
  const fromMs = all.shared.accepted?.fromMs ?? Number.NEGATIVE_INFINITY
  if (isRegression(alert)) return adoptLooks(all.shared, history, fromMs, lookMsOf(alert))
  if (!isAnomaly(alert)) return false
  const overMs = alert.when.overNs / 1e6
  const series = emptySeries()
  for (const [startMs, value] of history.values.filter(([startMs]) => startMs >= fromMs))
    addToSeries(series, startMs, value, overMs, alert.when.referenceNs / 1e6)
  // Sums do not say of which week they are.
  const areOfLevel = history.values.every(([startMs]) => startMs >= fromMs)
  const parts = usualPartsFromJson(areOfLevel ? history.parts : [])
  all.shared.usual = { series, parts }
  let adopted = false
  for (const { anomaly, key } of all.groups.values()) {
    // A group that is new inherits what is usual of the whole; its own values take its place.
    if (anomaly === null || (key === '' && alert.by.length > 0) || seriesSize(anomaly.series) >= seriesSize(series))
      continue
    anomaly.series = copyOf(series)
    if (parts.size > 0) anomaly.parts = copyOfParts(parts)
    adopted = true
  }
  return adopted
}

/** `fromMs`: what was before is no measure. */
function adoptLooks(
  shared: Shared,
  { looks, days, roughCutoff }: AlertHistory,
  fromMs: number,
  lookMs: number,
): boolean {
  const { reference } = shared
  if (reference === null || (reference.fit !== null && !reference.fit.partial)) return false
  const firstOwn = reference.looks[0]?.index ?? Number.POSITIVE_INFINITY
  const older = looks.map(lookFromJson).filter(({ index }) => index < firstOwn && index * lookMs >= fromMs)
  if (older.length === 0) return false
  const merged: ReferenceLook[] = [...older, ...reference.looks]
  reference.looks = merged.sort((a, b) => a.index - b.index)
  const ownDays = new Set(reference.days.map(({ day }) => day))
  const olderDays = days
    .filter(([day]) => !ownDays.has(day) && day * DAY_MS >= fromMs)
    .map(([day, bins]) => ({ day, bins: new Map(bins.map(([index, count, value]) => [index, { count, value }])) }))
  reference.days = [...olderDays, ...reference.days].sort((a, b) => a.day - b.day)
  if (roughCutoff !== null && roughCutoff !== reference.roughCutoff) {
    // A fortnight tells the quantile better than the first values did; what was compared with theirs is not compared with this one.
    reference.roughCutoff = roughCutoff
    shared.versions = new Map()
  }
  return true
}
