import { walkExpr } from '../../dsl/expr-walk.ts'
import type { EvalPlan, Expr } from '../../dsl/plan.ts'

/** The eval and those whose verdicts it reads, directly or through others. `plans`: by id. */
export function withDependencies(evalPlan: EvalPlan, plans: ReadonlyMap<string, EvalPlan>): EvalPlan[] {
  const needed = new Set<EvalPlan>()
  const add = (one: EvalPlan): void => {
    if (needed.has(one)) return
    needed.add(one)
    for (const expr of expressionsOf(one)) {
      walkExpr(expr, (node) => {
        const other = node.op === 'verdict_of' ? plans.get(node.evalId) : undefined
        if (other !== undefined) add(other)
      })
    }
  }
  add(evalPlan)
  return [...needed]
}

/** All that an eval works out of a subject. */
export function expressionsOf(evalPlan: EvalPlan): Expr[] {
  const scope = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
  const score = evalPlan.kind === 'online' ? evalPlan.score : null
  return [scope.where, scope.traceWhere, score, evalPlan.pass].filter((expr) => expr !== null)
}
