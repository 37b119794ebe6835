/** A rubric's score from the probabilities of ratings: one token, no reasoning. Liu et al., *G-Eval*, EMNLP 2023. */
import { z } from 'zod'
import { DIRECT_TEMPLATE_VERSION } from '../../dsl/judge-template.ts'
import { logprobExpectedScore } from '../statistics/logprob-expected-score.ts'
import type { RubricAnswer } from './answer.ts'
import type { Scale } from './prompt.ts'
import { type ChatMessage, type CutText, malformed, type Question } from './question.ts'

/** As many as providers give. */
const TOP_LOGPROBS = 20

/** Servers round them. */
const MOST_PROBABILITY = 1.05

/** Tokenisers have one token for each of these, and not for every number above. */
export function hasDirectForm({ low, high }: Scale): boolean {
  return low >= 0 && high <= 9
}

export interface DirectOptions {
  rules: readonly string[]
  user: ChatMessage
  scale: Scale
  nonce: string
  cut: CutText[]
}

export function directQuestion({ rules, user, scale, nonce, cut }: DirectOptions): Question<RubricAnswer> {
  const system = [
    ...rules,
    `Answer with the grade alone: one number from ${scale.low} to ${scale.high}, and nothing else.`,
  ]
  return {
    messages: [{ role: 'system', content: system.join('\n') }, user],
    schema: {},
    schemaName: 'rating',
    promptVersion: DIRECT_TEMPLATE_VERSION,
    nonce,
    cut,
    topLogprobs: TOP_LOGPROBS,
    read: (text) => {
      const parsed = z.array(z.object({ token: z.string(), logprob: z.number() })).safeParse(JSON.parse(text))
      if (!parsed.success) return malformed('the log-probabilities are not a list of tokens')
      const whole = parsed.data.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)
      if (whole > MOST_PROBABILITY) return malformed('the log-probabilities are none: together they are more than 1')
      const { score, mass, entropy } = logprobExpectedScore({ logprobs: parsed.data, scale })
      const share = `${Math.round(mass * 100)}%`
      return score === null
        ? {
            kind: 'answer',
            answer: { kind: 'abstain', explanation: `only ${share} of the probability is on a rating` },
          }
        : {
            kind: 'answer',
            answer: {
              kind: 'score',
              score,
              explanation: `by the probabilities of the ratings: ${share} on one of them, entropy ${entropy.toFixed(2)}`,
              quotes: [],
            },
          }
    },
  }
}
