/** The judge of one subject, as its measure sees it. */
import type { Asker } from '../../engine/judge/asker.ts'
import type { Reason } from '../../engine/model/result.ts'
import { RunInterrupted } from '../../storage/queue/port.ts'
import { addUsage, type JudgeUsage, NO_USAGE } from './completion.ts'
import type { JudgeClient, JudgeOutcome } from './judge-client.ts'

export interface AskerContext {
  judge: JudgeClient
  /** Fresh and random: [0-9a-z], at least 16 characters. */
  nonce: () => string
  signal: AbortSignal
  /** When the run began that asks; now unless told. */
  beganMs?: number | undefined
}

/** Asks these models, and adds up what all questions about one subject took. */
export function askerOf(
  models: readonly string[],
  { judge, nonce, signal, beganMs }: AskerContext,
): { asker: Asker; usage: () => JudgeUsage } {
  let usage = NO_USAGE
  const asker: Asker = {
    nonce,
    async ask(question) {
      const outcome = await judge.ask(models, question, signal, beganMs)
      if (outcome.kind === 'aborted') throw new RunInterrupted()
      usage = addUsage(usage, outcome.usage)
      return outcome.kind === 'answered'
        ? { kind: 'answer', answer: outcome.answer }
        : { kind: 'none', why: whyOf(outcome) }
    },
  }
  return { asker, usage: () => usage }
}

function whyOf(outcome: Exclude<JudgeOutcome<unknown>, { kind: 'answered' | 'aborted' }>): Reason {
  switch (outcome.kind) {
    case 'over_budget':
      return { code: 'over_budget' }
    case 'refused':
      return { code: 'refused' }
    case 'malformed':
      return { code: 'judge_malformed', detail: outcome.detail }
    case 'unreachable':
      return { code: 'judge_unreachable', detail: outcome.detail }
  }
}
