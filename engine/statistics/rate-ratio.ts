import { normalQuantile } from './normal-quantile.ts'

/**
 * How many times as often the one sample has something as the other, (k1/n1) / (k2/n2), with its interval at confidence 1 − `alpha`. Half a hit
 * is added to each side, so that it is finite where one of them has none. Pettigrew, Gart & Thomas, *The bias and higher cumulants
 * of the logarithm of a binomial variate*, Biometrika 73 (1986); the interval is that of Katz et al., Biometrics 34 (1978).
 */
export function rateRatio({
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
}): {
  ratio: number
  lower: number
  upper: number
} {
  const log = Math.log((k1 + 0.5) / (n1 + 0.5)) - Math.log((k2 + 0.5) / (n2 + 0.5))
  const variance = 1 / (k1 + 0.5) - 1 / (n1 + 0.5) + 1 / (k2 + 0.5) - 1 / (n2 + 0.5)
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(variance)
  return { ratio: Math.exp(log), lower: Math.exp(log - half), upper: Math.exp(log + half) }
}
