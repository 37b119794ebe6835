import { someExpr } from './expr-walk.ts'
import type { Expr, ScopePlan } from './plan.ts'
import { findField } from './schema.ts'

/** On arrival when the span and its resource are enough; what needs the rest of the trace is judged when that settles. */
export function whenJudged(
  scope: ScopePlan,
  exprs: readonly (Expr | null)[],
  whenOf: (evalId: string) => 'arrival' | 'settle',
): 'arrival' | 'settle' {
  if (scope.subject === 'trace') return 'settle'
  const looksAround = (expr: Expr): boolean =>
    ['aggregate', 'before', 'repeats', 'trace_field'].includes(expr.op) ||
    (expr.op === 'verdict_of' && whenOf(expr.evalId) === 'settle')
  if (someExpr([scope.where, ...exprs], looksAround)) return 'settle'
  // A condition on the trace that reads only what each span carries is answered by the span itself.
  const needsTrace = (expr: Expr): boolean =>
    looksAround(expr) ||
    expr.op === 'attr' ||
    expr.op === 'verdict_of' ||
    (expr.op === 'field' && findField(expr.path)?.resolvesOnSpan !== true)
  return someExpr([scope.traceWhere], needsTrace) ? 'settle' : 'arrival'
}
