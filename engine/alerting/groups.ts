/**
 * An alert with `by`: each combination of values has a state of its own, all share what the alert learned. An alert without `by` is one
 * group. Groups are bounded: of the subjects of more than `MAX_GROUPS` the rest are one group, `(other)`.
 *
 * Functions here take ownership of what they are given: they work on it in place.
 */
import { printGroup } from '../../dsl/print-rule.ts'
import { budgetHours, headStartHours, nextShare } from './budget.ts'
import { beginAhead } from './regression/detector.ts'
import { isRegression, isStatistical, type RunAlert } from './run-alert.ts'
import { type AlertState, emptyShared, initialAlertState, type Shared } from './state.ts'
import { beginWatching, evaluateAlert, nextDeadlineMs, retireAlert, stepAlert } from './step.ts'
import type { AlertTransition } from './transition.ts'
import { forgetSubject, type Observation, windowMsOf } from './window.ts'

export const MAX_GROUPS = 100
const OTHER = '(other)'
/** A group of which nothing came for so long, and its window, is gone: a version that was replaced. */
const GONE_MS = 24 * 3_600_000
/** Of what is first seen within this after an alert's beginning nobody knows whether it is new. */
const KNOWN_AFTER_MS = 24 * 3_600_000

export interface AlertGroups {
  startedMs: number | null
  resumedMs: number | null
  shared: Shared
  /** By key; of an alert with `by` the key '' is of the alert as a whole, which can fall silent. */
  groups: Map<string, AlertState>
}

export function initialGroups(startMs: number | null = null): AlertGroups {
  return { startedMs: startMs, resumedMs: null, shared: emptyShared(), groups: new Map() }
}

/** When it was taken up again after a stop. */
export function resumeGroups(all: AlertGroups, nowMs: number): void {
  all.resumedMs = nowMs
  for (const state of all.groups.values()) state.resumedMs = nowMs
}

/** Of one that no group was seen of yet, too: a new alert watches from its start. */
function wholeOf(all: AlertGroups): AlertState {
  let state = all.groups.get('')
  if (state === undefined) {
    state = initialAlertState(all.startedMs, { shared: all.shared })
    state.resumedMs = all.resumedMs
    all.groups.set('', state)
  }
  return state
}

/** Ready to learn of the time before it. */
export const beginGroups = (all: AlertGroups, alert: RunAlert, nowMs: number): void =>
  beginWatching(wholeOf(all), alert, nowMs)

function labelsOf(alert: RunAlert, { labels }: Observation): Record<string, string> {
  return Object.fromEntries(alert.by.map((group) => [printGroup(group), labels?.[printGroup(group)] ?? '']))
}

const keyOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')

/** The group of a subject, made if there is room for it. */
function groupOf(all: AlertGroups, alert: RunAlert, observation: Observation): AlertState {
  if (alert.by.length === 0) return wholeOf(all)
  const labels = labelsOf(alert, observation)
  const known = all.groups.get(keyOf(labels))
  if (known !== undefined) return known
  const isFull = all.groups.size > MAX_GROUPS
  const others = Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER]))
  const chosen = isFull ? others : labels
  const key = keyOf(chosen)
  const existing = all.groups.get(key)
  if (existing !== undefined) return existing
  const share = shareOf(all, alert)
  const state = initialAlertState(observation.atMs, { key, labels: chosen, share, shared: all.shared })
  state.resumedMs = all.resumedMs
  all.groups.set(key, state)
  if (all.startedMs !== null && observation.atMs - all.startedMs >= KNOWN_AFTER_MS)
    giveHeadStart(state, alert, observation.atMs)
  return state
}

/** Of the budget of false alarms. A group that is gone leaves its part to the next one. */
function shareOf({ groups }: AlertGroups, alert: RunAlert): number {
  if (!isStatistical(alert)) return 1
  const taken = [...groups.values()].filter(({ key }) => key !== '').map(({ share }) => share)
  return nextShare(isRegression(alert) ? 'regression' : 'anomaly', new Set(taken))
}

/** What begins while the others run is compared with their reference at once, by bets that are as far as theirs. */
function giveHeadStart(state: AlertState, alert: RunAlert, atMs: number): void {
  if (!isRegression(alert)) return
  beginWatching(state, alert, atMs)
  const fit = state.shared.reference?.fit ?? null
  if (state.detector === null || fit === null) return
  beginAhead(state.detector, fit, headStartHours({ hours: budgetHours(alert), begun: fit.begun, share: state.share }))
  fit.begun++
}

/** Takes the observations of one record of the log; those of one moment after another, in the order given. */
export function stepGroups(all: AlertGroups, alert: RunAlert, observations: readonly Observation[]): AlertTransition[] {
  const [first] = observations
  if (first === undefined) return []
  all.startedMs ??= first.atMs
  if (alert.by.length === 0) return stepAlert(wholeOf(all), alert, observations).transitions
  const transitions: AlertTransition[] = []
  const byGroup = new Map<AlertState, Observation[]>()
  const whole = wholeOf(all)
  for (const observation of observations) {
    const state = groupOf(all, alert, observation)
    if ((observation.revision ?? 1) > 1) leaveOthers(all, alert, state, observation)
    const list = byGroup.get(state)
    if (list === undefined) byGroup.set(state, [observation])
    else list.push(observation)
  }
  transitions.push(...evaluateAlert(whole, alert, first.atMs).transitions)
  const lastMs = observations.at(-1)!.atMs
  if (observations.some(({ isStale }) => isStale !== true)) whole.lastObservedMs = lastMs
  transitions.push(...evaluateAlert(whole, alert, lastMs).transitions)
  for (const [state, list] of byGroup) transitions.push(...stepAlert(state, alert, list).transitions)
  return transitions
}

/** A later revision may be of another group: the trace's version became known. */
function leaveOthers(all: AlertGroups, alert: RunAlert, state: AlertState, { key }: Observation): void {
  for (const other of all.groups.values()) if (other !== state) forgetSubject(other.window, alert, key)
}

/** Brings all groups to `nowMs`, in an order that does not depend on when this is called. */
export function evaluateGroups(all: AlertGroups, alert: RunAlert, nowMs: number): AlertTransition[] {
  all.startedMs ??= nowMs
  wholeOf(all)
  const transitions: AlertTransition[] = []
  for (const state of all.groups.values()) transitions.push(...evaluateAlert(state, alert, nowMs).transitions)
  if (alert.by.length > 0) transitions.push(...forgetGone(all, alert, nowMs))
  return transitions
}

const goneAtMs = (state: AlertState, alert: RunAlert): number =>
  Math.max(state.lastObservedMs ?? Number.NEGATIVE_INFINITY, state.startedMs ?? 0) +
  Math.max(GONE_MS, windowMsOf(alert))

function forgetGone(all: AlertGroups, alert: RunAlert, nowMs: number): AlertTransition[] {
  const transitions: AlertTransition[] = []
  for (const [key, state] of all.groups) {
    if (key === '' || goneAtMs(state, alert) > nowMs) continue
    transitions.push(...retireAlert(state, alert, goneAtMs(state, alert), 'group_gone').transitions)
    all.shared.troubled.delete(key)
    all.groups.delete(key)
  }
  return transitions
}

/** The next moment at which an outcome can turn without a new observation; null if there is none. */
export function nextDeadlineOfGroups(all: AlertGroups, alert: RunAlert): number | null {
  let earliest: number | null = null
  const add = (candidate: number | null): void => {
    if (candidate !== null && (earliest === null || candidate < earliest)) earliest = candidate
  }
  for (const state of all.groups.values()) {
    add(nextDeadlineMs(state, alert))
    if (state.key !== '') add(goneAtMs(state, alert))
  }
  if (all.groups.size === 0 && all.startedMs !== null) {
    const watching = initialAlertState(all.startedMs)
    watching.resumedMs = all.resumedMs
    add(nextDeadlineMs(watching, alert))
  }
  return earliest
}

/** The alert is gone from the definitions: what fires resolves. */
export function retireGroups(all: AlertGroups, alert: RunAlert, nowMs: number): AlertTransition[] {
  return [...all.groups.values()].flatMap((state) => retireAlert(state, alert, nowMs).transitions)
}
