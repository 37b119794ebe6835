/** Why a stored verdict is another than what the definitions make of the stored spans now. */
import type { EvalPlan, Plan } from '../dsl/plan.ts'
import type { Explanation } from '../engine/evaluate/explain/tree.ts'
import { maskedTextsOf, textsReadBy } from '../engine/evaluate/masked.ts'
import { describeReason } from '../engine/evaluate/reason-text.ts'
import type { ProjectedSpan } from '../engine/evaluate/subject.ts'
import type { ResultJson } from './schemas.ts'

export interface Compared {
  readonly plan: Plan
  readonly evalPlan: EvalPlan
  /** All of the trace, and the subject among them; undefined where that is the trace. */
  readonly spans: readonly ProjectedSpan[]
  readonly span: ProjectedSpan | undefined
}

/** As part of a sentence, to stand behind the stored verdict; null where both are the same or nothing is stored. */
export function differenceOf(
  compared: Compared,
  { verdict, reason }: Pick<Explanation, 'verdict' | 'reason'>,
  stored: ResultJson | null,
): string | null {
  if (stored === null || stored.verdict === verdict) return null
  const why = reason === undefined ? '' : ` (${describeReason(reason)})`
  const now = verdict === 'none' ? 'it would not be in scope' : `it would be ${verdict}${why}`
  return `by what is stored now ${now}: ${becauseOf(compared, stored)}`
}

function becauseOf(compared: Compared, stored: ResultJson): string {
  const { evalPlan } = compared
  if (stored.measureHash !== evalPlan.measureHash) return 'it was judged by another measure'
  if (stored.verdictHash !== evalPlan.verdictHash) return 'it was judged by another pass or missing clause'
  if (isMasked(compared, stored)) return 'the text was masked after it was judged'
  return 'the definitions or the data have changed since'
}

/** Whether what the eval reads there holds a mask, or what it matched was to be masked. */
function isMasked({ plan, evalPlan, spans, span }: Compared, stored: ResultJson): boolean {
  if (evalPlan.kind === 'online' && evalPlan.redact !== null && stored.evidence.length > 0) return true
  const texts = textsReadBy(plan).get(evalPlan.id)
  if (texts === undefined) return false
  const own = [...texts.own]
  const others = [...texts.others]
  return (
    (span !== undefined && maskedTextsOf(span, own).length > 0) ||
    spans.some((one) => maskedTextsOf(one, others).length > 0)
  )
}
