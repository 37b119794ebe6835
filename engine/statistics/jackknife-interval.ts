import { studentTQuantile } from './student-t-quantile.ts'
import type { Interval } from './wilson-interval.ts'

/** Beyond so many units they are left out in groups: the standard error hardly knows the difference, and 10,000 would be as many passes over all. */
const MOST_GROUPS = 200

/** The groups in which so many units are left out: a statistic of sums is quickest worked out of each group's. */
export function jackknifeGroups<T>(units: readonly T[]): T[][] {
  const groups = Array.from({ length: Math.min(units.length, MOST_GROUPS) }, (): T[] => [])
  for (const [i, unit] of units.entries()) groups[i % groups.length]?.push(unit)
  return groups
}

/**
 * The interval of a smooth statistic of independent units, at confidence 1 − `alpha`, by leaving out one unit after another: `estimate` ± t with
 * as many degrees of freedom as there are groups less one, times the jackknife's standard error. Of more than 200 units they are left out in 200
 * groups, every 200th in one. Null with fewer than three units, and where the statistic is not defined without one of them.
 * Efron & Stein, *The jackknife estimate of variance*, Annals of Statistics 9 (1981); Kott, *The delete-a-group jackknife*, Journal of
 * Official Statistics 17 (2001).
 */
export function jackknifeInterval<T>({
  units,
  statistic,
  alpha,
}: {
  units: readonly T[]
  statistic: (units: readonly T[]) => number
  alpha: number
}): (Interval & { estimate: number; se: number }) | null {
  const groups = Math.min(units.length, MOST_GROUPS)
  if (groups < 3) return null
  const estimate = statistic(units)
  const without = Array.from({ length: groups }, (_, group) => statistic(units.filter((_, i) => i % groups !== group)))
  if (!Number.isFinite(estimate) || !without.every(Number.isFinite)) return null
  const mean = without.reduce((sum, value) => sum + value, 0) / groups
  const se = Math.sqrt(((groups - 1) / groups) * without.reduce((sum, value) => sum + (value - mean) ** 2, 0))
  const half = studentTQuantile({ p: 1 - alpha / 2, df: groups - 1 }) * se
  return { estimate, se, lower: estimate - half, upper: estimate + half }
}
