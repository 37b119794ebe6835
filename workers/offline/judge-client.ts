/** Asks a judge over the chat-completions protocol, with retries, repair and failover; every failure is a value. */
import OpenAI from 'openai'
import { z } from 'zod'
import { type JudgeAnswer, parseJudgeAnswer } from '../../engine/judge/answer.ts'
import { type JudgePrompt, repairMessage, type Scale } from '../../engine/judge/prompt.ts'
import { type Provider, parseJudgeName } from './providers.ts'
import { classifyFailure, retryDelayMs, TIMED_OUT } from './retry.ts'

export interface JudgeUsage {
  /** As the provider returned it: `gpt-5-mini-2025-08-07`, not `gpt-5-mini`. Undefined where nothing came back. */
  model: string | undefined
  /** Over all calls for this subject, repairs included. */
  inputTokens: number
  outputTokens: number
}

export type JudgeOutcome =
  | { kind: 'answered'; answer: Exclude<JudgeAnswer, { kind: 'malformed' }>; usage: JudgeUsage }
  /** The model declined to answer. */
  | { kind: 'refused'; usage: JudgeUsage }
  | { kind: 'malformed'; detail: string; usage: JudgeUsage }
  | { kind: 'unreachable'; detail: string; usage: JudgeUsage }
  | { kind: 'aborted' }

export interface JudgeClient {
  /** `judges` in the order in which they are tried: the eval's own, then its fallbacks. At least one has a provider. */
  ask(judges: readonly string[], prompt: JudgePrompt, scale: Scale, signal: AbortSignal): Promise<JudgeOutcome>
}

export interface JudgeClientOptions {
  providers: ReadonlyMap<string, Provider>
  /** For one call; 30 s by default. */
  timeoutMs?: number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** In [0, 1): the jitter of retries. */
  random: () => number
}

const DEFAULT_TIMEOUT_MS = 30_000

/** What a model turned out not to take; asked once, remembered while the process runs. */
interface ModelTraits {
  format: 'json_schema' | 'json_object' | 'none'
  temperature: boolean
}

/** Shapes vary among compatible servers: only what is read is asked for. */
const completionSchema = z.object({
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() }).nullish(),
})

type Attempt =
  | { kind: 'text'; text: string }
  | { kind: 'refused' }
  | { kind: 'garbled'; detail: string }
  | { kind: 'unreachable'; detail: string }
  | { kind: 'aborted' }

export function createJudgeClient(options: JudgeClientOptions): JudgeClient {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const clients = new Map<string, OpenAI>()
  const traits = new Map<string, ModelTraits>()

  function clientOf(provider: Provider): OpenAI {
    let client = clients.get(provider.name)
    if (client === undefined) {
      client = new OpenAI({
        apiKey: provider.apiKey,
        baseURL: provider.baseUrl,
        timeout: timeoutMs,
        // Retries are ours: they are counted, jittered and testable.
        maxRetries: 0,
        // The client would read these from the environment and send them to any provider.
        organization: null,
        project: null,
        logLevel: 'off',
      })
      clients.set(provider.name, client)
    }
    return client
  }

  function traitsOf(judge: string): ModelTraits {
    let known = traits.get(judge)
    if (known === undefined) {
      known = { format: 'json_schema', temperature: true }
      traits.set(judge, known)
    }
    return known
  }

  async function ask(
    judges: readonly string[],
    prompt: JudgePrompt,
    scale: Scale,
    signal: AbortSignal,
  ): Promise<JudgeOutcome> {
    const usage: JudgeUsage = { model: undefined, inputTokens: 0, outputTokens: 0 }
    const failures: string[] = []
    for (const judge of judges) {
      const { provider: name, model } = parseJudgeName(judge)
      const provider = options.providers.get(name)
      if (provider === undefined) {
        failures.push(`${judge}: no provider configured`)
        continue
      }
      const outcome = await askOne({ client: clientOf(provider), judge, model, prompt, scale, usage, signal })
      if (outcome.kind !== 'unreachable') return outcome
      failures.push(`${judge}: ${outcome.detail}`)
    }
    return { kind: 'unreachable', detail: failures.join('; '), usage }
  }

  interface OneJudge {
    client: OpenAI
    judge: string
    model: string
    prompt: JudgePrompt
    scale: Scale
    usage: JudgeUsage
    signal: AbortSignal
  }

  /** One question and at most one repair. */
  async function askOne(one: OneJudge): Promise<JudgeOutcome> {
    let messages: JudgePrompt['messages'] = one.prompt.messages
    for (let repairs = 0; ; repairs++) {
      const attempt = await complete(one, messages)
      switch (attempt.kind) {
        case 'aborted':
          return attempt
        case 'refused':
          return { kind: 'refused', usage: one.usage }
        case 'unreachable':
          return { ...attempt, usage: one.usage }
        case 'garbled':
        case 'text': {
          const answer: JudgeAnswer =
            attempt.kind === 'text' ? parseJudgeAnswer(attempt.text, one.scale) : { ...attempt, kind: 'malformed' }
          if (answer.kind !== 'malformed') return { kind: 'answered', answer, usage: one.usage }
          if (repairs === 1) return { ...answer, usage: one.usage }
          messages = [...one.prompt.messages, repairMessage(answer.detail)]
        }
      }
    }
  }

  /** One completion, tried again while that may help; parameters that the model does not take are dropped. */
  async function complete(one: OneJudge, messages: JudgePrompt['messages']): Promise<Attempt> {
    const { client, judge, model, prompt, usage, signal } = one
    for (let attempt = 1; ; ) {
      const used = { ...traitsOf(judge) }
      // The client's own timeout ends with the response's headers: a body that stalls would hold the run for ever.
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        const body = requestOf(model, messages, prompt, used)
        return readCompletion(
          await client.chat.completions.create(body, { signal: AbortSignal.any([signal, deadline]) }),
          usage,
        )
      } catch (error) {
        if (signal.aborted) return { kind: 'aborted' }
        const failure = deadline.aborted ? TIMED_OUT : classifyFailure(error)
        switch (failure.kind) {
          case 'garbled':
            return failure
          case 'permanent':
            return { kind: 'unreachable', detail: failure.detail }
          case 'unsupported':
            if (!lower(traitsOf(judge), used, failure.param)) return { kind: 'unreachable', detail: failure.detail }
            break
          case 'transient': {
            const delayMs = retryDelayMs(attempt++, failure.retryAfterMs, options.random())
            if (delayMs === undefined) return { kind: 'unreachable', detail: failure.detail }
            await options.sleep(delayMs, signal)
            if (signal.aborted) return { kind: 'aborted' }
          }
        }
      }
    }
  }

  return { ask }
}

type RequestBody = OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming

function requestOf(
  model: string,
  messages: JudgePrompt['messages'],
  prompt: JudgePrompt,
  traits: ModelTraits,
): RequestBody {
  const body: RequestBody = { model, messages }
  if (traits.temperature) body.temperature = 0
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
function lower(traits: ModelTraits, used: ModelTraits, param: 'response_format' | 'temperature'): boolean {
  if (param === 'temperature') {
    traits.temperature = false
    return used.temperature
  }
  if (used.format === 'none') return false
  if (traits.format === used.format) traits.format = used.format === 'json_schema' ? 'json_object' : 'none'
  return true
}

function readCompletion(raw: unknown, usage: JudgeUsage): Attempt {
  const parsed = completionSchema.safeParse(raw)
  if (!parsed.success) return { kind: 'garbled', detail: 'the response is not a chat completion' }
  const { model, choices, usage: tokens } = parsed.data
  usage.model = model ?? usage.model
  usage.inputTokens += tokens?.prompt_tokens ?? 0
  usage.outputTokens += tokens?.completion_tokens ?? 0
  const { message, finish_reason: finish } = choices[0]!
  if ((message.refusal ?? '') !== '' || finish === 'content_filter') return { kind: 'refused' }
  if (finish === 'length') return { kind: 'garbled', detail: 'the answer was cut off by its length limit' }
  return { kind: 'text', text: message.content ?? '' }
}
