/**
 * The alert state machine: inactive → pending → firing → resolved, and from resolved to pending or firing again.
 *
 * It is a function of the observations and of time alone: `evaluateAlert` goes through every moment at which the outcome can
 * turn without a new observation (a bucket leaves the window, `for` has passed, silence lasted long enough), so that
 * transitions have the same times and numbers however often and late it is called. Backtests, `alert` tests on virtual time
 * and the live evaluator run this very code.
 *
 * Functions here take ownership of the state they are given: they work on it in place and return it.
 */
import { addToSeries, middleAt } from './anomaly/series.ts'
import { addUsualParts } from './anomaly/usual-parts.ts'
import {
  emptyIsLowFromMs,
  firesOnSilence,
  judge,
  judgeWindow,
  needsWarmUp,
  numbersOf,
  type Says,
  silentSinceMs,
} from './judge.ts'
import { PART_STEPS, partStepOf, sumsOfParts } from './part-counts.ts'
import { beginRecovery, changedHours, closeLook, emptyDetector, endRecovery } from './regression/detector.ts'
import { observeChange } from './regression/observe.ts'
import { emptyReference, forgetSince } from './regression/reference.ts'
import { formatRule } from './rule-text.ts'
import {
  type AnomalyAlert,
  isAnomaly,
  isRegression,
  isStatistical,
  type RegressionAlert,
  type RunAlert,
  watchedEvalId,
} from './run-alert.ts'
import { type AlertState, newAnomaly, type Shared, watchedSinceMs } from './state.ts'
import type { AlertNumbers, AlertPhase, AlertTransition, TransitionCause } from './transition.ts'
import { trendOf } from './trend.ts'
import { whyOf } from './why-of.ts'
import {
  countObservation,
  emptyWindow,
  expireWindow,
  measureWindow,
  nextExpiryMs,
  type Observation,
  windowMsOf,
} from './window.ts'

export { type AlertState, initialAlertState } from './state.ts'
export type { AlertExample, AlertNumbers, AlertPhase, AlertTransition } from './transition.ts'
export type { Observation } from './window.ts'

/** Asked for at every record, so remembered by plan. */
const ruleKeys = new WeakMap<RunAlert, string>()

function ruleKeyOf(alert: RunAlert): string {
  let key = ruleKeys.get(alert)
  if (key === undefined) {
    const { when } = alert
    // That of a scope's own measure is of the condition, the limit included.
    const ofEval = alert.on.kind === 'eval' ? (alert.measureHash ?? null) : null
    key = JSON.stringify(
      when.kind === 'threshold'
        ? [watchedEvalId(alert), when.measure, when.overNs, ofEval]
        : [watchedEvalId(alert), when, alert.measureHash ?? null],
    )
    ruleKeys.set(alert, key)
  }
  return key
}

const incidentIdOf = (state: AlertState, alert: RunAlert, incident: number): string =>
  `${alert.id}${state.key === '' ? '' : `{${state.key}}`}@${state.startedMs ?? 0}.${incident}`

function enter(
  state: AlertState,
  alert: RunAlert,
  phase: AlertPhase,
  cause: TransitionCause,
  numbers: AlertNumbers,
  atMs: number,
): AlertTransition {
  const from = state.phase
  const incident = 'incident' in phase ? phase.incident : null
  const why = incident === null ? null : whyOf(state, alert, numbers, cause, atMs)
  const trend = incident === null ? null : trendOf(state, alert, numbers, atMs)
  state.phase = phase
  state.transitionCount++
  const sinceMs =
    phase.kind === 'resolved' && from.kind === 'firing'
      ? from.sinceMs
      : phase.kind === 'inactive'
        ? atMs
        : phase.sinceMs
  follow(state, alert)
  return {
    id: `${alert.id}${state.key === '' ? '' : `{${state.key}}`}@${state.startedMs ?? 0}#${state.transitionCount}`,
    alertId: alert.id,
    evalId: watchedEvalId(alert),
    group: state.labels,
    rule: formatRule(alert.when),
    title: alert.title,
    owner: alert.owner,
    severity: alert.severity,
    mode: alert.mode,
    from: from.kind,
    to: phase.kind,
    cause,
    atMs,
    incidentId: incident === null ? undefined : incidentIdOf(state, alert, incident),
    sinceMs,
    numbers,
    examples: state.window.examples.map(({ example }) => example).reverse(),
    why,
    ...(trend !== null && { trend }),
  }
}

/** An alert that has seen nothing yet, made ready to learn of the time before it. */
export function beginWatching(state: AlertState, alert: RunAlert, nowMs: number): void {
  if (state.ruleKey === null) adoptRule(state, alert, nowMs, [])
}

/** What a new phase means for what the alert learns from. */
function follow({ phase, key, detector, shared }: AlertState, alert: RunAlert): void {
  const { kind } = phase
  if (kind === 'firing' || kind === 'pending') shared.troubled.add(key)
  else shared.troubled.delete(key)
  if (detector === null || !isRegression(alert)) return
  if (kind === 'firing' && phase.cause === 'condition') {
    const [first] = changedHours(detector)
    if (first !== undefined && shared.reference !== null) forgetSince(shared.reference, alert, first.hour * 3_600_000)
    beginRecovery(detector)
  }
  if (kind === 'resolved') endRecovery(detector)
}

/** Where the phase goes, given what the rule says; null where it stays. */
function nextPhase(
  state: AlertState,
  alert: RunAlert,
  says: Says,
  atMs: number,
): { phase: AlertPhase; cause: 'condition' | 'no_data' } | null {
  const { phase } = state
  const firing = (sinceMs: number, cause: 'condition' | 'no_data') => ({
    phase: { kind: 'firing', sinceMs, incident: state.incidentCount + 1, cause } as const,
    cause,
  })
  const forMs = alert.forNs / 1e6
  switch (phase.kind) {
    case 'inactive':
    case 'resolved':
      if (says === 'no_data') return firing(atMs, 'no_data')
      if (says !== 'holds') return null
      return forMs > 0 ? { phase: { kind: 'pending', sinceMs: atMs }, cause: 'condition' } : firing(atMs, 'condition')
    case 'pending':
      if (says === 'no_data') return firing(phase.sinceMs, 'no_data')
      if (says === 'holds' && atMs - phase.sinceMs >= forMs) return firing(phase.sinceMs, 'condition')
      return says === 'fails' ? { phase: { kind: 'inactive' }, cause: 'condition' } : null
    case 'firing':
      if (says !== 'fails') return null
      return { phase: { kind: 'resolved', sinceMs: atMs, incident: phase.incident }, cause: phase.cause }
  }
}

function evaluateAt(state: AlertState, alert: RunAlert, atMs: number, transitions: AlertTransition[]): void {
  state.evaluatedMs = atMs
  endLooks(state, alert, atMs)
  expireWindow(state.window, alert, atMs)
  let numbers: AlertNumbers | undefined
  const numbersAt = (): AlertNumbers => (numbers ??= numbersOf(state, alert))
  const next = nextPhase(state, alert, judge(state, alert, numbersAt, atMs), atMs)
  if (!next) return
  if (next.phase.kind === 'firing') state.incidentCount++
  transitions.push(enter(state, alert, next.phase, next.cause, numbersAt(), atMs))
}

/** Looks and windows that are over at `atMs`. */
function endLooks(state: AlertState, alert: RunAlert, atMs: number): void {
  const { detector, anomaly, shared } = state
  const fit = shared.reference?.fit ?? null
  if (isRegression(alert) && detector !== null && fit !== null) closeLook(detector, fit, atMs)
  if (!isAnomaly(alert) || anomaly === null) return
  const overMs = windowMsOf(alert)
  // It is evaluated at each end of a window, so that this is one or none; the first is whole if the alert watched from its start.
  if (atMs % overMs !== 0 || atMs === anomaly.endedMs || atMs - overMs < (state.startedMs ?? atMs)) return
  anomaly.endedMs = atMs
  expireWindow(state.window, alert, atMs)
  const measured = measureWindow(state.window, alert)
  anomaly.judged = judgeWindow(state, alert, measured, atMs - overMs)
  addPartsBefore(state, alert, atMs - overMs)
  if (measured.value !== null)
    addToSeries(anomaly.series, atMs - overMs, measured.value, overMs, alert.when.referenceNs / 1e6)
}

/** Those of the window that ended at `atMs`: the one after it is compared with what was before it. */
function addPartsBefore({ window, anomaly }: AlertState, alert: AnomalyAlert, atMs: number): void {
  const overMs = windowMsOf(alert)
  const end = partStepOf(alert, atMs)
  const parts = sumsOfParts(window.strata, ({ index }) => index >= end - PART_STEPS && index < end)
  if (anomaly !== null) addUsualParts(anomaly.parts, atMs - overMs, parts, overMs, alert.when.referenceNs / 1e6)
}

const countsSubjects = ({ when: { measure } }: RunAlert): boolean =>
  measure.kind === 'count' || measure.kind === 'subjects'

/** The next moment at which the outcome can turn without a new observation; null if there is none. */
export function nextDeadlineMs(state: AlertState, alert: RunAlert): number | null {
  const { phase, startedMs, evaluatedMs, window, detector } = state
  // What holds of nothing, such as `count(fail) >= 0`, holds from the start, and not from the first look at it.
  const candidates: (number | null)[] = [window.buckets.length === 0 ? startedMs : null]
  if (isAnomaly(alert)) {
    const overMs = windowMsOf(alert)
    const fromMs = Math.max(evaluatedMs, window.buckets[0]?.lastMs ?? Number.NEGATIVE_INFINITY)
    // Nothing at all is a count, too.
    if (Number.isFinite(fromMs) && (window.buckets.length > 0 || countsSubjects(alert)))
      candidates.push((Math.floor(fromMs / overMs) + 1) * overMs)
  } else if (isRegression(alert)) {
    if (detector?.open) candidates.push(detector.open.endMs)
  } else candidates.push(nextExpiryMs(window, alert))
  if (phase.kind === 'pending') candidates.push(phase.sinceMs + alert.forNs / 1e6)
  if (alert.noData.kind === 'fire' && firesOnSilence(state, alert) && phase.kind !== 'firing' && startedMs !== null)
    candidates.push(silentSinceMs(state) + alert.noData.afterNs / 1e6)
  if (needsWarmUp(alert) && startedMs !== null)
    candidates.push((watchedSinceMs(state) ?? startedMs) + windowMsOf(alert), emptyIsLowFromMs(state, alert))
  let earliest: number | null = null
  for (const candidate of candidates)
    if (
      candidate !== null &&
      Number.isFinite(candidate) &&
      candidate > evaluatedMs &&
      (earliest === null || candidate < earliest)
    )
      earliest = candidate
  return earliest
}

/** Assay 0.1 did not say how a limit's eval is measured: the key is the same but for that. */
const isOfBefore = (key: string, now: string): boolean =>
  JSON.parse(key).length === 3 && now.startsWith(`${key.slice(0, -1)},`)

/** Another rule under the same name, or another measure, ends the present incident and starts with an empty window. */
function adoptRule(state: AlertState, alert: RunAlert, nowMs: number, transitions: AlertTransition[]): void {
  const key = ruleKeyOf(alert)
  if (state.ruleKey === key) return
  if (state.ruleKey !== null && isOfBefore(state.ruleKey, key)) {
    state.ruleKey = key
    return
  }
  if (state.ruleKey !== null) {
    transitions.push(...endIncident(state, alert, nowMs, 'definition_changed'))
    state.phase = { kind: 'inactive' }
    state.shared.troubled.delete(state.key)
    state.window = emptyWindow()
    state.lastObservedMs = null
    state.anewMs = nowMs
  }
  state.ruleKey = key
  state.detector = isRegression(alert) ? emptyDetector() : null
  state.anomaly = isAnomaly(alert) ? newAnomaly(state.shared) : null
  if (isRegression(alert)) adoptReference(state.shared, alert, key)
}

/** Another amount needs another fit of what is known, another measure knows nothing. */
function adoptReference(shared: Shared, alert: RegressionAlert, ruleKey: string): void {
  const { measure, worse, referenceNs, bounds } = alert.when
  const measureKey = JSON.stringify([watchedEvalId(alert), alert.measureHash, measure, worse, referenceNs, bounds])
  if (shared.reference?.measureKey !== measureKey) {
    shared.reference = emptyReference(measureKey, ruleKey)
    shared.versions = new Map()
  } else if (shared.reference.ruleKey !== ruleKey) {
    shared.reference.ruleKey = ruleKey
    shared.reference.fit = null
  }
}

function endIncident(
  state: AlertState,
  alert: RunAlert,
  nowMs: number,
  cause: 'definition_changed' | 'removed' | 'group_gone' | 'rebaselined',
): AlertTransition[] {
  const { phase } = state
  if (phase.kind !== 'firing') return []
  const numbers = numbersOf(state, alert)
  return [enter(state, alert, { kind: 'resolved', sinceMs: nowMs, incident: phase.incident }, cause, numbers, nowMs)]
}

/** People accepted what is as usual: what fires of it ends, what is about to fire does not. */
export function settleAlert(state: AlertState, alert: RunAlert, nowMs: number): AlertTransition[] {
  const atMs = Math.max(nowMs, state.evaluatedMs)
  if (state.phase.kind === 'firing') return endIncident(state, alert, atMs, 'rebaselined')
  return [enter(state, alert, { kind: 'inactive' }, 'rebaselined', numbersOf(state, alert), atMs)]
}

/** Nobody watches any more: a firing one resolves. `cause`: the alert is gone from the definitions, or a group is. */
export function retireAlert(
  state: AlertState,
  alert: RunAlert,
  nowMs: number,
  cause: 'removed' | 'group_gone' = 'removed',
): { state: AlertState; transitions: AlertTransition[] } {
  const transitions = endIncident(state, alert, Math.max(nowMs, state.evaluatedMs), cause)
  return { state, transitions }
}

/**
 * Adds observations to the window, without judging. The window must not hold what lies after the moment judged, so add those of
 * one moment, then evaluate; `stepAlert` does both.
 */
export function observeResults(
  state: AlertState,
  alert: RunAlert,
  observations: readonly Observation[],
): { state: AlertState; transitions: AlertTransition[] } {
  const transitions: AlertTransition[] = []
  for (const observation of observations) {
    state.startedMs ??= observation.atMs
    adoptRule(state, alert, observation.atMs, transitions)
    if (isStatistical(alert) && !isOfMeasure(alert, observation)) continue
    if (isRegression(alert)) observeChange(state, alert, observation)
    if (observation.isStale === true) continue
    if (isAnomaly(alert)) knowUsual(state, alert, observation.atMs)
    if (countObservation(state.window, alert, observation))
      state.lastObservedMs = Math.max(state.lastObservedMs ?? Number.NEGATIVE_INFINITY, observation.atMs)
  }
  return { state, transitions }
}

/** With which the subjects of a window are compared, from its first one on. */
function knowUsual({ window, anomaly }: AlertState, alert: AnomalyAlert, atMs: number): void {
  const overMs = windowMsOf(alert)
  const startMs = Math.floor(atMs / overMs) * overMs
  if (anomaly === null || window.usual?.startMs === startMs) return
  window.usual = { startMs, value: middleAt(anomaly.series, startMs) }
}

/** What was measured otherwise, before a change or by a judge that stood in, is of another series: its hash says so. */
function isOfMeasure({ measureHash }: RunAlert, observation: Observation): boolean {
  return measureHash === undefined || observation.measureHash === undefined || measureHash === observation.measureHash
}

/** Brings the state to `nowMs`. A clock that went back is taken as standing still. */
export function evaluateAlert(
  state: AlertState,
  alert: RunAlert,
  nowMs: number,
): { state: AlertState; transitions: AlertTransition[] } {
  const transitions: AlertTransition[] = []
  state.startedMs ??= nowMs
  const toMs = Math.max(nowMs, state.evaluatedMs)
  adoptRule(state, alert, toMs, transitions)
  for (let deadline = nextDeadlineMs(state, alert); deadline !== null && deadline < toMs; ) {
    evaluateAt(state, alert, deadline, transitions)
    deadline = nextDeadlineMs(state, alert)
  }
  evaluateAt(state, alert, toMs, transitions)
  return { state, transitions }
}

/**
 * Takes the observations of one record of the log, which share one append time: brings the state up to that time, adds
 * them, and judges. Observations of different times are taken moment by moment, in the order given.
 */
export function stepAlert(
  state: AlertState,
  alert: RunAlert,
  observations: readonly Observation[],
): { state: AlertState; transitions: AlertTransition[] } {
  const transitions: AlertTransition[] = []
  for (let from = 0; from < observations.length; ) {
    const { atMs } = observations[from]!
    let to = from + 1
    while (to < observations.length && observations[to]!.atMs === atMs) to++
    if (state.startedMs !== null) advanceBefore(state, alert, atMs, transitions)
    transitions.push(...observeResults(state, alert, observations.slice(from, to)).transitions)
    transitions.push(...evaluateAlert(state, alert, atMs).transitions)
    from = to
  }
  return { state, transitions }
}

/** Goes through the deadlines up to `atMs`, and does not judge at `atMs` itself unless it is one. */
function advanceBefore(state: AlertState, alert: RunAlert, atMs: number, transitions: AlertTransition[]): void {
  adoptRule(state, alert, Math.max(atMs, state.evaluatedMs), transitions)
  for (let deadline = nextDeadlineMs(state, alert); deadline !== null && isBefore(alert, deadline, atMs); ) {
    evaluateAt(state, alert, deadline, transitions)
    deadline = nextDeadlineMs(state, alert)
  }
}

/** A look of a statistical alert ends before what comes at its end; a window still holds it. */
const isBefore = (alert: RunAlert, deadline: number, atMs: number): boolean =>
  deadline < atMs || (deadline === atMs && isStatistical(alert))
