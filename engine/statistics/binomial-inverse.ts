import { logAddExp } from './log-add-exp.ts'

/**
 * The smallest k for which a binomial variable of `n` trials at `p` is at most k with a chance of `chance` or more, 0 < chance < 1.
 * The upper tail is summed from its end, in logarithms: p^n is beyond any number for large n. Takes n steps at the most.
 * Johnson, Kemp & Kotz, *Univariate Discrete Distributions* (2005), ch. 3.
 */
export function binomialInverse({ chance, n, p }: { chance: number; n: number; p: number }): number {
  if (!(chance > 0 && chance < 1)) throw new RangeError(`a chance between 0 and 1 is needed, not ${chance}`)
  if (!(Number.isInteger(n) && n >= 0)) throw new RangeError(`${n} is not a number of trials`)
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${p} is not a probability`)
  if (p === 0 || p === 1) return p * n
  // P(X > k) ≤ 1 − chance has to hold still; a tie by more than what sums of logarithms are wrong by.
  const logAllowed = Math.log1p(-chance) + 1e-11
  const logOdds = Math.log1p(-p) - Math.log(p)
  let logTerm = n * Math.log(p)
  let logTail = Number.NEGATIVE_INFINITY
  for (let k = n; k > 0; k--) {
    logTail = logAddExp(logTail, logTerm)
    if (logTail > logAllowed) return k
    logTerm += logOdds + Math.log(k / (n - k + 1))
  }
  return 0
}
