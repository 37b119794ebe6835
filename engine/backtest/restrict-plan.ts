import { walkExpr } from '../../dsl/expr-walk.ts'
import type { EvalPlan, Expr, Plan } from '../../dsl/plan.ts'

/** The same plan with these evals and those whose verdicts they ask for, and no others. */
export function restrictPlan(plan: Plan, ids: Iterable<string>): Plan {
  const byId = new Map(plan.evals.map((one) => [one.id, one]))
  const kept = new Set<string>()
  const keep = (id: string): void => {
    const one = byId.get(id)
    if (one === undefined || kept.has(id)) return
    kept.add(id)
    for (const expr of expressionsOf(one)) {
      walkExpr(expr, (node) => {
        if (node.op === 'verdict_of') keep(node.evalId)
      })
    }
  }
  for (const id of ids) keep(id)
  return { ...plan, evals: plan.evals.filter(({ id }) => kept.has(id)) }
}

function expressionsOf(one: EvalPlan): Expr[] {
  const scope = one.kind === 'online' ? one.scope : one.sample.scope
  const exprs = [scope.where, scope.traceWhere, one.pass, one.kind === 'online' ? one.score : null]
  return exprs.filter((expr) => expr !== null)
}
