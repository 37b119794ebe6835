import { sumOf } from './mean.ts'

/**
 * With which probability to draw each subject for a judge that can see `budget` of them: a share `tau` of the budget evenly, the rest by how uncertain
 * each is (0 or more; evenly where none is): min(1, τB/N + (1 − τ)B u_i/Σu). `hajekMean` takes them to undo it.
 * Zrnic & Candès, *Active statistical inference*, ICML 2024.
 */
export function activeSamplingProbabilities({
  uncertainty,
  budget,
  tau,
}: {
  uncertainty: readonly number[]
  budget: number
  tau: number
}): number[] {
  const wrong = uncertainty.find((value) => !(value >= 0 && Number.isFinite(value)))
  if (wrong !== undefined) throw new RangeError(`${wrong} is not an uncertainty`)
  if (!(tau >= 0 && tau <= 1)) throw new RangeError(`${tau} is not a share`)
  const total = sumOf(uncertainty)
  const even = 1 / uncertainty.length
  return uncertainty.map((value) => {
    const share = total === 0 ? even : value / total
    return Math.min(1, budget * (tau * even + (1 - tau) * share))
  })
}
