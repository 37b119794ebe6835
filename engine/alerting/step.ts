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
import { formatRule } from './rule-text.ts'
import type { RunAlert } from './run-alert.ts'
import type { AlertNumbers, AlertPhase, AlertTransition, TransitionCause } from './transition.ts'
import { whyOfThreshold } from './why-threshold.ts'
import {
  type AlertWindow,
  countObservation,
  emptyWindow,
  expireWindow,
  measureWindow,
  nextExpiryMs,
  type Observation,
  windowMsOf,
} from './window.ts'

export type { AlertExample, AlertNumbers, AlertPhase, AlertTransition } from './transition.ts'
export type { Observation } from './window.ts'

export interface AlertState {
  phase: AlertPhase
  /** When the alert began to watch; null until the first observation or evaluation. */
  startedMs: number | null
  /** When it was last taken up again after a stop: silence before that says nothing of the agents. */
  resumedMs: number | null
  /** Evaluated up to here; never goes back. */
  evaluatedMs: number
  /** Newest observation of any verdict. */
  lastObservedMs: number | null
  incidentCount: number
  transitionCount: number
  /** What the window's content depends on; a rule with another key starts with an empty window. */
  ruleKey: string | null
  window: AlertWindow
}

/** `startMs`: when the alert begins to watch; by default with the first observation or evaluation. */
export function initialAlertState(startMs: number | null = null): AlertState {
  return {
    phase: { kind: 'inactive' },
    startedMs: startMs,
    resumedMs: null,
    evaluatedMs: Number.NEGATIVE_INFINITY,
    lastObservedMs: null,
    incidentCount: 0,
    transitionCount: 0,
    ruleKey: null,
    window: emptyWindow(),
  }
}

/** Asked for at every record, so remembered by plan. */
const ruleKeys = new WeakMap<RunAlert, string>()

function ruleKeyOf(alert: RunAlert): string {
  let key = ruleKeys.get(alert)
  if (key === undefined) {
    const { on, when } = alert
    key = JSON.stringify([on.evalId, when.measure, when.overNs])
    ruleKeys.set(alert, key)
  }
  return key
}

function compare(value: number, cmp: AlertNumbers['cmp'], threshold: number): boolean {
  switch (cmp) {
    case '<':
      return value < threshold
    case '<=':
      return value <= threshold
    case '>':
      return value > threshold
    case '>=':
      return value >= threshold
  }
}

/** A count or sum that is too low says nothing before a whole window was watched. */
const needsWarmUp = ({ when: { measure, cmp } }: RunAlert): boolean =>
  (measure.kind === 'count' || (measure.kind === 'score' && measure.fn === 'sum')) && (cmp === '<' || cmp === '<=')

const silentSinceMs = ({ lastObservedMs, startedMs, resumedMs }: AlertState): number =>
  Math.max(...[lastObservedMs, startedMs, resumedMs].map((timeMs) => timeMs ?? Number.NEGATIVE_INFINITY))

/** What the rule says at `atMs`. `keep`: nothing can be said, the phase stays. */
function judge(
  state: AlertState,
  alert: RunAlert,
  numbers: AlertNumbers,
  atMs: number,
): 'holds' | 'fails' | 'no_data' | 'keep' {
  const { noData } = alert
  if (noData.kind === 'fire' && atMs - silentSinceMs(state) >= noData.afterNs / 1e6) return 'no_data'
  const { verdicts } = numbers
  const observed = verdicts.pass + verdicts.fail + verdicts.unknown + verdicts.error
  if (observed === 0 || numbers.value === null) return noData.kind === 'ok' ? 'fails' : 'keep'
  if (needsWarmUp(alert) && atMs - (state.startedMs ?? atMs) < windowMsOf(alert)) return 'keep'
  return compare(numbers.value, numbers.cmp, numbers.threshold) ? 'holds' : 'fails'
}

const incidentIdOf = (state: AlertState, alert: RunAlert, incident: number): string =>
  `${alert.id}@${state.startedMs ?? 0}.${incident}`

function enter(
  state: AlertState,
  alert: RunAlert,
  phase: AlertPhase,
  cause: TransitionCause,
  numbers: AlertNumbers,
  atMs: number,
): AlertTransition {
  const from = state.phase
  const silentMs = atMs - silentSinceMs(state)
  state.phase = phase
  state.transitionCount++
  const sinceMs =
    phase.kind === 'resolved' && from.kind === 'firing'
      ? from.sinceMs
      : phase.kind === 'inactive'
        ? atMs
        : phase.sinceMs
  return {
    id: `${alert.id}@${state.startedMs ?? 0}#${state.transitionCount}`,
    alertId: alert.id,
    evalId: alert.on.evalId,
    group: {},
    rule: formatRule(alert.when),
    title: alert.title,
    owner: alert.owner,
    severity: alert.severity,
    mode: alert.mode,
    from: from.kind,
    to: phase.kind,
    cause,
    atMs,
    incidentId:
      phase.kind === 'firing' || phase.kind === 'resolved' ? incidentIdOf(state, alert, phase.incident) : undefined,
    sinceMs,
    numbers,
    examples: state.window.examples.map(({ example }) => example).reverse(),
    why: phase.kind === 'firing' || phase.kind === 'resolved' ? whyOfThreshold(alert, numbers, cause, silentMs) : null,
  }
}

/** Where the phase goes, given what the rule says; null where it stays. */
function nextPhase(
  state: AlertState,
  alert: RunAlert,
  says: ReturnType<typeof judge>,
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
  expireWindow(state.window, alert, atMs)
  const numbers = measureWindow(state.window, alert)
  const next = nextPhase(state, alert, judge(state, alert, numbers, atMs), atMs)
  if (!next) return
  if (next.phase.kind === 'firing') state.incidentCount++
  transitions.push(enter(state, alert, next.phase, next.cause, numbers, atMs))
}

/** The next moment at which the outcome can turn without a new observation; null if there is none. */
export function nextDeadlineMs(state: AlertState, alert: RunAlert): number | null {
  const { phase, startedMs, evaluatedMs, window } = state
  const candidates = [nextExpiryMs(window, alert)]
  if (phase.kind === 'pending') candidates.push(phase.sinceMs + alert.forNs / 1e6)
  if (alert.noData.kind === 'fire' && phase.kind !== 'firing' && startedMs !== null)
    candidates.push(silentSinceMs(state) + alert.noData.afterNs / 1e6)
  if (needsWarmUp(alert) && startedMs !== null) candidates.push(startedMs + windowMsOf(alert))
  let earliest: number | null = null
  for (const candidate of candidates)
    if (candidate !== null && candidate > evaluatedMs && (earliest === null || candidate < earliest))
      earliest = candidate
  return earliest
}

/** Another rule under the same name ends the present incident and starts with an empty window. */
function adoptRule(state: AlertState, alert: RunAlert, nowMs: number, transitions: AlertTransition[]): void {
  const key = ruleKeyOf(alert)
  if (state.ruleKey === key) return
  if (state.ruleKey !== null) {
    transitions.push(...endIncident(state, alert, nowMs, 'definition_changed'))
    state.phase = { kind: 'inactive' }
    state.window = emptyWindow()
    state.lastObservedMs = null
  }
  state.ruleKey = key
}

function endIncident(
  state: AlertState,
  alert: RunAlert,
  nowMs: number,
  cause: 'definition_changed' | 'removed',
): AlertTransition[] {
  const { phase } = state
  if (phase.kind !== 'firing') return []
  const numbers = measureWindow(state.window, alert)
  return [enter(state, alert, { kind: 'resolved', sinceMs: nowMs, incident: phase.incident }, cause, numbers, nowMs)]
}

/** The alert is gone from the definitions: a firing one resolves, because nobody watches any more. */
export function retireAlert(
  state: AlertState,
  alert: RunAlert,
  nowMs: number,
): { state: AlertState; transitions: AlertTransition[] } {
  const transitions = endIncident(state, alert, Math.max(nowMs, state.evaluatedMs), 'removed')
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
    if (countObservation(state.window, alert, observation))
      state.lastObservedMs = Math.max(state.lastObservedMs ?? Number.NEGATIVE_INFINITY, observation.atMs)
  }
  return { state, transitions }
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
  for (let deadline = nextDeadlineMs(state, alert); deadline !== null && deadline < atMs; ) {
    evaluateAt(state, alert, deadline, transitions)
    deadline = nextDeadlineMs(state, alert)
  }
}
