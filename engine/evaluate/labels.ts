/** What results carry for the sake of alerts: the fields that an alert is divided by, and the model, which may have brought a change. */

import { CARRIED_LABELS } from '../../dsl/carried-labels.ts'
import type { Expr, GroupPlan, Plan, Subject } from '../../dsl/plan.ts'
import { printGroup } from '../../dsl/print-rule.ts'
import { fieldOf } from '../../dsl/schema.ts'
import type { Compiler } from './compiler.ts'
import type { Context } from './context.ts'

export type LabelFn = (context: Context) => Readonly<Record<string, string>> | undefined

/** An attribute may be of any length, and a label is in every message. */
const LONGEST = 120

/** By the id of the eval whose results carry them; an alert on a scope has an eval of its own. */
export function labelsByEval(plan: Pick<Plan, 'alerts' | 'evals'>): ReadonlyMap<string, readonly GroupPlan[]> {
  const subjects = new Map(
    plan.evals.map((one) => [one.id, (one.kind === 'online' ? one.scope : one.sample.scope).subject]),
  )
  const found = new Map<string, GroupPlan[]>()
  for (const { id, on, by, when } of plan.alerts) {
    const evalId = on.kind === 'eval' ? on.evalId : id
    const subject = on.kind === 'eval' ? subjects.get(evalId) : on.scope.subject
    const wanted = by.filter((group) => group.kind === 'attr' || !CARRIED_LABELS.has(group.path))
    if (when.kind === 'regression' && subject !== undefined && hasModel(subject))
      wanted.push({ kind: 'field', path: 'model' })
    if (wanted.length === 0) continue
    const known = found.get(evalId) ?? []
    for (const group of wanted) if (!known.some((other) => printGroup(other) === printGroup(group))) known.push(group)
    found.set(evalId, known)
  }
  return found
}

const hasModel = (subject: Subject): boolean => fieldOf(subject, 'model') !== undefined

const exprOf = (group: GroupPlan): Expr =>
  group.kind === 'field'
    ? { op: 'field', path: group.path, type: { kind: 'string' } }
    : { op: 'attr', name: group.name, type: group.type }

/** What the labels read, for those who keep of a span only what is read. */
export const labelExprs = (groups: readonly GroupPlan[]): Expr[] => groups.map(exprOf)

/** Null where there are none: most evals. */
export function compileLabels(groups: readonly GroupPlan[], compiler: Compiler): LabelFn | null {
  if (groups.length === 0) return null
  const readers = groups.map((group) => [printGroup(group), compiler.value(exprOf(group))] as const)
  return (context) => {
    let labels: Record<string, string> | undefined
    for (const [name, read] of readers) {
      const value = read(context)
      if (value === undefined) continue
      labels ??= {}
      labels[name] = String(value).slice(0, LONGEST)
    }
    return labels
  }
}
