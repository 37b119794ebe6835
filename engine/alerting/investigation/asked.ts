/** Which traces an investigation of a firing alert compares. */
import { scoreInResultUnit } from '../../evaluate/score.ts'
import type { Verdict } from '../../model/result.ts'
import type { AlertNumbers, AlertTransition } from '../transition.ts'

/** Traces with a failing subject against those with passing ones alone. */
export interface ContrastAsked {
  evalId: string
  /** Null: however it was measured. */
  measureHash: string | null
  /** When they were judged. */
  fromMs: number
  toMs: number
  failing: FailingBy
  /** By label: of these alone. */
  group: Readonly<Partial<Record<GroupLabel, string>>>
  /** Of failing ones and of passing ones, at most. */
  tracesOfEach: number
}

export type FailingBy =
  | { kind: 'verdict'; failing: readonly Verdict[]; passing: readonly Verdict[] }
  /** `limit` in the unit of results. */
  | { kind: 'score'; cmp: AlertNumbers['cmp']; limit: number }

export const GROUP_LABELS = ['agent.name', 'agent.version', 'env'] as const
export type GroupLabel = (typeof GROUP_LABELS)[number]

const DAY_MS = 24 * 3_600_000
/** Clocks of those who judge and of the log differ. */
const CLOCKS_MS = 60_000
/** Enough to tell a thing that a tenth of the failing traces have. */
const TRACES_OF_EACH = 1_000

type Firing = Pick<AlertTransition, 'evalId' | 'atMs' | 'group' | 'numbers' | 'cause'> & {
  readonly why: { readonly detection: { readonly kind: string; readonly sinceMs?: number } } | null
}

/**
 * Null where no trace is to blame: silence, a count of too few, a sum. The time before it began is looked at, too: a version that all have by
 * now stands out against those that ran before.
 */
export function contrastAsked(firing: Firing, measureHash: string | null): ContrastAsked | null {
  const { evalId, atMs, group, numbers, cause, why } = firing
  const failing = cause === 'condition' ? failingBy(numbers) : null
  if (failing === null) return null
  const beganMs = Math.min(atMs - numbers.windowMs, why?.detection.sinceMs ?? atMs)
  return {
    evalId,
    measureHash,
    fromMs: beganMs - DAY_MS,
    toMs: atMs + CLOCKS_MS,
    failing,
    group: Object.fromEntries(
      GROUP_LABELS.flatMap((label) => (group[label] === undefined ? [] : [[label, group[label]]])),
    ),
    tracesOfEach: TRACES_OF_EACH,
  }
}

const verdicts = (failing: readonly Verdict[], passing: readonly Verdict[]): FailingBy => ({
  kind: 'verdict',
  failing,
  passing,
})

function failingBy({ measure, cmp, threshold }: AlertNumbers): FailingBy | null {
  const tooLow = cmp === '<' || cmp === '<='
  switch (measure.kind) {
    case 'count':
    case 'rate':
      return ofVerdict(measure.verdict, tooLow)
    case 'coverage':
      return tooLow ? verdicts(['unknown', 'error'], ['pass', 'fail']) : null
    // Of a scope's own measures those pass that are counted: spans with an error, say.
    case 'share':
      return tooLow ? verdicts(['fail'], ['pass']) : verdicts(['pass'], ['fail'])
    case 'subjects':
      return tooLow ? null : verdicts(['pass'], ['fail'])
    case 'score':
    case 'value': {
      const limit = measure.fn === 'sum' ? undefined : scoreInResultUnit(threshold, measure.type)
      return limit === undefined ? null : { kind: 'score', cmp, limit }
    }
  }
}

function ofVerdict(verdict: Verdict, tooLow: boolean): FailingBy | null {
  if (verdict === 'pass') return tooLow ? verdicts(['fail'], ['pass']) : null
  if (tooLow) return null
  return verdict === 'fail' ? verdicts(['fail'], ['pass']) : verdicts([verdict], ['pass', 'fail'])
}
