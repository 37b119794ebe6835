/** Words for what a test expected and got. */
import type { ValueType } from '../../dsl/plan.ts'
import { hasField } from '../evaluate/fields.ts'
import { describeReason } from '../evaluate/reason-text.ts'
import type { EvalResult, Evidence, Reason } from '../model/result.ts'

/** What `because` may name: the field, or the reason's code where there is none. */
export function reasonName(reason: Reason): string {
  return 'field' in reason && reason.field !== undefined ? reason.field : reason.code
}

/**
 * A field may be named as within its aggregate (`llm_call.cost`) or alone, an attribute with its type or without; any other
 * text is to be found in the reason's words, or in those about a match: the pattern's name, the field's.
 */
export function isBecause({ reason, evidence }: Pick<EvalResult, 'reason' | 'evidence'>, because: string): boolean {
  const wanted = because.replace(/^attr\(\s*("(?:[^"\\]|\\.)*").*\)$/s, 'attr($1)')
  if (reason?.code === wanted) return true
  const names = [...(reason === undefined ? [] : [reasonName(reason)]), ...evidence.map(({ field }) => field)]
  if (names.some((name) => name === wanted || withoutSubject(name) === wanted || name === withoutSubject(wanted)))
    return true
  if (wanted.startsWith('attr(') || hasField(withoutSubject(wanted))) return false
  const words = [...(reason === undefined ? [] : [describeReason(reason)]), ...evidence.map(describeEvidence)]
  return words.some((text) => text.includes(because))
}

const SUBJECT = /^(trace|agent_run|llm_call|tool_call|retrieval|embedding|guardrail|span)\./

function withoutSubject(path: string): string {
  return path.replace(SUBJECT, '')
}

export function describeEvidence({ field, start, end, pattern, masked }: Evidence): string {
  return `${pattern} matches ${field} at ${start}–${end} (${masked})`
}

/** A score with its unit, as `engine/evaluate/score.ts` leaves it. */
export function describeScore(score: number, type: ValueType | null): string {
  switch (type?.kind) {
    case 'duration':
      return `${scoreText(score)} ms`
    case 'money':
      return `${scoreText(score)} ${type.currency}`
    case 'ratio':
      return `${Number((score * 100).toFixed(4))}%`
    default:
      return scoreText(score)
  }
}

/** Four digits tell enough of a third; a whole number is said as it is, and nothing becomes one that is none: 0.99999 is not 1. */
function scoreText(score: number): string {
  const digits = Math.max(4, String(Math.trunc(Math.abs(score))).length)
  const rounded = Number(score.toPrecision(digits))
  return String(Number.isInteger(rounded) ? score : rounded)
}

/** Reason, score and evidence of a result in one line; null when it has none of them. */
export function describeWhy(
  result: Pick<EvalResult, 'reason' | 'score' | 'evidence'>,
  scoreType: ValueType | null,
): string | null {
  const parts = [
    ...(result.reason === undefined ? [] : [describeReason(result.reason)]),
    ...(result.score === undefined ? [] : [`score is ${describeScore(result.score, scoreType)}`]),
    ...result.evidence.map(describeEvidence),
  ]
  return parts.length === 0 ? null : parts.join('; ')
}
