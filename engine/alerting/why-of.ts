/** Why an alert changes its state, from what it knows itself. What others know (judges, definitions) is added by the evaluator. */
import { isAnomaly, isRegression, type RunAlert } from './run-alert.ts'
import type { AlertState } from './state.ts'
import type { AlertNumbers, TransitionCause } from './transition.ts'
import type { AlertWhy } from './why.ts'
import { whyOfAnomaly } from './why-anomaly.ts'
import { whyOfChange } from './why-change.ts'
import { plainWhy, whyOfThreshold } from './why-threshold.ts'

export function whyOf(
  state: AlertState,
  alert: RunAlert,
  numbers: AlertNumbers,
  cause: TransitionCause,
  atMs: number,
): AlertWhy {
  const plain = plainWhy(state, alert, numbers, cause, atMs)
  if (plain.detection.kind === 'silence') return plain
  if (isRegression(alert)) return whyOfChange(state, alert, numbers, plain)
  return isAnomaly(alert) ? whyOfAnomaly(state, alert, plain) : whyOfThreshold(state, alert, plain, atMs)
}
