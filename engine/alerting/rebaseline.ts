/**
 * People accept a new level of an alert on changes or anomalies: what was before it is no measure any more. The alert learns of what came
 * since, from what it sees and from its history in the store.
 */
import { emptySeries } from './anomaly/series.ts'
import type { AlertGroups } from './groups.ts'
import { changedHours, emptyDetector } from './regression/detector.ts'
import { forgetBefore } from './regression/reference.ts'
import { isAnomaly, isRegression, isStatistical, type RunAlert } from './run-alert.ts'
import { settleAlert } from './step.ts'
import type { AlertTransition } from './transition.ts'

const HOUR_MS = 3_600_000

export interface AcceptedLevel {
  /** When it was said; tells one from another. */
  atMs: number
  /** From when on the traffic is as it is to be. Null: since the change of which the alert tells, or from now on. */
  sinceMs: number | null
  by: string
  reason: string | null
}

/** Whether this level is in the state already, or an older one than that is. */
const isKnown = ({ shared }: AlertGroups, { atMs }: AcceptedLevel): boolean => atMs <= (shared.accepted?.atMs ?? -1)

/** Whether it would change anything. */
export const isNewLevel = (all: AlertGroups, alert: RunAlert, level: AcceptedLevel): boolean =>
  isStatistical(alert) && !isKnown(all, level)

/**
 * Works on the state in place. What fires ends; of an alert of which nothing fires there is one transition all the same, for its history.
 * The same state and the same level give the same transitions.
 */
export function acceptLevel(all: AlertGroups, alert: RunAlert, level: AcceptedLevel): AlertTransition[] {
  if (!isNewLevel(all, alert, level)) return []
  const { atMs, by, reason } = level
  const { shared, groups } = all
  shared.accepted = { atMs, fromMs: level.sinceMs ?? Math.min(atMs, changedMs(all, alert)) }
  const states = [...groups.values()]
  const ending = states.filter(({ phase }) => phase.kind === 'firing' || phase.kind === 'pending')
  // One that is newer than what was said, or watches nothing yet, takes it over without a word.
  const told = ending.length > 0 || (all.startedMs ?? atMs) > atMs ? ending : states.filter(({ key }) => key === '')
  const transitions = told.flatMap((state) => settleAlert(state, alert, atMs))
  if (isRegression(alert) && shared.reference !== null) forgetBefore(shared.reference, alert, shared.accepted.fromMs)
  shared.versions = new Map()
  shared.usual = null
  for (const state of states) {
    if (isRegression(alert)) state.detector = emptyDetector()
    // Its values do not say of which week they are; the history of the store does.
    if (isAnomaly(alert))
      state.anomaly = { series: emptySeries(), parts: new Map(), judged: null, endedMs: state.anomaly?.endedMs ?? null }
  }
  return transitions.map((transition) => ({ ...transition, accepted: { by, reason } }))
}

/** Since when a group that fires is different; infinite where none does. */
function changedMs({ groups }: AlertGroups, alert: RunAlert): number {
  const since = [...groups.values()].flatMap(({ phase, detector }) => {
    if (phase.kind !== 'firing' || phase.cause !== 'condition') return []
    const [first] = isRegression(alert) && detector !== null ? changedHours(detector) : []
    return [first === undefined ? phase.sinceMs : first.hour * HOUR_MS]
  })
  return Math.min(...since)
}
