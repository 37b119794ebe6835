/** The alerts that the state machine runs: thresholds on an eval's results, by what the results carry. */
import { notRunYet } from '../../dsl/not-run-yet.ts'
import type { AlertMeasure, AlertPlan, AlertTarget, AlertWhen } from '../../dsl/plan.ts'

export type RunMeasure =
  | Extract<AlertMeasure, { kind: 'count' | 'rate' | 'coverage' }>
  | (Extract<AlertMeasure, { kind: 'score' }> & { fn: 'mean' | 'sum' })

export interface RunAlert extends AlertPlan {
  on: Extract<AlertTarget, { kind: 'eval' }>
  when: Extract<AlertWhen, { kind: 'threshold' }> & { measure: RunMeasure }
}

/** Whether this version runs it; if not, what of it is not run. */
export function isRun(alert: AlertPlan): alert is RunAlert {
  return notRunYet(alert) === null
}
