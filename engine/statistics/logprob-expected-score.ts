import { sumOf } from './mean.ts'

/** Below this the judge put its probability on something else than a rating. */
const LEAST_MASS = 0.5

/**
 * The score that a judge's first token stands for, from the log-probabilities of its alternatives: Σ rating · p over the tokens that are ratings of the
 * scale, their probabilities made to sum to 1. `mass` is what they had together; below one half the judge abstains and `score` is null. `entropy` in nats,
 * `mode` the likeliest rating (null when no token is a rating). Tokens are trimmed; those that spell one rating count together.
 * Liu et al., *G-Eval*, EMNLP 2023.
 */
export function logprobExpectedScore({
  logprobs,
  scale,
}: {
  logprobs: readonly { token: string; logprob: number }[]
  /** Integers from the lowest to the highest rating. */
  scale: { low: number; high: number }
}): { score: number | null; mass: number; entropy: number; mode: number | null } {
  const chances = new Map<number, number>()
  for (const { token, logprob } of logprobs) {
    const rating = /^\s*\d{1,9}\s*$/.test(token) ? Number(token) : Number.NaN
    if (rating >= scale.low && rating <= scale.high) chances.set(rating, (chances.get(rating) ?? 0) + Math.exp(logprob))
  }
  const mass = sumOf([...chances.values()])
  if (mass === 0) return { score: null, mass, entropy: 0, mode: null }
  const likeliest = [...chances].reduce((best, one) => (one[1] > best[1] ? one : best))
  const shares = [...chances].map(([rating, chance]) => ({ rating, share: chance / mass }))
  return {
    score: mass < LEAST_MASS ? null : sumOf(shares.map(({ rating, share }) => rating * share)),
    mass,
    entropy: -sumOf(shares.map(({ share }) => (share === 0 ? 0 : share * Math.log(share)))),
    mode: likeliest[0],
  }
}
