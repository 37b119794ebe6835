/** What definitions make of a trace and why, next to what is stored: for `assay explain` and the API. */
import type { EvalPlan, Plan } from '../dsl/plan.ts'
import { createExplainer } from '../engine/evaluate/explain/explain-eval.ts'
import type { Explanation } from '../engine/evaluate/explain/tree.ts'
import { isMeasured } from '../engine/evaluate/measure.ts'
import type { Judged } from '../engine/evaluate/offline-eval.ts'
import { kindOf, type ProjectedSpan } from '../engine/evaluate/subject.ts'
import { byStart, viewTrace } from '../engine/evaluate/trace-view.ts'
import { gravestFirst } from '../engine/evaluate/verdict.ts'
import type { Span } from '../engine/model/span.ts'
import { compilePatterns } from '../engine/regex/patterns.ts'
import { differenceOf } from './difference.ts'
import type { ResultJson } from './schemas.ts'

/** At least one span. */
export interface StoredTrace {
  readonly spans: readonly Span[]
  readonly results: readonly ResultJson[]
}

export interface ExplainedSubject {
  readonly explanation: Explanation
  /** The latest; null where nothing is stored of it. */
  readonly stored: ResultJson | null
  /** Why it says something else than what is stored; null where it does not. */
  readonly difference: string | null
}

/** What holds of the subject: what was said when it was judged, before what would be said of what is left of it. */
export const verdictOf = ({ explanation, stored }: ExplainedSubject): Explanation['verdict'] =>
  stored?.verdict ?? explanation.verdict

/** Of every subject of the eval's kind, or of the one span; the gravest first, as that is what is asked about. */
export function explainTrace(
  plan: Plan,
  evalPlan: EvalPlan,
  { spans, results }: StoredTrace,
  mask: (text: string) => string,
  spanId: string | undefined,
): ExplainedSubject[] {
  const view = viewTrace(spans[0]!.tenant, spans[0]!.traceId, spans)
  const patterns = compilePatterns(plan.patterns)
  const explainer = createExplainer(plan, evalPlan.id, { patterns, mask })
  const own = results.filter((result) => result.eval === evalPlan.id)
  const isAsked = evalPlan.kind === 'offline' && !isMeasured(evalPlan)
  const explained = subjectsOf(evalPlan, view.spans, spanId).map((span) => {
    const stored = own.find((result) => (result.spanId ?? '') === (span?.spanId ?? '')) ?? null
    const explanation = explainer.explain(view, span, isAsked ? judgedOf(stored) : undefined)
    const difference = differenceOf({ plan, evalPlan, spans: view.spans, span }, explanation, stored)
    return { explanation, stored, difference }
  })
  return explained.sort((a, b) => gravestFirst(verdictOf(a), verdictOf(b)))
}

/** Ids of the spans that the eval looks at, the earliest first; null where it looks at traces. */
export function spansLookedAt(evalPlan: EvalPlan, { spans }: StoredTrace): string[] | null {
  const view = viewTrace(spans[0]!.tenant, spans[0]!.traceId, spans)
  const subjects = subjectsOf(evalPlan, view.spans, undefined)
  return subjects[0] === undefined && subjects.length > 0 ? null : subjects.flatMap((span) => span?.spanId ?? [])
}

/** One `undefined` for the trace itself. */
function subjectsOf(
  evalPlan: EvalPlan,
  spans: readonly ProjectedSpan[],
  spanId: string | undefined,
): (ProjectedSpan | undefined)[] {
  const { subject } = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
  if (subject === 'trace' || subject === 'session') return [undefined]
  const kind = kindOf(subject)
  return spans
    .filter((span) => (kind === null || span.kind === kind) && (spanId === undefined || span.spanId === spanId))
    .sort(byStart)
}

/** A judge is not asked again: what it said is in the store. */
function judgedOf(stored: ResultJson | null): Judged {
  if (stored?.score !== undefined) return { kind: 'score', score: stored.score }
  if (stored?.reason?.code === 'abstained') return { kind: 'none', why: { code: 'abstained' } }
  return { kind: 'none', why: { code: 'judge_unreachable', detail: 'no score of it is stored' } }
}
