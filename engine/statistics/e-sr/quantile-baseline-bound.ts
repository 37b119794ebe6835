import { binomialInverse } from '../binomial-inverse.ts'

/**
 * Which of `n0` sorted reference values, counted from 1 at the smallest, bounds the quantile `tau` from above with a chance of 1 − `alphaB`:
 * the order statistic of rank 1 + BinomInv(1 − alphaB; n0, tau). Infeasible when the reference has too few values (rank > n0): p99 takes 390
 * of them at alphaB = 0.02. David & Nagaraja, *Order Statistics* (2003), §7.1.
 */
export function quantileBaselineBound({ n0, tau, alphaB }: { n0: number; tau: number; alphaB: number }): {
  rank: number
  feasible: boolean
} {
  const rank = 1 + binomialInverse({ chance: 1 - alphaB, n: n0, p: tau })
  return { rank, feasible: rank <= n0 }
}
