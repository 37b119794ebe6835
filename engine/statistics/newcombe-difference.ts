import { type Interval, wilsonInterval } from './wilson-interval.ts'

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
  const [first, second] = [wilsonInterval({ k: k1, n: n1, alpha }), wilsonInterval({ k: k2, n: n2, alpha })]
  if (n1 === 0 || n2 === 0) return { difference: Number.NaN, lower: -1, upper: 1 }
  const [p1, p2] = [k1 / n1, k2 / n2]
  const difference = p1 - p2
  return {
    difference,
    lower: difference - Math.hypot(p1 - first.lower, second.upper - p2),
    upper: difference + Math.hypot(first.upper - p1, p2 - second.lower),
  }
}
