/** The alerts that the state machine runs, with what their plan says around them. */
import type { AlertMeasure, AlertPlan, AlertWhen, Plan } from '../../dsl/plan.ts'
import { scoreUnitOf } from '../evaluate/score.ts'
import { measureEvalOf } from './scope-evals.ts'

export type RunMeasure = AlertMeasure

export interface RunAlert extends AlertPlan {
  /** How many alerts share its budget of false alarms; 1 unless given. */
  readonly monitors?: number
  /** Of what is watched, as it is measured now. A statistical alert looks at its results alone, and so at none of a judge's stand-in; of any unless given. */
  readonly measureHash?: string
  /** Of what of it passes. */
  readonly verdictHash?: string
  /** What a score of what is watched counts, as its results carry it (`resultUnitOf`). */
  readonly scoreUnit?: string
}

export type RegressionAlert = RunAlert & { when: Extract<AlertWhen, { kind: 'regression' }> }
export type AnomalyAlert = RunAlert & { when: Extract<AlertWhen, { kind: 'anomaly' }> }

export const isRegression = (alert: RunAlert): alert is RegressionAlert => alert.when.kind === 'regression'
export const isAnomaly = (alert: RunAlert): alert is AnomalyAlert => alert.when.kind === 'anomaly'
export const isStatistical = ({ when }: Pick<AlertPlan, 'when'>): boolean => when.kind !== 'threshold'

/** Under which eval id the results come that it watches: a scope's own measures have the id of the alert. */
export const watchedEvalId = ({ id, on }: Pick<AlertPlan, 'id' | 'on'>): string => (on.kind === 'eval' ? on.evalId : id)

/** The alerts of a plan. */
export function runAlertsOf(plan: Pick<Plan, 'alerts' | 'evals'>): RunAlert[] {
  const evals = new Map(plan.evals.map((one) => [one.id, one]))
  const sharing = new Map<string, number>()
  for (const { package: name, falseAlarms } of plan.alerts)
    if (falseAlarms?.shared === true) sharing.set(name, (sharing.get(name) ?? 0) + 1)
  return plan.alerts.map((alert) => {
    const watched = evals.get(watchedEvalId(alert))
    const measured = measureEvalOf(alert) ?? watched
    const scoreUnit = measured === undefined ? null : scoreUnitOf(measured)
    return {
      ...alert,
      ...(alert.falseAlarms?.shared === true && { monitors: sharing.get(alert.package) ?? 1 }),
      ...(measured !== undefined && { measureHash: measured.measureHash }),
      ...(watched !== undefined && { verdictHash: watched.verdictHash }),
      ...(scoreUnit !== null && { scoreUnit }),
    }
  })
}
