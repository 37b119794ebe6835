import { normalQuantile } from './normal-quantile.ts'

/**
 * The t below which a Student variable of `df` degrees of freedom (above 0) lies with probability `p`, 0 < p < 1. By bisection of its distribution,
 * which is an incomplete beta function (Abramowitz & Stegun 26.7.1), to about 12 digits.
 */
export function studentTQuantile({ p, df }: { p: number; df: number }): number {
  if (!(df > 0)) throw new RangeError(`${df} is not a number of degrees of freedom`)
  const z = normalQuantile(p)
  if (p === 0.5) return 0
  const tail = Math.min(p, 1 - p)
  // The tails are heavier than the normal ones: it lies beyond |z|.
  let [low, high] = [Math.abs(z), Math.abs(z) + 1]
  while (upperTail(high, df) > tail) [low, high] = [high, high * 2]
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2
    if (upperTail(middle, df) > tail) low = middle
    else high = middle
  }
  return p < 0.5 ? -high : high
}

function upperTail(t: number, df: number): number {
  return incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2
}

/** The regularised I_x(a, b), by its continued fraction (Press et al., *Numerical Recipes* (2007), §6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  const logFront = a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)
  return x < (a + 1) / (a + b + 2)
    ? (Math.exp(logFront) / a) * betaFraction(x, a, b)
    : 1 - (Math.exp(logFront) / b) * betaFraction(1 - x, b, a)
}

/** By Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const safe = (value: number): number => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / safe(1 + even * d)
    c = safe(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / safe(1 + odd * d)
    c = safe(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-16) break
  }
  return fraction
}

const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
]

/** ln Γ(x) for x ≥ 0.5, by Lanczos's approximation (SIAM J. Numer. Anal. 1, 1964) with g = 7 and nine terms. */
function logGamma(x: number): number {
  const shifted = x - 1
  const base = shifted + 7.5
  const series = LANCZOS.reduce((sum, term, i) => sum + (i === 0 ? term : term / (shifted + i)), 0)
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series)
}
