import { sumOf } from './mean.ts'

/**
 * The mean of a population of which subject i was drawn with probability `pi[i]`: Σ (y/π) / Σ (1/π). The standard error linearises the ratio, and takes the
 * population for a sample of the process that made it, so that it is not 0 when everything was drawn. `ess` is the number of subjects of equal weight that
 * would tell as much (Kish 1965). NaN of nothing.
 * Särndal, Swensson & Wretman, *Model Assisted Survey Sampling* (1992), §5.7.
 */
export function hajekMean({ y, pi }: { y: readonly number[]; pi: readonly number[] }): {
  mean: number
  se: number
  ess: number
} {
  if (y.length !== pi.length) throw new RangeError('each value needs the probability with which it was drawn')
  const wrong = pi.find((value) => !(value > 0 && value <= 1))
  if (wrong !== undefined) throw new RangeError(`nothing is drawn with probability ${wrong}`)
  const weights = pi.map((value) => 1 / value)
  const total = sumOf(weights)
  const mean = sumOf(y.map((value, i) => value * (weights[i] as number))) / total
  const spread = sumOf(y.map((value, i) => ((weights[i] as number) * (value - mean)) ** 2))
  return { mean, se: Math.sqrt(spread) / total, ess: (total * total) / sumOf(weights.map((weight) => weight * weight)) }
}

/** What is known of a sample whose members are not at hand, with the weights w = 1/π. */
export interface HajekSums {
  /** Σ w and Σ w². */
  readonly weights: number
  readonly squares: number
  /** Σ w y, Σ w² y and Σ w² y². */
  readonly values: number
  readonly squaredValues: number
  readonly squaredSquares: number
}

/** `hajekMean` from its sums, as a store adds them up. */
export function hajekMeanOf({ weights, squares, values, squaredValues, squaredSquares }: HajekSums): {
  mean: number
  se: number
  ess: number
} {
  const mean = values / weights
  const spread = squaredSquares - 2 * mean * squaredValues + mean * mean * squares
  // Of values that are all the same rounding may leave less than nothing.
  return { mean, se: Math.sqrt(Math.max(0, spread)) / weights, ess: (weights * weights) / squares }
}
