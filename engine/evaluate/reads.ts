/** Which parts of a span a plan's online evals read: the rest need not be decoded for them. */
import { walkExpr } from '../../dsl/expr-walk.ts'
import type { Plan } from '../../dsl/plan.ts'
import type { SpanParts } from '../conventions/normalise.ts'
import { labelExprs, labelsByEval } from './labels.ts'
import { optionalFieldsOf } from './projection.ts'

export function partsReadBy(plan: Plan): SpanParts {
  let inputs = false
  let attributes = false
  const labels = labelsByEval(plan)
  for (const item of plan.evals) {
    if (item.kind !== 'online') continue
    for (const expr of [
      item.scope.where,
      item.scope.traceWhere,
      item.score,
      item.pass,
      ...labelExprs(labels.get(item.id) ?? []),
    ]) {
      if (expr === null) continue
      walkExpr(expr, (node) => {
        if (node.op === 'attr') attributes = true
        else if (optionalFieldsOf(node).includes('inputText')) inputs = true
      })
    }
  }
  return { inputs, attributes }
}
