import type { Interval } from './wilson-interval.ts'

/**
 * The interval of the mean of values within 0 to 1, at confidence 1 − `alpha`, whatever their distribution and whenever one looks: it keeps its promise
 * although it is looked at after every value. 0 to 1 when nothing was seen. Values count in their order.
 * Waudby-Smith & Ramdas, *Estimating means of bounded random variables by betting*, JRSS B 86 (2024): the hedged capital of Theorem 3 with
 * θ = ½, c = ½ and the bets λ_t = √(2 ln(2/α) / (σ̂²_{t−1} t ln(1 + t))).
 */
export function hedgedBettingInterval({ x, alpha }: { x: readonly number[]; alpha: number }): Interval {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`${alpha} is not a level of error`)
  const outside = x.find((value) => !(value >= 0 && value <= 1))
  if (outside !== undefined) throw new RangeError(`${outside} is not within 0 to 1`)
  if (x.length === 0) return { lower: 0, upper: 1 }
  const bets = betsOn(x, alpha)
  // A mean is refused when half of the capital of who bets against it has grown to 1/α.
  const logNeeded = Math.log(2 / alpha)
  const mirrored = x.map((value) => 1 - value)
  return { lower: lowerEnd(x, bets, logNeeded), upper: 1 - lowerEnd(mirrored, bets, logNeeded) }
}

/** Each from the values before it alone, of which t · σ̂²_{t−1} is the sum of squares. */
function betsOn(x: readonly number[], alpha: number): number[] {
  let [sum, sumOfSquares] = [0.5, 0.25]
  return x.map((value, i) => {
    const t = i + 1
    const bet = Math.sqrt((2 * Math.log(2 / alpha)) / (sumOfSquares * Math.log(1 + t)))
    sum += value
    sumOfSquares += (value - sum / (t + 1)) ** 2
    return bet
  })
}

const STEPS = 60

/** The smallest mean that is not refused by who bets that it is higher; their capital falls with the mean in question. */
function lowerEnd(x: readonly number[], bets: readonly number[], logNeeded: number): number {
  if (logCapital(x, bets, 0) < logNeeded) return 0
  let [refused, kept] = [0, 1]
  for (let i = 0; i < STEPS && kept - refused > 1e-15; i++) {
    const middle = (refused + kept) / 2
    if (logCapital(x, bets, middle) >= logNeeded) refused = middle
    else kept = middle
  }
  return kept
}

/** A bet never stakes more than half of what the mean in question allows. */
function logCapital(x: readonly number[], bets: readonly number[], mean: number): number {
  let sum = 0
  for (const [i, value] of x.entries()) sum += Math.log1p(Math.min(bets[i] ?? 0, 0.5 / mean) * (value - mean))
  return sum
}
