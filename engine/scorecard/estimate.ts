/** A value of a scorecard with its interval, of what results add up to. */
import type { ScorecardFn } from '../../dsl/plan.ts'
import { type Bins, binsQuantile, binsRank, binsSize } from '../alerting/quantile-bins.ts'
import { hedgedBettingInterval } from '../statistics/hedged-betting-interval.ts'
import { normalQuantile } from '../statistics/normal-quantile.ts'
import { studentTQuantile } from '../statistics/student-t-quantile.ts'
import { wilsonOfRate } from '../statistics/wilson-interval.ts'
import type { Cell } from './scorecard-json.ts'

/** Of one eval and part of the traffic in one period. Subjects weigh the inverse of the probability with which they were drawn. */
export interface Tally {
  readonly group: Readonly<Record<string, string>>
  readonly counts: { readonly pass: number; readonly fail: number; readonly unknown: number; readonly error: number }
  readonly scored: number
  /** Sessions or traces. */
  readonly clusters: number
  /** Weights of what passed, failed, is unknown, is an error; weighted scores; weight of what has a score. */
  readonly sums: readonly number[]
  /** Of the clusters' own such sums, the products of each two, added up: row by row of the upper triangle. */
  readonly products: readonly number[]
  /** Index, how many, the largest. */
  readonly bins: readonly (readonly [number, number, number])[]
  /** The mean score of each cluster that has one, by time, where those are few. */
  readonly few: readonly number[]
  /** Null where what judges answered has no price that is known. */
  readonly costMicroUsd: number | null
}

/** Of nothing. */
export const NO_TALLY: Tally = {
  group: {},
  counts: { pass: 0, fail: 0, unknown: 0, error: 0 },
  scored: 0,
  clusters: 0,
  sums: [],
  products: [],
  bins: [],
  few: [],
  costMicroUsd: 0,
}

export interface Estimate {
  readonly value: number | null
  readonly n: number
  readonly interval: { readonly low: number; readonly high: number } | null
  readonly method: Cell['method']
}

const ALPHA = 0.05
const Z = normalQuantile(1 - ALPHA / 2)
/** With fewer clusters nobody knows how much they differ: each counts as one. */
const FEW_CLUSTERS = 10

/** Which sums are divided by which: the weights of (pass, fail, unknown, error, score, scored). */
const RATIOS: Readonly<Partial<Record<ScorecardFn, readonly [readonly number[], readonly number[]]>>> = {
  pass_rate: [[1], [1, 1]],
  fail_rate: [
    [0, 1],
    [1, 1],
  ],
  unknown_rate: [
    [0, 0, 1],
    [1, 1, 1, 1],
  ],
  error_rate: [
    [0, 0, 0, 1],
    [1, 1, 1, 1],
  ],
  coverage: [
    [1, 1],
    [1, 1, 1, 1],
  ],
  mean: [
    [0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 1],
  ],
}
const QUANTILES: Readonly<Partial<Record<ScorecardFn, number>>> = { p50: 0.5, p95: 0.95, p99: 0.99 }
const SUMS = 6

export const countOf = ({ counts: { pass, fail, unknown, error } }: Tally): number => pass + fail + unknown + error

interface Scale {
  readonly low: number
  readonly high: number
}

/** `scale`: of a judge's scores; null where scores have no bounds. */
export function estimate(fn: ScorecardFn, tally: Tally, scale: Scale | null): Estimate {
  const plain = (value: number | null): Estimate => ({ value, n: countOf(tally), interval: null, method: null })
  if (fn === 'count') return plain(countOf(tally))
  if (fn === 'spend') return plain(tally.costMicroUsd)
  if (fn === 'mean') return meanOf(tally, scale)
  const tau = QUANTILES[fn]
  return tau === undefined ? rateOf(fn, tally) : quantileOf(tally, tau)
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)

/** dᵀ P d of the symmetric matrix whose upper triangle is `products`. */
function quadratic(d: readonly number[], products: readonly number[]): number {
  let sum = 0
  let at = 0
  for (let i = 0; i < SUMS; i++)
    for (let j = i; j < SUMS; j++) sum += (i === j ? 1 : 2) * (d[i] ?? 0) * (d[j] ?? 0) * (products[at++] ?? 0)
  return Math.max(0, sum)
}

interface Ratio {
  readonly value: number
  /** Linearised, by clusters (CR0; of subjects drawn with unequal probability Hájek's). */
  readonly variance: number
  /** Clusters of equal weight that would tell as much (Kish). */
  readonly alike: number
}

/** Null of nothing. */
function ratioOf(fn: ScorecardFn, { sums, products }: Tally): Ratio | null {
  const [above, below] = RATIOS[fn] ?? [[], []]
  const total = dot(below, sums)
  if (total <= 0) return null
  const value = dot(above, sums) / total
  const d = Array.from({ length: SUMS }, (_, i) => (above[i] ?? 0) - value * (below[i] ?? 0))
  return {
    value,
    variance: quadratic(d, products) / (total * total),
    alike: (total * total) / Math.max(Number.MIN_VALUE, quadratic(below, products)),
  }
}

/** Wilson's, of as many subjects as the sample, clustered and weighted as it is, tells of. */
function rateOf(fn: ScorecardFn, tally: Tally): Estimate {
  const { pass, fail } = tally.counts
  const n = fn === 'pass_rate' || fn === 'fail_rate' ? pass + fail : countOf(tally)
  const ratio = ratioOf(fn, tally)
  if (ratio === null) return { value: null, n, interval: null, method: null }
  const { value, variance, alike } = ratio
  const spread = value * (1 - value)
  const told = spread <= 0 || variance === 0 || tally.clusters < FEW_CLUSTERS ? alike : spread / variance
  const { lower, upper } = wilsonOfRate({ rate: value, n: Math.min(n, told), alpha: ALPHA })
  return { value, n, interval: { low: lower, high: upper }, method: 'wilson' }
}

/** As many tell all that the interval can show. */
const MOST_ALIKE = 1_000
/** What rounding makes of equal numbers, and of the root of a variance of none. */
const NEARLY = 1e-9
const NEARLY_SAME = 1e-7

/** Never narrower than what so many clusters, each seen once, can tell. */
function meanOf(tally: Tally, scale: Scale | null): Estimate {
  const { scored: n, few } = tally
  const ratio = ratioOf('mean', tally)
  if (ratio === null) return { value: null, n, interval: null, method: null }
  const { value, variance, alike } = ratio
  // Of few it is known which have a score; of others all are counted.
  const clusters = few.length > 0 ? few.length : tally.clusters
  // Clusters that all say the same tell nothing of how much they differ.
  const isSame = Math.sqrt(variance) <= NEARLY_SAME * Math.abs(value)
  const student = clusters < 2 || isSame ? null : studentOf(value, variance, clusters, scale)
  const means = few.length > 0 ? few : isSame ? Array.from({ length: Math.min(clusters, MOST_ALIKE) }, () => value) : []
  const betting = scale === null ? null : bettingOf(means, scale)
  if (betting === null) return { value, n, interval: student, method: 'clustered' }
  // Betting counts each cluster as one: of unequal ones it is not the mean of this value.
  const isEven = student === null || alike >= clusters * (1 - NEARLY)
  const interval = {
    low: Math.min(value, betting.low, isEven ? value : student.low),
    high: Math.max(value, betting.high, isEven ? value : student.high),
  }
  return { value, n, interval, method: 'betting' }
}

function studentOf(value: number, variance: number, clusters: number, scale: Scale | null): Scale {
  const se = Math.sqrt((variance * clusters) / (clusters - 1))
  const half = studentTQuantile({ p: 1 - ALPHA / 2, df: clusters - 1 }) * se
  const { low, high } = scale ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  return { low: Math.max(low, value - half), high: Math.min(high, value + half) }
}

/** Null of none, and where the scale is not theirs. */
function bettingOf(means: readonly number[], { low, high }: Scale): Scale | null {
  const width = high - low
  const within = means.map((mean) => (mean - low) / width)
  if (within.length === 0 || within.some((x) => !(x >= -NEARLY && x <= 1 + NEARLY))) return null
  const x = within.map((one) => Math.min(1, Math.max(0, one)))
  const { lower, upper } = hedgedBettingInterval({ x, alpha: ALPHA })
  return { low: low + lower * width, high: low + upper * width }
}

/** Between two ranks of what was seen; where there is too little for a rank above, there is no interval. */
function quantileOf(tally: Tally, tau: number): Estimate {
  const bins: Bins = new Map(tally.bins.map(([index, count, value]) => [index, { count, value }]))
  const n = binsSize(bins)
  const value = binsQuantile(bins, tau)
  if (value === null) return { value, n, interval: null, method: null }
  // As many subjects as the clusters tell of at the least: ranks are of what is independent.
  const told = Math.min(n, Math.max(1, tally.clusters))
  const half = Z * Math.sqrt((tau * (1 - tau)) / told)
  const [low, high] = [Math.max(1, Math.floor(n * (tau - half))), Math.ceil(n * (tau + half)) + 1]
  if (high > n) return { value, n, interval: null, method: 'ranks' }
  return {
    value,
    n,
    interval: { low: binsRank(bins, low) ?? value, high: binsRank(bins, high) ?? value },
    method: 'ranks',
  }
}

/**
 * The difference of two estimates. Its interval is made of theirs (MOVER; of two Wilson intervals it is Newcombe's): Zou & Donner, Statistics in
 * Medicine 27 (2008). What has no interval, a count or what was spent, is what it is.
 */
export function changeOf(now: Estimate, before: Estimate): Cell['change'] {
  if (now.value === null || before.value === null) return null
  const delta = now.value - before.value
  if (now.interval === null || before.interval === null) {
    const isExact = now.method === null && before.method === null && now.interval === null && before.interval === null
    return { before: before.value, delta, interval: null, isClear: isExact && delta !== 0 }
  }
  const low = delta - Math.hypot(now.value - now.interval.low, before.interval.high - before.value)
  const high = delta + Math.hypot(now.interval.high - now.value, before.value - before.interval.low)
  return { before: before.value, delta, interval: { low, high }, isClear: low > 0 || high < 0 }
}
