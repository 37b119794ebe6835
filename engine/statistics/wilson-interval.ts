import { normalQuantile } from './normal-quantile.ts'

export interface Interval {
  lower: number
  upper: number
}

/**
 * The interval of a rate of which `k` of `n` were seen, at confidence 1 − `alpha`; 0 to 1 when nothing was seen. It stays inside of 0 to 1
 * and keeps its promise for few cases and for rates near the ends, where the textbook's ± 1.96 SE does not.
 * Wilson, *Probable inference, the law of succession, and statistical inference*, JASA 22 (1927); without continuity correction, as
 * recommended by Brown, Cai & DasGupta, *Interval estimation for a binomial proportion*, Statistical Science 16 (2001).
 */
export function wilsonInterval({ k, n, alpha }: { k: number; n: number; alpha: number }): Interval {
  assertShare(k, n)
  return wilsonOfRate({ rate: n === 0 ? 0 : k / n, n, alpha })
}

/** The same of a rate over a sample of unequal weights, with its effective size in the place of `n`. */
export function wilsonOfRate({ rate, n, alpha }: { rate: number; n: number; alpha: number }): Interval {
  if (!(n >= 0 && rate >= 0 && rate <= 1)) throw new RangeError(`${rate} of ${n} is not a rate`)
  const z = normalQuantile(1 - alpha / 2)
  if (n === 0) return { lower: 0, upper: 1 }
  const centre = rate + (z * z) / (2 * n)
  const half = z * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n))
  const whole = 1 + (z * z) / n
  // Exact at the ends, where rounding would leave a little.
  return { lower: rate === 0 ? 0 : (centre - half) / whole, upper: rate === 1 ? 1 : (centre + half) / whole }
}

/** Counts come from our own tables: anything else is a bug. */
export function assertShare(k: number, n: number): void {
  if (!(Number.isInteger(k) && Number.isInteger(n) && k >= 0 && k <= n))
    throw new RangeError(`${k} of ${n} is not a share of a whole`)
}
