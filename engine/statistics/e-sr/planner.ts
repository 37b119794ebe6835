import { esrBets } from './bets.ts'

/**
 * About how many hours the detector takes to see the mean fall by `drop`: ln(5c) · φ / (perHour · max D), with D the expected growth of a bettor's
 * capital per subject: the time in which the best of the five takes their mean to c by itself. Infinite when it is blind to such a drop.
 *
 * `mean` is that of the reference, of pass or fail; `margin` what the baseline's uncertainty and the rule's tolerance take away; `c` from `esrThreshold`.
 * The threshold by the mean growth, as Wald has it: *Sequential Analysis* (1947).
 */
export function esrPlanner({
  mean,
  drop,
  perHour,
  phi,
  margin,
  c,
}: {
  mean: number
  drop: number
  perHour: number
  phi: number
  margin: number
  c: number
}): { hours: number } {
  const now = mean - drop
  const level = mean - margin
  const sd = Math.sqrt(Math.max(mean * (1 - mean), 1e-4))
  const bets = esrBets({ mean: level, sd })
  const growth = Math.max(
    ...bets.map((bet) => now * Math.log1p(bet * (level - 1)) + (1 - now) * Math.log1p(bet * level)),
  )
  return {
    hours:
      growth > 0 && perHour > 0 ? (Math.log(bets.length * c) * phi) / (perHour * growth) : Number.POSITIVE_INFINITY,
  }
}
