/**
 * How the groups of an alert share its budget of false alarms: all of them together never spend more than it, however many come.
 *
 * A detector's capital grows by an hour's worth in an hour where nothing changes, and its alarm is at the budget's hours by its share. So
 * what a group spends is its share of its hours, and of those that it begins with: the chance of an alarm of any is bounded by their sum.
 */
import { type FalseAlarms, USUAL_FALSE_ALARMS } from '../../dsl/plan.ts'
import type { RunAlert } from './run-alert.ts'

/** Of an alert on changes: what the first group looks with, what all later ones do, and what is kept for those that begin later. */
const FIRST = 0.5
const LATER = 0.35
const KEPT = 0.15
/** Of what is left of what is kept, the part that a group takes that begins. */
const TAKEN = 1 / 12

/** The largest share of a group of an alert that is divided. */
export const LARGEST_SHARE = FIRST

/**
 * The largest share that none of `taken` is: of anomalies a half, a sixth, a twelfth… (1/(i(i + 1))), which never are more than the whole. Of changes
 * a half, then a half, a sixth… of what later groups have.
 */
export function nextShare(kind: 'regression' | 'anomaly', taken: ReadonlySet<number>): number {
  if (kind === 'regression' && !taken.has(FIRST)) return FIRST
  for (let i = 1; ; i++) {
    const share = (kind === 'regression' ? LATER : 1) / (i * (i + 1))
    if (!taken.has(share)) return share
  }
}

/**
 * The capital that a group of an alert on changes begins with, in hours of its own: it comes while the others run, whose capital is of weeks, and a
 * new version that is bad is bad from its first subject on. `begun`: how many took of what is kept before it.
 */
export function headStartHours({ hours, begun, share }: { hours: number; begun: number; share: number }): number {
  return (hours * KEPT * TAKEN * (1 - TAKEN) ** begun) / share
}

/** Of an alert on changes or anomalies. */
export const budgetOf = ({ falseAlarms }: RunAlert): FalseAlarms => falseAlarms ?? USUAL_FALSE_ALARMS

/** In which the budget may be spent once. */
export const budgetHours = (alert: RunAlert): number => budgetOf(alert).perNs / 3600e9
