/** The intervals (95%) of the numbers of an alert: each by a formula, for an alert that fires waits for no resampling. */
import { binomialInverse } from '../statistics/binomial-inverse.ts'
import { studentTQuantile } from '../statistics/student-t-quantile.ts'
import { wilsonInterval } from '../statistics/wilson-interval.ts'
import type { Sums } from './part-counts.ts'
import { type Bins, binsRank, binsSize } from './quantile-bins.ts'
import type { Estimate } from './why.ts'

const ALPHA = 0.05
/** More values than these make the exact ranks slow, and the interval no truer: they are taken as if they were so many. */
const MOST_RANKED = 20_000

type Interval = Estimate['interval']

/** Of a share, Wilson's. */
export function shareInterval(k: number, n: number): Interval {
  if (n === 0) return null
  const { lower, upper } = wilsonInterval({ k, n, alpha: ALPHA })
  return { low: lower, high: upper }
}

/** Of a mean, Student's; null of fewer than two. */
export function meanInterval({ n, sum, sumSquares }: Sums): Interval {
  if (n < 2) return null
  const mean = sum / n
  const variance = Math.max(0, (sumSquares - n * mean * mean) / (n - 1))
  const half = studentTQuantile({ p: 1 - ALPHA / 2, df: n - 1 }) * Math.sqrt(variance / n)
  return { low: mean - half, high: mean + half }
}

/**
 * Of a quantile: the order statistics between which it lies, by the binomial distribution of how many values are below it (David & Nagaraja,
 * *Order Statistics* (2003), §7.1). Null where there are too few values for both ends. `phi`: how much more the values vary than independent
 * ones, which count for as many fewer.
 */
export function quantileInterval(bins: Bins, tau: number, phi = 1): Interval {
  const all = binsSize(bins)
  const n = Math.floor(Math.min(all / phi, MOST_RANKED))
  if (n < 1) return null
  const lower = binomialInverse({ chance: ALPHA / 2, n, p: tau })
  const upper = binomialInverse({ chance: 1 - ALPHA / 2, n, p: tau }) + 1
  if (lower < 1 || upper > n) return null
  const low = binsRank(bins, Math.max(1, Math.floor((lower * all) / n)))
  const high = binsRank(bins, Math.min(all, Math.ceil((upper * all) / n)))
  return low === null || high === null ? null : { low, high }
}
