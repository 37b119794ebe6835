/** What an alert on changes can see, from an hourly history of what it watches instead of from every subject. */
import { beginGroups, initialGroups } from '../groups.ts'
import { type AlertHistory, adoptHistory } from '../history.ts'
import type { RegressionAlert } from '../run-alert.ts'
import { type Detectability, detectabilityOf } from './detectability.ts'
import { fitReference, isFitDue } from './reference.ts'

export function detectabilityOfHistory(alert: RegressionAlert, history: AlertHistory): Detectability {
  const all = initialGroups(history.toMs)
  beginGroups(all, alert, history.toMs)
  adoptHistory(all, alert, history)
  const { reference } = all.shared
  const isDue = reference !== null && isFitDue(reference, alert, history.toMs)
  return detectabilityOf(alert, isDue ? fitReference(reference, alert, history.toMs) : null, reference?.days)
}
