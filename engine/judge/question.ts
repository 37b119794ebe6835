/** One question to a judge: what is sent, and how its answer is read. */
import type { z } from 'zod'
import { findMetric } from '../../dsl/metrics.ts'

export interface ChatMessage {
  role: 'system' | 'user'
  content: string
}

/** A text of which only parts are shown. */
export interface CutText {
  path: string
  chars: number
  shownChars: number
}

export interface JudgePrompt {
  messages: ChatMessage[]
  /** JSON Schema of the answer, within the subset that OpenAI's strict mode takes. */
  schema: Record<string, unknown>
  schemaName: string
  promptVersion: string
  /** Of its blocks: all that differs between two prompts about the same. */
  nonce: string
  cut: CutText[]
  /** Asked for with the answer: so many likeliest tokens in the place of its first. `read` then takes them, as JSON. */
  topLogprobs?: number
}

export type Reading<T> =
  | { kind: 'answer'; answer: T }
  /** `detail` names what is wrong and repeats nothing of the answer. */
  | { kind: 'malformed'; detail: string }

export interface Question<T> extends JudgePrompt {
  read(text: string): Reading<T>
  /** The same question, answered by the probabilities of its first token: asked in place of this one where the provider gives them. */
  direct?: Question<T>
}

/** Longer ones are nonsense: a hundred claims with their quotes are far below it. */
export const MAX_ANSWER_CHARS = 64_000
/** Of one explanation or quote that is kept. */
export const MAX_WORDS_CHARS = 4_000

/** Of a metric's prompts: a change of their words or schemas raises the metric's version, which starts a new series. */
export function metricTemplate(name: string): string {
  const metric = findMetric(name)
  if (metric === undefined) throw new RangeError(`there is no metric ${name}`)
  return `${name}-${metric.version}`
}

/** The JSON object of an answer, checked. Nulls and absences are the same: servers without enforced schemas mix them. */
export function readJson<T>(text: string, schema: z.ZodType<T>): Reading<T> {
  if (text.trim() === '') return malformed('the answer is empty')
  if (text.length > MAX_ANSWER_CHARS) return malformed(`the answer exceeds ${MAX_ANSWER_CHARS} characters`)
  const json = findJson(text)
  if (json === undefined) return malformed('the answer is not a JSON object')
  const parsed = schema.safeParse(json)
  return parsed.success ? { kind: 'answer', answer: parsed.data } : malformed(problemOf(parsed.error))
}

export function malformed(detail: string): { kind: 'malformed'; detail: string } {
  return { kind: 'malformed', detail }
}

/** Asks again after an answer that did not fit. The answer itself is not repeated: it may carry words of the trace. */
export function repairMessage(detail: string, { topLogprobs }: Pick<JudgePrompt, 'topLogprobs'>): ChatMessage {
  const wanted = topLogprobs === undefined ? 'JSON object' : 'grade'
  return {
    role: 'user',
    content: `Your previous answer could not be read: ${detail}. Answer again with the ${wanted} alone.`,
  }
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
