/** A judge's answer, from text to a value: malformed answers are values with the reason, never exceptions. */
import { z } from 'zod'
import type { Scale } from './prompt.ts'

export type JudgeAnswer =
  | { kind: 'score'; score: number; explanation: string; quotes: string[] }
  | { kind: 'abstain'; explanation: string }
  /** `detail` names what is wrong and repeats nothing of the answer. */
  | { kind: 'malformed'; detail: string }

/** An answer of five quotes and a few sentences is far below it. */
const MAX_ANSWER_CHARS = 64_000
const MAX_EXPLANATION_CHARS = 4_000
const MAX_QUOTES = 20

const answerSchema = z.object({
  // Servers without enforced schemas leave these out or null them; the score does not hang on them.
  evidence: z.array(z.string()).nullish(),
  reasoning: z.string().nullish(),
  abstain: z.boolean().nullish(),
  score: z.number().nullish(),
})

export function parseJudgeAnswer(text: string, scale: Scale): JudgeAnswer {
  if (text.trim() === '') return { kind: 'malformed', detail: 'the answer is empty' }
  if (text.length > MAX_ANSWER_CHARS)
    return { kind: 'malformed', detail: `the answer exceeds ${MAX_ANSWER_CHARS} characters` }
  const json = findJson(text)
  if (json === undefined) return { kind: 'malformed', detail: 'the answer is not a JSON object' }
  const parsed = answerSchema.safeParse(json)
  if (!parsed.success) return { kind: 'malformed', detail: problemOf(parsed.error) }
  const { evidence, reasoning, abstain, score } = parsed.data
  const explanation = (reasoning ?? '').slice(0, MAX_EXPLANATION_CHARS)
  if (abstain === true) return { kind: 'abstain', explanation }
  if (score === null || score === undefined)
    return { kind: 'malformed', detail: '"score" is absent and "abstain" is not true' }
  if (!Number.isInteger(score)) return { kind: 'malformed', detail: '"score" is not an integer' }
  if (score < scale.low || score > scale.high)
    return { kind: 'malformed', detail: `"score" is outside ${scale.low} to ${scale.high}` }
  return { kind: 'score', score, explanation, quotes: (evidence ?? []).slice(0, MAX_QUOTES) }
}

/** The whole text, else from the first brace to the last: models wrap JSON in Markdown fences or a sentence. */
function findJson(text: string): unknown {
  const open = text.indexOf('{')
  const close = text.lastIndexOf('}')
  for (const candidate of [text, text.slice(open, close + 1)]) {
    const value = tryParse(candidate)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  }
  return undefined
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function problemOf(error: z.ZodError): string {
  const paths = new Set(
    error.issues.map(({ path }) => `"${path.filter((part) => typeof part === 'string').join('.')}"`),
  )
  return `${[...paths].join(', ')} ${paths.size === 1 ? 'has' : 'have'} the wrong type`
}
