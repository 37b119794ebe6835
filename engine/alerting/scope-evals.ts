/**
 * An alert on a scope watches measures that no eval makes: how long its subjects take, which share of them fails, what they cost. An
 * eval is made of the alert, under the alert's id, whose score is the measure's number and which passes what the measure counts; so
 * that the subjects are found and measured, written and replayed as those of evals are.
 */
import type { AlertPlan, Expr, OnlineEvalPlan, Plan } from '../../dsl/plan.ts'
import { whenJudged } from '../../dsl/when-judged.ts'

const TRUE: Expr = { op: 'literal', type: { kind: 'bool' }, value: true }

/** Undefined for an alert on an eval. */
export function measureEvalOf(
  alert: AlertPlan,
  whenOf: (evalId: string) => 'arrival' | 'settle' = () => 'settle',
): OnlineEvalPlan | undefined {
  const { id, name, package: packageName, title, owner, mode, was, on, when, file, line } = alert
  if (on.kind !== 'scope') return undefined
  const { measure } = when
  const score = measure.kind === 'value' ? measure.value : null
  const pass = measure.kind === 'share' || measure.kind === 'subjects' ? (measure.where ?? TRUE) : TRUE
  return {
    kind: 'online',
    id,
    name,
    package: packageName,
    title,
    owner,
    mode,
    was,
    // Its measure is part of its condition; a change of that begins a new series.
    measureHash: alert.conditionHash,
    verdictHash: alert.conditionHash,
    file,
    line,
    scope: on.scope,
    when: whenJudged(on.scope, [score, pass], whenOf),
    score,
    pass,
    missing: { kind: 'unknown' },
    redact: null,
  }
}

/** The evals of the plan with those that its alerts on scopes need. The same object where there are none. */
export function withMeasureEvals(plan: Plan): Plan {
  const whenById = new Map(plan.evals.map((one) => [one.id, one.kind === 'online' ? one.when : ('settle' as const)]))
  const added = plan.alerts.flatMap((alert) => measureEvalOf(alert, (evalId) => whenById.get(evalId) ?? 'settle') ?? [])
  return added.length === 0 ? plan : { ...plan, evals: [...plan.evals, ...added] }
}
