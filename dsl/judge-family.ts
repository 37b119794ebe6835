/** Warnings of judges that are of the family of models that the eval's own scope, or a test's trace, says it judges. */
import type { Clauses } from './clauses.ts'
import type { Reporter } from './diagnostics/reporter.ts'
import { children } from './expr-walk.ts'
import { familyOf } from './model-names.ts'
import type { Module } from './module.ts'
import type { EvalPlan, Expr, OfflineMethod, ScopePlan, TestGiven } from './plan.ts'
import type { Span } from './source.ts'

/** `sample: 50 of llm_call where model == "gpt-5" over 1h` with `judge: "openai/gpt-5-mini"`. */
export function warnOfFamily(method: OfflineMethod, scope: ScopePlan, clauses: Clauses, module: Module): void {
  const clause = clauses.clause('judge')
  if (clause === null) return
  const kin = kinOf(method, modelsOfScope(scope))
  if (kin !== null) report(kin, clauses.home('judge', module).reporter, clause.key.span, '')
}

/**
 * `given trace { llm_call { model: "gpt-5" } }` with `expect helpful: pass`: such traces are what is judged. Once an eval, so `told` has
 * the ids of those that were warned of.
 */
export function warnOfGivenFamily(
  given: readonly TestGiven[],
  plan: EvalPlan,
  at: { span: Span; reporter: Reporter },
  told: Set<string>,
): void {
  if (plan.kind !== 'offline' || told.has(plan.id)) return
  // Its own clauses were warned of already.
  if (kinOf(plan.method, modelsOfScope(plan.sample.scope)) !== null) return
  const kin = kinOf(plan.method, given.flatMap(modelsGiven))
  if (kin === null) return
  told.add(plan.id)
  report(kin, at.reporter, at.span, ', by the trace of this test')
}

interface Kin {
  readonly judge: string
  readonly model: string
  readonly family: string
}

/** The first judge that is of the family of one of the models. */
function kinOf({ judge }: OfflineMethod, models: readonly string[]): Kin | null {
  for (const name of judge?.models ?? []) {
    const family = familyOf(name)
    const model = models.find((one) => familyOf(one) === family)
    if (family !== null && model !== undefined) return { judge: name, model, family }
  }
  return null
}

function report({ judge, model, family }: Kin, reporter: Reporter, span: Span, why: string): void {
  reporter.report('W0430', span, `"${judge}" is of the family of what it judges: the ${family} models`, {
    label: `judges "${model}"${why}`,
    notes: ['a model judges its own family more kindly: name a judge of another, or hold it to labels of people'],
  })
}

const ASKING: readonly string[] = ['llm_call', 'agent_run']

function modelsGiven(given: TestGiven): string[] {
  if (given.kind !== 'trace') return []
  return given.trace.spans.flatMap(({ subject, fields: { model } }) =>
    ASKING.includes(subject) && model?.kind === 'value' && typeof model.value === 'string' ? [model.value] : [],
  )
}

const modelsOfScope = ({ where, traceWhere }: ScopePlan): string[] =>
  [where, traceWhere].flatMap((expr) => (expr === null ? [] : modelsIn(expr)))

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
