import { assertShare, type Interval, wilsonOfRate } from './wilson-interval.ts'

export interface Difference extends Interval {
  /** k1/n1 − k2/n2; NaN when one side has seen nothing. */
  difference: number
}

/**
 * The interval of the difference of two rates of separate samples, at confidence 1 − `alpha`, from the Wilson intervals of each.
 * Newcombe, *Interval estimation for the difference between independent proportions: comparison of eleven methods*, Statistics in Medicine 17
 * (1998), method 10. Of the same subjects judged twice it is wider than need be: `mcnemarExact` looks at the flips.
 */
export function newcombeDifference({
  k1,
  n1,
  k2,
  n2,
  alpha,
}: {
  k1: number
  n1: number
  k2: number
  n2: number
  alpha: number
}): Difference {
  assertShare(k1, n1)
  assertShare(k2, n2)
  return newcombeOfRates({ rate1: n1 === 0 ? 0 : k1 / n1, n1, rate2: n2 === 0 ? 0 : k2 / n2, n2, alpha })
}

/** The same of rates over samples of unequal weights, with their effective sizes. */
export function newcombeOfRates({
  rate1,
  n1,
  rate2,
  n2,
  alpha,
}: {
  rate1: number
  n1: number
  rate2: number
  n2: number
  alpha: number
}): Difference {
  if (n1 === 0 || n2 === 0) return { difference: Number.NaN, lower: -1, upper: 1 }
  const [first, second] = [wilsonOfRate({ rate: rate1, n: n1, alpha }), wilsonOfRate({ rate: rate2, n: n2, alpha })]
  const difference = rate1 - rate2
  return {
    difference,
    lower: difference - Math.hypot(rate1 - first.lower, second.upper - rate2),
    upper: difference + Math.hypot(first.upper - rate1, rate2 - second.lower),
  }
}
