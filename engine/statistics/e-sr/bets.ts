/** How much of the capital each of the five bettors stakes, in standard deviations; from careful to bold. */
const STAKES = [0.05, 0.1, 0.2, 0.4, 0.8]
/** Of the capital, the most that one observation may cost. */
const MOST_LOST = 0.9

/**
 * The bets against a mean of `mean` (0 to 1, exclusive) or more, one a bettor: min(κ/σ, 0.9/(1 − m)), so that the capital stays positive whatever comes.
 * Waudby-Smith & Ramdas, *Estimating means of bounded random variables by betting*, JRSS B 86 (2024).
 */
export function esrBets({ mean, sd }: { mean: number; sd: number }): number[] {
  return STAKES.map((stake) => Math.min(stake / sd, MOST_LOST / (1 - mean)))
}

export interface Observations {
  /** Distinct values, 0 to 1. */
  values: readonly number[]
  /** How often each was seen. */
  counts: readonly number[]
}

/**
 * The logarithm of what each bettor's capital is multiplied by: (1/φ) Σ count · ln(1 + λ (mean − value)). `phi` tempers it: evidence from clusters
 * counts for less. 0 for a look without observations.
 */
export function esrLogE({
  mean,
  sd,
  values,
  counts,
  phi,
}: { mean: number; sd: number; phi: number } & Observations): number[] {
  return esrBets({ mean, sd }).map((bet) => {
    let sum = 0
    for (const [i, value] of values.entries()) sum += (counts[i] ?? 0) * Math.log1p(bet * (mean - value))
    return sum / phi
  })
}

/**
 * The statistic e^… from which an alarm is raised: c = hours · monitors / alpha. Within that many hours the chance of any false alarm of all the
 * monitors together is then at most `alpha`, however often they look. Shin, Ramdas & Rinaldo, *E-detectors: a nonparametric
 * framework for sequential change detection*, New England Journal of Statistics in Data Science 2 (2024).
 */
export function esrThreshold({ hours, alpha, monitors }: { hours: number; alpha: number; monitors: number }): number {
  return (hours * monitors) / alpha
}
