/**
 * A sliding window over verdicts, bounded in memory.
 *
 * Verdicts are counted in at most `BUCKETS` + 1 time buckets. A bucket leaves the window when its newest verdict does, so a verdict
 * never leaves early, and late by less than 1/`BUCKETS` of the window; where verdicts are further apart than that, the
 * window is exact. It covers (now − window, now].
 *
 * A subject counts once: the highest revision of its verdict, wherever in the stream it comes. For that the window remembers
 * the latest subjects (`seen-subjects.ts`). A count rule remembers subjects of the counted verdict only: a passing subject that
 * is delivered again can raise its `total`, never its count.
 */
import type { Statistic } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'
import { emptyPartCounts } from './part-counts.ts'
import { BUCKETS_IN_STEP, keepPast, PAST_WINDOWS, type PastBucket, stepOf } from './past.ts'
import { addToBins, type Bins, binsQuantile, mergeBins } from './quantile-bins.ts'
import type { RunAlert, RunMeasure } from './run-alert.ts'
import { type SeenSubject, SeenSubjects } from './seen-subjects.ts'
import type { AlertExample, AlertNumbers } from './transition.ts'
import { countParts, expireWindowParts, isOrder, uncountParts, type WindowParts } from './window-parts.ts'

export const BUCKETS = 240
export const MAX_EXAMPLES = 3

/**
 * Subjects are remembered for this long even if the window is shorter. That is longer than results of the same spans stay fresh
 * (`observation.ts`), so that a replay can't count one twice, and than a trace is open, so that a later revision is known as one.
 */
export const REMEMBER_MS = 75 * 60_000

/** One verdict on one subject, as the alert sees it. */
export interface Observation {
  readonly verdict: Verdict
  /** The log's append time, milliseconds since the epoch. */
  readonly atMs: number
  /** Names the subject: the same for every revision and delivery of its result. */
  readonly key: string
  /** 1 if absent. */
  readonly revision?: number
  /** In the plan's unit; absent where there is none. */
  readonly score?: number
  readonly exemplar: AlertExample | null
  /** What groups and parts of the traffic are told by, by label as the language writes it: `agent.version`, `attr("acme.tier")`. */
  readonly labels?: Readonly<Record<string, string>>
  readonly measureHash?: string
  /** Of the agent; for alerts with a limit and on anomalies. */
  readonly version?: string
  /** Of a catch-up or a replay: it says something of the past, and pages nobody. */
  readonly isStale?: boolean
}

export interface Bucket {
  index: number
  /** Time of its newest verdict. */
  lastMs: number
  counts: Record<Verdict, number>
  scores: { count: number; sum: number }
  /** Of measures that need the values themselves: quantiles, the smallest and the largest. */
  bins: Bins | null
}

export interface AlertWindow extends WindowParts {
  /** Oldest first. */
  buckets: Bucket[]
  seen: SeenSubjects
  /** Of what has left it, for charts. */
  past: PastBucket[]
  /** Oldest first. */
  examples: { key: string; atMs: number; example: AlertExample }[]
}

export const emptyWindow = (): AlertWindow => ({
  buckets: [],
  seen: new SeenSubjects(),
  past: [],
  versions: emptyPartCounts(),
  strata: emptyPartCounts(),
  usual: null,
  examples: [],
})

/** A change is looked for by the detector: the window is of examples and counts to show alone. */
const SHOWN_MS = 24 * 3_600_000

export const windowMsOf = ({ when }: RunAlert): number => (when.kind === 'regression' ? SHOWN_MS : when.overNs / 1e6)

const bucketIndex = (alert: RunAlert, atMs: number): number => Math.floor((atMs * BUCKETS) / windowMsOf(alert))

/** Subjects that say this are remembered, because counting one twice would change the rule's value. */
function mustRemember({ when: { kind, measure } }: RunAlert, { verdict, score }: Observation): boolean {
  if (kind !== 'threshold') return true
  switch (measure.kind) {
    case 'count':
      return verdict === measure.verdict
    case 'rate':
      return measure.verdict === 'unknown' || measure.verdict === 'error' || verdict === 'pass' || verdict === 'fail'
    case 'coverage':
      return true
    case 'subjects':
      return verdict === 'pass'
    case 'share':
      return verdict === 'pass' || verdict === 'fail'
    case 'score':
    case 'value':
      return score !== undefined
  }
}

/** True where a rule fires at values that are too low. */
export function firesLow({ when }: RunAlert): boolean {
  if (when.kind === 'threshold') return when.cmp === '<' || when.cmp === '<='
  return when.kind === 'regression' && when.worse === 'lower'
}

/**
 * A rule that fires when too little passes is explained by what failed, one on scores by what failed for them. Of a scope's own
 * measures the subjects that are counted explain it, and of its numbers any subject.
 */
function explains(alert: RunAlert, verdict: Verdict): boolean {
  const { measure } = alert.when
  const low = firesLow(alert)
  switch (measure.kind) {
    case 'count':
    case 'rate':
      return verdict === (measure.verdict === 'pass' && low ? 'fail' : measure.verdict)
    case 'coverage':
      return (verdict === 'unknown' || verdict === 'error') === low
    case 'score':
      return verdict === 'fail'
    case 'share':
    case 'subjects':
      return verdict === (low ? 'fail' : 'pass')
    case 'value':
      return true
  }
}

function bucketAt(buckets: Bucket[], index: number): Bucket {
  let position = buckets.length
  while (position > 0 && buckets[position - 1]!.index > index) position--
  const before = buckets[position - 1]
  if (before?.index === index) return before
  const bucket: Bucket = {
    index,
    lastMs: Number.NEGATIVE_INFINITY,
    counts: { pass: 0, fail: 0, unknown: 0, error: 0 },
    scores: { count: 0, sum: 0 },
    bins: null,
  }
  buckets.splice(position, 0, bucket)
  return bucket
}

function withdraw(window: AlertWindow, alert: RunAlert, key: string, earlier: SeenSubject): void {
  const index = bucketIndex(alert, earlier.atMs)
  const bucket = window.buckets.find((candidate) => candidate.index === index)
  if (bucket) {
    bucket.counts[earlier.verdict]--
    if (earlier.score !== undefined) addScore(bucket, -1, earlier.score)
  }
  uncountParts(window, alert, earlier)
  window.seen.delete(key)
  window.examples = window.examples.filter((example) => example.key !== key)
}

function addScore({ scores, bins }: Bucket, count: 1 | -1, score: number): void {
  scores.count += count
  // Nothing is left of no scores, not even what adding and taking away leaves of fractions.
  scores.sum = scores.count === 0 ? 0 : scores.sum + count * score
  if (bins !== null) addToBins(bins, score, count)
}

/** True of measures that are not made of counts and sums. */
export const needsValues = (measure: RunMeasure): boolean =>
  (measure.kind === 'score' || measure.kind === 'value') && isOrder(measure.fn)

/** A subject that goes to another group with a later revision: it no longer counts here. */
export function forgetSubject(window: AlertWindow, alert: RunAlert, key: string): void {
  const earlier = window.seen.get(key)
  if (earlier !== undefined) withdraw(window, alert, key, earlier)
}

/** Counts one observation; false if it was counted before. Works on `window` in place. */
export function countObservation(window: AlertWindow, alert: RunAlert, observation: Observation): boolean {
  const { key, verdict, atMs, score, version } = observation
  const revision = observation.revision ?? 1
  const earlier = window.seen.get(key)
  if (earlier) {
    if (revision <= earlier.revision) return false
    withdraw(window, alert, key, earlier)
  }
  const bucket = bucketAt(window.buckets, bucketIndex(alert, atMs))
  bucket.counts[verdict]++
  if (score !== undefined) {
    if (bucket.bins === null && needsValues(alert.when.measure)) bucket.bins = new Map()
    addScore(bucket, 1, score)
  }
  bucket.lastMs = Math.max(bucket.lastMs, atMs)
  const stratum = countParts(window, alert, observation)
  // A later revision is remembered whatever it says, so that the earlier one, delivered again, is not counted anew.
  if (revision > 1 || mustRemember(alert, observation))
    window.seen.set(key, {
      revision,
      atMs,
      verdict,
      ...(score !== undefined && { score }),
      ...(version !== undefined && { version }),
      ...(stratum !== undefined && { stratum }),
    })
  if (observation.exemplar && explains(alert, verdict)) {
    window.examples.push({ key, atMs, example: observation.exemplar })
    if (window.examples.length > MAX_EXAMPLES) window.examples.shift()
  }
  return true
}

/** Drops what has left the window at `nowMs`. */
export function expireWindow(window: AlertWindow, alert: RunAlert, nowMs: number): void {
  const beginMs = nowMs - windowMsOf(alert)
  let expiredCount = 0
  while (expiredCount < window.buckets.length && window.buckets[expiredCount]!.lastMs <= beginMs) expiredCount++
  if (expiredCount > 0) {
    const expired = window.buckets.splice(0, expiredCount)
    const oldest = stepOf(bucketIndex(alert, nowMs)) - (BUCKETS / BUCKETS_IN_STEP) * (PAST_WINDOWS + 1)
    // The detector of changes remembers hours by itself.
    if (alert.when.kind !== 'regression') keepPast(window.past, expired, oldest)
  }
  expireWindowParts(window, alert, beginMs, windowMsOf(alert))
  while (window.examples.length > 0 && window.examples[0]!.atMs <= beginMs) window.examples.shift()
  window.seen.forgetBefore(Math.min(beginMs, nowMs - REMEMBER_MS))
}

/** When the oldest content leaves the window, if nothing is added; null if it is empty. */
export function nextExpiryMs(window: AlertWindow, alert: RunAlert): number | null {
  const oldest = window.buckets[0]
  return oldest ? oldest.lastMs + windowMsOf(alert) : null
}

export type Measured = Pick<AlertNumbers, 'value' | 'count' | 'total' | 'verdicts'>

/** The measure's value over what is in the window. */
export function measureWindow(window: AlertWindow, { when: { measure } }: RunAlert): Measured {
  const verdicts = { pass: 0, fail: 0, unknown: 0, error: 0 }
  const scores = { count: 0, sum: 0 }
  for (const bucket of window.buckets) {
    verdicts.pass += bucket.counts.pass
    verdicts.fail += bucket.counts.fail
    verdicts.unknown += bucket.counts.unknown
    verdicts.error += bucket.counts.error
    scores.count += bucket.scores.count
    scores.sum += bucket.scores.sum
  }
  const bins = () => mergeBins(window.buckets.flatMap((bucket) => bucket.bins ?? []))
  return { ...measured(measure, verdicts, scores, bins), verdicts }
}

export function measured(
  measure: RunMeasure,
  verdicts: Readonly<Record<Verdict, number>>,
  scores: Bucket['scores'],
  bins: () => Bins,
): Omit<Measured, 'verdicts'> {
  const total = verdicts.pass + verdicts.fail + verdicts.unknown + verdicts.error
  switch (measure.kind) {
    case 'count':
      return { value: verdicts[measure.verdict], count: verdicts[measure.verdict], total }
    case 'subjects':
      return { value: verdicts.pass, count: verdicts.pass, total }
    case 'rate':
    case 'share':
    case 'coverage': {
      const share = shareIn(measure, verdicts)
      return { value: share.total > 0 ? share.count / share.total : null, ...share }
    }
    case 'score':
    case 'value':
      return { value: statisticOf(measure.fn, scores, bins), count: scores.count, total }
  }
}

/** What a share is of: so many of so many. */
export function shareIn(
  measure: Extract<RunMeasure, { kind: 'rate' | 'share' | 'coverage' }>,
  verdicts: Readonly<Record<Verdict, number>>,
): { count: number; total: number } {
  const decided = verdicts.pass + verdicts.fail
  const all = decided + verdicts.unknown + verdicts.error
  switch (measure.kind) {
    case 'rate': {
      const isOfDecided = measure.verdict === 'pass' || measure.verdict === 'fail'
      return { count: verdicts[measure.verdict], total: isOfDecided ? decided : all }
    }
    case 'share':
      return { count: verdicts.pass, total: decided }
    case 'coverage':
      return { count: decided, total: all }
  }
}

function statisticOf(fn: Statistic, { count, sum }: Bucket['scores'], bins: () => Bins): number | null {
  switch (fn) {
    case 'sum':
      return sum
    case 'mean':
      return count > 0 ? sum / count : null
    case 'min':
      return binsQuantile(bins(), 0)
    case 'max':
      return binsQuantile(bins(), 1)
    case 'p50':
      return binsQuantile(bins(), 0.5)
    case 'p95':
      return binsQuantile(bins(), 0.95)
    case 'p99':
      return binsQuantile(bins(), 0.99)
  }
}
