/** A judge's answer to a rubric, from text to a value: malformed answers are values with the reason, never exceptions. */
import { z } from 'zod'
import type { Scale } from './prompt.ts'
import { MAX_WORDS_CHARS, malformed, type Reading, readJson } from './question.ts'

export type RubricAnswer =
  | { kind: 'score'; score: number; explanation: string; quotes: string[] }
  | { kind: 'abstain'; explanation: string }

const MAX_QUOTES = 20

const answerSchema = z.object({
  // Servers without enforced schemas leave these out or null them; the score does not hang on them.
  evidence: z.array(z.string()).nullish(),
  reasoning: z.string().nullish(),
  abstain: z.boolean().nullish(),
  score: z.number().nullish(),
})

export function readRubricAnswer(text: string, scale: Scale): Reading<RubricAnswer> {
  const read = readJson(text, answerSchema)
  if (read.kind === 'malformed') return read
  const { evidence, reasoning, abstain, score } = read.answer
  const explanation = (reasoning ?? '').slice(0, MAX_WORDS_CHARS)
  if (abstain === true) return { kind: 'answer', answer: { kind: 'abstain', explanation } }
  if (score === null || score === undefined) return malformed('"score" is absent and "abstain" is not true')
  if (!Number.isInteger(score)) return malformed('"score" is not an integer')
  if (score < scale.low || score > scale.high) return malformed(`"score" is outside ${scale.low} to ${scale.high}`)
  const quotes = (evidence ?? []).slice(0, MAX_QUOTES).map((quote) => quote.slice(0, MAX_WORDS_CHARS))
  return { kind: 'answer', answer: { kind: 'score', score, explanation, quotes } }
}
