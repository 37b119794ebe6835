/** Asks a judge over the chat-completions protocol, with retries, repair and failover; every failure is a value. */
import { type JudgePrompt, malformed, type Question, type Reading, repairMessage } from '../../engine/judge/question.ts'
import type { AnswerCache, CachedAnswer } from './answer-cache.ts'
import type { Prospect, Refused } from './breaker.ts'
import {
  type Completion,
  type JudgeUsage,
  lower,
  type ModelTraits,
  NO_USAGE,
  readCompletion,
  requestOf,
  tokensOf,
} from './completion.ts'
import { measureCall } from './judge-metrics.ts'
import type { Prices } from './prices.ts'
import { openProviderClient, type ProviderClient } from './provider-client.ts'
import type { ProviderHealth } from './provider-health.ts'
import { type Provider, parseJudgeName } from './providers.ts'
import { classifyFailure, type Failure, retryDelayMs } from './retry.ts'

export interface Answered<T> {
  kind: 'answered'
  answer: T
  usage: JudgeUsage
}

export type JudgeOutcome<T> =
  | Answered<T>
  /** The model declined to answer. */
  | { kind: 'refused'; usage: JudgeUsage }
  | { kind: 'malformed'; detail: string; usage: JudgeUsage }
  | { kind: 'unreachable'; detail: string; usage: JudgeUsage }
  /** Not asked: the budget does not pay for it. */
  | { kind: 'over_budget'; usage: JudgeUsage }
  | { kind: 'aborted' }

export interface JudgeClient {
  /**
   * `judges` in the order in which they are tried: the eval's own, then its fallbacks. At least one has a provider. `beganMs`: when the run
   * began that asks, now unless told; it waits for a probe of its own of judges that are out.
   */
  ask<T>(
    judges: readonly string[],
    question: Question<T>,
    signal: AbortSignal,
    beganMs?: number,
  ): Promise<JudgeOutcome<T>>
  /**
   * What this judge answered to the same question in the last day, which costs nothing; null where that is not known. Nobody is called.
   * Absent of what remembers nothing.
   */
  recall?<T>(judge: string, question: Question<T>): Promise<Answered<T> | null>
}

/** Where no provider is configured. */
export const NOBODY: JudgeClient = {
  ask: async () => ({ kind: 'unreachable', detail: 'no provider is configured', usage: NO_USAGE }),
}

export interface JudgeClientOptions {
  providers: ReadonlyMap<string, Provider>
  /** Which of them take calls; hears how each call ended. */
  health: ProviderHealth
  cache: AnswerCache
  nowMs: () => number
  /** Without them nothing is known of what answers cost. */
  prices?: Prices
  /** For one call; 30 s by default. */
  timeoutMs?: number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** In [0, 1): the jitter of retries. */
  random: () => number
}

const DEFAULT_TIMEOUT_MS = 30_000
/**
 * A subject whose judges all take no calls waits for them, until they have been out for so long: a provider that stumbles costs a
 * run some time and no verdicts, one that is gone does not hold it up. One that has been out for longer is waited for while its
 * probes are answered, or nobody knows whether it is back, and so long at most: a probe that fails ends the waiting of all but those
 * whose run began after it.
 */
export const PATIENCE_MS = 120_000

/** Who waits to hear whether a provider is back looks so often. */
const LOOK_EVERY_MS = 2_000

/** Those who wait do not all wake at once. */
const WAKE_SPREAD_MS = 1_000

type Attempt =
  | Completion
  | { kind: 'unreachable'; detail: string }
  /** Not called, or not called again: the provider takes no calls at the moment. */
  | (Omit<Refused, 'kind'> & { kind: 'blocked'; lastDetail: string | undefined })
  | { kind: 'aborted' }

type OneOutcome<T> = JudgeOutcome<T> | Extract<Attempt, { kind: 'blocked' }>
type FormOutcome<T> = OneOutcome<T> | { kind: 'no_logprobs' }

interface Blocked {
  judge: string
  retryAtMs: number
  prospect: Prospect
  failedMs: number
  /** Until then its outage is taken for a stumble. */
  untilMs: number
}

interface Waiting {
  nowMs: number
  waitedMs: number
  /** When its run began. */
  beganMs: number
}

/** Of a provider that has begun to answer, the waiting has an end by itself: two probes more close its breaker, or one fails. */
function isWorthWaiting({ prospect, untilMs, failedMs }: Blocked, { nowMs, waitedMs, beganMs }: Waiting): boolean {
  if (prospect === 'answering') return waitedMs < 2 * PATIENCE_MS
  return waitedMs < PATIENCE_MS && (prospect === 'unknown' || nowMs < untilMs || failedMs < beganMs)
}

/** When something may have changed: a probe is due, or the one on its way has ended. */
const wakeMsOf = ({ prospect, retryAtMs, untilMs }: Blocked, nowMs: number): number =>
  prospect === 'unknown' && nowMs >= untilMs ? Math.min(retryAtMs, nowMs + LOOK_EVERY_MS) : retryAtMs

export function createJudgeClient(options: JudgeClientOptions): JudgeClient {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const clients = new Map<string, ProviderClient>()
  const traits = new Map<string, ModelTraits>()

  function clientOf(provider: Provider): ProviderClient {
    let client = clients.get(provider.name)
    if (client === undefined) {
      client = openProviderClient(provider, timeoutMs)
      clients.set(provider.name, client)
    }
    return client
  }

  function traitsOf(judge: string): ModelTraits {
    let known = traits.get(judge)
    if (known === undefined) {
      known = { format: 'json_schema', temperature: true, logprobs: true }
      traits.set(judge, known)
    }
    return known
  }

  async function ask<T>(
    judges: readonly string[],
    question: Question<T>,
    signal: AbortSignal,
    beganMs = options.nowMs(),
  ): Promise<JudgeOutcome<T>> {
    const usage: JudgeUsage = { ...NO_USAGE }
    const failures = new Map<string, string>()
    let waitedMs = 0
    for (let todo = judges; ; ) {
      const blocked: Blocked[] = []
      for (const judge of todo) {
        const { provider: name, model } = parseJudgeName(judge)
        const provider = options.providers.get(name)
        if (provider === undefined) {
          failures.set(judge, 'no provider configured')
          continue
        }
        const outcome = await askOne({ provider, judge, model, question, usage, signal })
        if (outcome.kind === 'blocked') {
          const { sinceMs, retryAtMs, prospect, failedMs, lastDetail = 'not asked' } = outcome
          blocked.push({ judge, retryAtMs, prospect, failedMs, untilMs: sinceMs + PATIENCE_MS })
          failures.set(judge, `${lastDetail}, ${name} has been out since ${new Date(sinceMs).toISOString()}`)
        } else if (outcome.kind === 'unreachable') failures.set(judge, outcome.detail)
        else if (outcome.kind === 'aborted') return outcome
        else return { ...outcome, usage: { ...outcome.usage, answeredBy: [judge] } }
      }
      const now = options.nowMs()
      const worthWaiting = blocked.filter((one) => isWorthWaiting(one, { nowMs: now, waitedMs, beganMs }))
      if (worthWaiting.length === 0) break
      const nextMs = Math.min(...worthWaiting.map((one) => wakeMsOf(one, now))) - now
      const delayMs = Math.max(0, nextMs) + WAKE_SPREAD_MS * (0.1 + options.random())
      await options.sleep(delayMs, signal)
      if (signal.aborted) return { kind: 'aborted' }
      waitedMs += delayMs
      todo = worthWaiting.map(({ judge }) => judge)
    }
    const detail = [...failures].map(([judge, why]) => `${judge}: ${why}`).join('; ')
    return { kind: 'unreachable', detail, usage }
  }

  interface OneJudge<T> {
    provider: Provider
    judge: string
    model: string
    question: Question<T>
    usage: JudgeUsage
    signal: AbortSignal
  }

  /** By the probabilities of the answer's first token, where the provider gives them and the question can be put so. */
  async function askOne<T>(one: OneJudge<T>): Promise<OneOutcome<T>> {
    const direct = directOf(one)
    if (direct !== undefined) {
      const outcome = await askForm({ ...one, question: direct })
      if (outcome.kind !== 'no_logprobs') return outcome
      traitsOf(one.judge).logprobs = false
    }
    const outcome = await askForm(one)
    return outcome.kind === 'no_logprobs'
      ? { kind: 'malformed', detail: 'no log-probabilities', usage: one.usage }
      : outcome
  }

  const directOf = <T>({ question, provider, judge }: Pick<OneJudge<T>, 'question' | 'provider' | 'judge'>) =>
    provider.logprobs === true && traitsOf(judge).logprobs ? question.direct : undefined

  async function recall<T>(judge: string, asked: Question<T>): Promise<Answered<T> | null> {
    const { provider: name, model } = parseJudgeName(judge)
    const provider = options.providers.get(name)
    if (provider === undefined) return null
    const peek = async (question: Question<T>) =>
      read(question, await options.cache.peek({ provider, model, question }))
    const direct = directOf({ question: asked, provider, judge })
    // A model that gives no probabilities is not known for one before it is asked: its answer is that to the question as it is.
    const known = (direct === undefined ? null : await peek(direct)) ?? (await peek(asked))
    if (known === null) return null
    const usage = { ...NO_USAGE, model: known.model, answeredBy: [judge], isCached: true }
    return { kind: 'answered', answer: known.answer, usage }
  }

  /** What it answered before; else one question and at most one repair. */
  async function askForm<T>(one: OneJudge<T>): Promise<FormOutcome<T>> {
    const { question, usage } = one
    const known = read(question, await options.cache.get(one))
    if (known !== null) {
      usage.model = known.model
      return { kind: 'answered', answer: known.answer, usage: { ...usage, isCached: true } }
    }
    let messages: JudgePrompt['messages'] = question.messages
    for (let repairs = 0; ; repairs++) {
      const attempt = await complete(one, messages)
      switch (attempt.kind) {
        case 'aborted':
        case 'blocked':
        case 'no_logprobs':
          return attempt
        case 'refused':
          return { kind: 'refused', usage }
        case 'unreachable':
          return { ...attempt, usage }
        case 'garbled':
        case 'text': {
          const reading: Reading<T> = attempt.kind === 'text' ? question.read(attempt.text) : malformed(attempt.detail)
          if (reading.kind === 'answer') {
            if (attempt.kind === 'text') await options.cache.put(one, { text: attempt.text, model: usage.model })
            return { kind: 'answered', answer: reading.answer, usage }
          }
          if (repairs === 1) return { ...reading, usage }
          messages = [...question.messages, repairMessage(reading.detail, question)]
        }
      }
    }
  }

  /** One completion, tried again while that may help; parameters that the model does not take are dropped. */
  async function complete<T>(one: OneJudge<T>, messages: JudgePrompt['messages']): Promise<Attempt> {
    const { provider, judge, model, question, usage, signal } = one
    const client = clientOf(provider)
    let lastDetail: string | undefined
    for (let attempt = 1; ; ) {
      const permit = await options.health.permit(provider.name, tokensOf(messages))
      if (permit.kind === 'refused') return { ...permit, kind: 'blocked', lastDetail }
      const used = { ...traitsOf(judge) }
      let failure: Failure
      const measured = measureCall(provider.name, model)
      try {
        const raw = await client.complete(requestOf(model, messages, question, used), signal)
        await options.health.report(provider.name, permit, { kind: 'answered' })
        const before = { ...usage }
        const completion = readCompletion(raw, usage, question, options.prices?.[judge])
        measured.answered(before, usage)
        return completion
      } catch (error) {
        if (signal.aborted) {
          await options.health.report(provider.name, permit, { kind: 'broken_off' })
          return { kind: 'aborted' }
        }
        try {
          failure = classifyFailure(error, options.nowMs())
        } catch (bug) {
          // Its place among the provider's calls is given back all the same.
          await options.health.report(provider.name, permit, { kind: 'broken_off' })
          throw bug
        }
        measured.failed(failure.kind)
      }
      // Whoever asks for a pause, or refuses a request, is there.
      await options.health.report(
        provider.name,
        permit,
        failure.kind === 'transient' && !failure.throttled
          ? { kind: 'failed', detail: failure.brief }
          : { kind: 'answered' },
      )
      lastDetail = failure.detail
      switch (failure.kind) {
        case 'garbled':
          return failure
        case 'permanent':
          return { kind: 'unreachable', detail: failure.detail }
        case 'unsupported':
          if (failure.param === 'logprobs' && question.topLogprobs !== undefined) return { kind: 'no_logprobs' }
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

  return { ask, recall }
}

/** Null where there is none, or it can't be read. */
function read<T>(
  question: Question<T>,
  cached: CachedAnswer | undefined,
): { answer: T; model: string | undefined } | null {
  if (cached === undefined) return null
  const reading = question.read(cached.text)
  return reading.kind === 'answer' ? { answer: reading.answer, model: cached.model } : null
}
