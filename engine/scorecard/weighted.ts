/** Shares of samples whose subjects were drawn with unequal probability. Pure. */
import type { Verdict } from '../model/result.ts'
import type { HajekSums } from '../statistics/hajek-mean.ts'

/** Of the verdicts of one kind: Σ 1/π and Σ 1/π². */
export interface Weights {
  readonly sum: number
  readonly squares: number
}

/** What a tally has besides, where it was drawn with unequal probability. */
export interface WeightedTally {
  readonly verdicts: Readonly<Record<Verdict, Weights>>
  readonly scores: HajekSums
}

/** Rounding of sums alone makes no weights unequal. */
const isAsMany = (ess: number, n: number): boolean => Math.abs(ess - n) <= 1e-9 * n

/** Null where all were drawn with one probability, and where there are none: plain counts say it then. */
function essOf(weights: readonly Weights[], n: number): number | null {
  const sum = weights.reduce((total, one) => total + one.sum, 0)
  const squares = weights.reduce((total, one) => total + one.squares, 0)
  const ess = (sum * sum) / squares
  return n === 0 || squares === 0 || isAsMany(ess, n) ? null : ess
}

/** The share of `some` among `all` verdicts, with the number of subjects of equal weight that would tell as much; null as in `essOf`. */
export function weightedShare(
  { verdicts }: WeightedTally,
  some: readonly Verdict[],
  all: readonly Verdict[],
  n: number,
): { rate: number; ess: number } | null {
  const among = all.map((verdict) => verdicts[verdict])
  const ess = essOf(among, n)
  if (ess === null) return null
  const sumOf = (of: readonly Verdict[]): number => of.reduce((sum, verdict) => sum + verdicts[verdict].sum, 0)
  return { rate: Math.min(1, sumOf(some) / sumOf(all)), ess }
}

export const DECIDED: readonly Verdict[] = ['pass', 'fail']
