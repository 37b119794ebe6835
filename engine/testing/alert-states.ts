/** Alerts in tests: the alert state machine itself, on virtual time. */
import type { AlertPlan, TestGiven } from '../../dsl/plan.ts'
import { formatDuration } from '../alerting/rule-text.ts'
import { evaluateAlert, initialAlertState, type Observation, stepAlert } from '../alerting/step.ts'
import type { EvalResult } from '../model/result.ts'

type VerdictsGiven = Extract<TestGiven, { kind: 'verdicts' }>

export interface AlertOutcome {
  readonly state: 'inactive' | 'pending' | 'firing' | 'resolved'
  /** The transitions up to then. */
  readonly history: string | null
}

/** The stream's k-th verdict comes at k times `each`: nine at `each 1m` are over at 9m. */
export function observationsOf(given: readonly VerdictsGiven[], evalId: string): Observation[] {
  const observations: Observation[] = []
  for (const [stream, { evalId: of, verdicts, eachNs }] of given.entries()) {
    if (of !== evalId) continue
    let k = 0
    for (const { verdict, times } of verdicts) {
      for (let i = 0; i < times; i++) {
        k++
        observations.push({ verdict, atMs: (k * eachNs) / 1e6, key: `${stream}/${k}`, exemplar: null })
      }
    }
  }
  return observations.sort((a, b) => a.atMs - b.atMs)
}

/** Where a test gives a trace and no stream: its verdicts, at the beginning. */
export function observationsFrom(results: readonly EvalResult[]): Observation[] {
  return results.map(({ verdict, traceId, spanId }) => ({
    verdict,
    atMs: 0,
    key: `${traceId}/${spanId}`,
    exemplar: null,
  }))
}

/** The alert watches from 0. `atMs`: null for the moment of the last verdict. */
export function alertAt(alert: AlertPlan, observations: readonly Observation[], atMs: number | null): AlertOutcome {
  const untilMs = atMs ?? observations.at(-1)?.atMs ?? 0
  const seen = observations.filter((observation) => observation.atMs <= untilMs)
  const stepped = stepAlert(initialAlertState(0), alert, seen)
  const { state, transitions } = evaluateAlert(stepped.state, alert, untilMs)
  const history = [...stepped.transitions, ...transitions]
    .map(({ to, atMs: at }) => `${to} at ${formatDuration(at)}`)
    .join(', ')
  return { state: state.phase.kind, history: history === '' ? null : history }
}
