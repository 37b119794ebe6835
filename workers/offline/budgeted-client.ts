/** A judge client that spends no more than it may: what is not paid for is not asked. */
import { type JudgePrompt, MAX_ANSWER_CHARS, type Question } from '../../engine/judge/question.ts'
import type { BudgetPart, RunBudget } from './budget.ts'
import { NO_USAGE } from './completion.ts'
import type { Answered, JudgeClient, JudgeOutcome } from './judge-client.ts'
import { costMicroUsd, type Prices } from './prices.ts'

export interface BudgetedOptions {
  budget: RunBudget
  prices: Prices
  outputs: OutputEstimate
  /** Asked where the budget does not pay for the eval's own. */
  cheaper: string | null
  /** Kept for the cheaper one, so that it can judge what its part of the sample is. */
  holdBackMicroUsd: number
  /** Of its part nobody else is asked, whatever is left: who is judged by whom is decided by chance, before. */
  asksCheaper?: boolean
}

const CHARS_PER_TOKEN = 4
/** Before the first answers: evidence, a few sentences, the score. */
export const FIRST_OUTPUT_TOKENS = 500
/** Of each model, how much the latest answer counts. */
const WEIGHT = 0.1

/** How long a model's answers are, by those that it gave. */
export interface OutputEstimate {
  tokensOf(judge: string): number
  note(judge: string, outputTokens: number): void
}

export function createOutputEstimate(): OutputEstimate {
  const known = new Map<string, number>()
  const tokensOf = (judge: string): number => known.get(judge) ?? FIRST_OUTPUT_TOKENS
  return {
    tokensOf,
    note: (judge, outputTokens) =>
      void known.set(judge, tokensOf(judge) + WEIGHT * (Math.min(outputTokens, MAX_ANSWER_CHARS) - tokensOf(judge))),
  }
}

/** Of one question to the dearest of these; null where one of them has no price. */
export function estimateMicroUsd(
  judges: readonly string[],
  { messages }: Pick<JudgePrompt, 'messages'>,
  prices: Prices,
  outputs: OutputEstimate,
): number | null {
  const chars = messages.reduce((sum, { content }) => sum + content.length, 0)
  let dearest = 0
  for (const judge of judges) {
    const price = prices[judge]
    if (price === undefined) return null
    dearest = Math.max(dearest, costMicroUsd(price, Math.ceil(chars / CHARS_PER_TOKEN), outputs.tokensOf(judge)))
  }
  return dearest
}

/** Asks `client` as far as the budget reaches. Its outcomes are `over_budget` beyond; rejects with `StateError`. */
export function withBudget(client: JudgeClient, options: BudgetedOptions): JudgeClient {
  const { budget, prices, outputs, cheaper, holdBackMicroUsd, asksCheaper = false } = options
  return {
    ...(client.recall !== undefined && { recall: client.recall }),
    async ask<T>(
      judges: readonly string[],
      question: Question<T>,
      signal: AbortSignal,
      beganMs?: number,
    ): Promise<JudgeOutcome<T>> {
      const tries: { judges: readonly string[]; part?: BudgetPart }[] = []
      if (!asksCheaper)
        tries.push({ judges, part: { kind: 'own', holdBackMicroUsd: cheaper === null ? 0 : holdBackMicroUsd } })
      // Where some are the cheaper judge's beforehand, one more of it would be there by chance: what the own one can't have is over budget.
      if (cheaper !== null && (asksCheaper || holdBackMicroUsd === 0))
        tries.push({ judges: [cheaper], ...(asksCheaper && { part: { kind: 'held_back' } }) })
      for (const one of tries) {
        const estimate = () => estimateMicroUsd(one.judges, question, prices, outputs)
        const first = estimate()
        // Whoever enqueues and works asks for prices first: without one nothing is kept within anything.
        if (first === null) continue
        const needs = () => estimate() ?? first
        const recalled = recalling(client, one.judges[0], question)
        const reservation = await budget.reserveInTurn(needs, signal, one.part, recalled.isThere)
        const known = recalled.answer()
        if (known !== null) return known
        if (signal.aborted) {
          await reservation?.settle(0)
          return { kind: 'aborted' }
        }
        if (reservation === null) continue
        const outcome = await client.ask(one.judges, question, signal, beganMs).catch((error: unknown) => {
          reservation.keep()
          throw error
        })
        if (outcome.kind === 'aborted' || outcome.kind === 'over_budget') {
          reservation.keep()
          return outcome
        }
        const { costMicroUsd: spent = reservation.microUsd, outputTokens } = outcome.usage
        const [judge] = one.judges
        // Before it settles: whoever waits for it reserves by what is known then.
        if (judge !== undefined && outcome.kind === 'answered' && outputTokens > 0) outputs.note(judge, outputTokens)
        await reservation.settle(Math.ceil(spent))
        return outcome
      }
      return { kind: 'over_budget', usage: NO_USAGE }
    },
  }
}

/** Whether it answered in the last day: no budget has to pay for that. */
function recalling<T>(
  client: JudgeClient,
  judge: string | undefined,
  question: Question<T>,
): { isThere: () => Promise<boolean>; answer: () => Answered<T> | null } {
  let answer: Answered<T> | null = null
  return {
    async isThere() {
      if (judge !== undefined) answer = (await client.recall?.(judge, question)) ?? null
      return answer !== null
    },
    answer: () => answer,
  }
}
