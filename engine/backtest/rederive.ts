/** Of offline evals whose measure stays: verdicts are derived again from the scores that judges gave, and nobody is asked. */
import type { EvalPlan, OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { compileOfflineEval, type Judged, type OfflineEval } from '../evaluate/offline-eval.ts'
import type { TraceView } from '../evaluate/subject.ts'
import { viewTrace } from '../evaluate/trace-view.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span } from '../model/span.ts'

export interface Rederived {
  before: EvalResult
  after: EvalResult
}

export interface Rederiver {
  readonly before: OfflineEvalPlan
  readonly after: OfflineEvalPlan
  /** Null for a result of another measure. `spans` are those of its trace. */
  rederive(result: EvalResult, spans: readonly Span[]): Rederived | null
}

/** Null unless both sides measure the same and decide otherwise. */
export function createRederiver(
  plans: { before: Plan; after: Plan },
  from: EvalPlan | null,
  to: EvalPlan | null,
): Rederiver | null {
  if (from?.kind !== 'offline' || to?.kind !== 'offline') return null
  if (from.measureHash !== to.measureHash || from.verdictHash === to.verdictHash) return null
  const [earlier, later] = [compileOfflineEval(plans.before, from), compileOfflineEval(plans.after, to)]
  return {
    before: from,
    after: to,
    rederive: (result, spans) => {
      const [first] = spans
      if (first === undefined || result.measureHash !== to.measureHash) return null
      const view = viewTrace(first.tenant, first.traceId, spans)
      return { before: decided(result, earlier, view), after: decided(result, later, view) }
    },
  }
}

function decided(result: EvalResult, one: OfflineEval, view: TraceView): EvalResult {
  // What could not be judged is an error by any threshold.
  if (result.verdict === 'error') return result
  const judged: Judged =
    result.score === undefined
      ? { kind: 'none', why: result.reason ?? { code: 'abstained' } }
      : { kind: 'score', score: result.score }
  const { verdict, reason } = one.decide(view, undefined, judged)
  return { ...result, verdict, reason }
}
