/** A warning of judges that are of the family of models that the eval's own scope says it judges. */
import type { Clauses } from './clauses.ts'
import { children } from './expr-walk.ts'
import { familyOf } from './model-names.ts'
import type { Module } from './module.ts'
import type { Expr, OfflineMethod, ScopePlan } from './plan.ts'

/** `sample: 50 of llm_call where model == "gpt-5" over 1h` with `judge: "openai/gpt-5-mini"`. */
export function warnOfFamily(method: OfflineMethod, scope: ScopePlan, clauses: Clauses, module: Module): void {
  const clause = clauses.clause('judge')
  if (method.judge === null || clause === null) return
  const judged = [scope.where, scope.traceWhere].flatMap((expr) => (expr === null ? [] : modelsIn(expr)))
  for (const judge of method.judge.models) {
    const family = familyOf(judge)
    const model = judged.find((one) => familyOf(one) === family)
    if (family === null || model === undefined) continue
    const message = `"${judge}" is of the family of what it judges: the ${family} models`
    clauses.home('judge', module).reporter.report('W0430', clause.key.span, message, {
      label: `judges "${model}"`,
      notes: ['a model judges its own family more kindly: name a judge of another, or hold it to labels of people'],
    })
    return
  }
}

/** Of models that a subject has, as far as the condition says so itself. */
function modelsIn(expr: Expr): string[] {
  // What is not so says nothing of what is.
  if (expr.op === 'not') return []
  if (expr.op === 'compare' && expr.cmp === '==') return isModel(expr.left) ? textOf(expr.right) : textIf(expr)
  if (expr.op === 'starts_with') return isModel(expr.left) ? textOf(expr.right) : []
  if (expr.op === 'in') return isModel(expr.value) ? expr.items.flatMap(textOf) : []
  return children(expr).flatMap(modelsIn)
}

function textIf({ left, right }: Extract<Expr, { op: 'compare' }>): string[] {
  return isModel(right) ? textOf(left) : [left, right].flatMap(modelsIn)
}

const isModel = (expr: Expr): boolean => expr.op === 'field' && expr.path === 'model'

const textOf = (expr: Expr): string[] => (expr.op === 'literal' && typeof expr.value === 'string' ? [expr.value] : [])
