/** What is asked and answered over the chat-completions protocol, as values. */
import type OpenAI from 'openai'
import { z } from 'zod'
import type { JudgePrompt } from '../../engine/judge/question.ts'
import { costMicroUsd, type Price } from './prices.ts'

export interface JudgeUsage {
  /** As the provider returned it: `gpt-5-mini-2025-08-07`, not `gpt-5-mini`. Undefined where nothing came back. */
  model: string | undefined
  /** Over all calls for this subject, repairs included. */
  inputTokens: number
  outputTokens: number
  /** By the prices of the models that were asked; undefined where one of them has none. */
  costMicroUsd?: number | undefined
  /** Judges that said something, as the eval names them: scores of others than its own are another measure. */
  answeredBy?: readonly string[]
  /** Every answer came from the cache. */
  isCached?: boolean
}

export const NO_USAGE: JudgeUsage = { model: undefined, inputTokens: 0, outputTokens: 0, costMicroUsd: 0 }

/** Of two questions about one subject. Different models may have answered: the first may fall out between them. */
export function addUsage(a: JudgeUsage, b: JudgeUsage): JudgeUsage {
  const models = [...(a.model?.split(', ') ?? []), ...(b.model?.split(', ') ?? [])]
  return {
    model: models.length === 0 ? undefined : [...new Set(models)].join(', '),
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    costMicroUsd:
      a.costMicroUsd === undefined || b.costMicroUsd === undefined ? undefined : a.costMicroUsd + b.costMicroUsd,
    ...answersOf(a, b),
  }
}

function answersOf(a: JudgeUsage, b: JudgeUsage): Pick<JudgeUsage, 'answeredBy' | 'isCached'> {
  if (a.answeredBy === undefined && b.answeredBy === undefined) return {}
  const all = [a, b].filter(({ answeredBy }) => answeredBy !== undefined)
  return {
    answeredBy: [...new Set(all.flatMap(({ answeredBy = [] }) => answeredBy))],
    ...(all.every(({ isCached }) => isCached === true) && { isCached: true }),
  }
}

/** What a model turned out not to take; asked once, remembered while the process runs. */
export interface ModelTraits {
  format: 'json_schema' | 'json_object' | 'none'
  temperature: boolean
  /** Whether it gives log-probabilities; asked of providers alone that are said to. */
  logprobs: boolean
}

/** Shapes vary among compatible servers: only what is read is asked for. */
const completionSchema = z.object({
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        logprobs: z
          .object({
            content: z
              .array(
                z.object({
                  token: z.string(),
                  top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })).nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() }).nullish(),
})

export type Completion =
  | { kind: 'text'; text: string }
  | { kind: 'refused' }
  | { kind: 'garbled'; detail: string }
  /** They were asked for, and are not given. */
  | { kind: 'no_logprobs' }

export type RequestBody = OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming

export function requestOf(
  model: string,
  messages: JudgePrompt['messages'],
  prompt: Pick<JudgePrompt, 'schema' | 'schemaName'> & { topLogprobs?: number | undefined },
  traits: ModelTraits,
): RequestBody {
  const body: RequestBody = { model, messages }
  if (traits.temperature) body.temperature = 0
  if (prompt.topLogprobs !== undefined) return { ...body, logprobs: true, top_logprobs: prompt.topLogprobs }
  if (traits.format === 'json_schema')
    body.response_format = {
      type: 'json_schema',
      json_schema: { name: prompt.schemaName, strict: true, schema: prompt.schema },
    }
  else if (traits.format === 'json_object') body.response_format = { type: 'json_object' }
  return body
}

/**
 * Does without what the model refused in a request made with `used`; false when there is nothing left to do without.
 * Calls run side by side: another one may have learnt the same already.
 */
export function lower(
  traits: ModelTraits,
  used: ModelTraits,
  param: 'response_format' | 'temperature' | 'logprobs',
): boolean {
  if (param === 'logprobs') {
    traits.logprobs = false
    return used.logprobs
  }
  if (param === 'temperature') {
    traits.temperature = false
    return used.temperature
  }
  if (used.format === 'none') return false
  if (traits.format === used.format) traits.format = used.format === 'json_schema' ? 'json_object' : 'none'
  return true
}

/** `price`: of the model; without one what it cost is not known. */
export function readCompletion(
  raw: unknown,
  usage: JudgeUsage,
  { topLogprobs }: Pick<JudgePrompt, 'topLogprobs'>,
  price?: Price,
): Completion {
  const parsed = completionSchema.safeParse(raw)
  if (!parsed.success) return { kind: 'garbled', detail: 'the response is not a chat completion' }
  const { model, choices, usage: tokens } = parsed.data
  usage.model = model ?? usage.model
  usage.inputTokens += tokens?.prompt_tokens ?? 0
  usage.outputTokens += tokens?.completion_tokens ?? 0
  usage.costMicroUsd =
    price === undefined || usage.costMicroUsd === undefined
      ? undefined
      : usage.costMicroUsd + costMicroUsd(price, tokens?.prompt_tokens ?? 0, tokens?.completion_tokens ?? 0)
  const { message, finish_reason: finish, logprobs } = choices[0]!
  if ((message.refusal ?? '') !== '' || finish === 'content_filter') return { kind: 'refused' }
  if (topLogprobs !== undefined) {
    // Some begin with a blank or a line break.
    const first = logprobs?.content?.find(({ token }) => token.trim() !== '')?.top_logprobs
    return first?.length ? { kind: 'text', text: JSON.stringify(first) } : { kind: 'no_logprobs' }
  }
  if (finish === 'length') return { kind: 'garbled', detail: 'the answer was cut off by its length limit' }
  return { kind: 'text', text: message.content ?? '' }
}

const CHARS_PER_TOKEN = 4
/** Evidence, a few sentences, the score. */
const USUAL_OUTPUT_TOKENS = 500

/** Of a call before it is made, with its answer: near enough for a limit. */
export function tokensOf(messages: JudgePrompt['messages']): number {
  const chars = messages.reduce((sum, { content }) => sum + content.length, 0)
  return Math.ceil(chars / CHARS_PER_TOKEN) + USUAL_OUTPUT_TOKENS
}
