/** Alerts in tests: the alert state machine itself, on virtual time. */
import type { TestGiven } from '../../dsl/plan.ts'
import { observationOf } from '../alerting/observation.ts'
import { formatDuration } from '../alerting/rule-text.ts'
import type { RunAlert } from '../alerting/run-alert.ts'
import { evaluateAlert, initialAlertState, type Observation, stepAlert } from '../alerting/step.ts'
import type { EvalResult, Verdict } from '../model/result.ts'

type VerdictsGiven = Extract<TestGiven, { kind: 'verdicts' }>

export interface AlertOutcome {
  readonly state: 'inactive' | 'pending' | 'firing' | 'resolved'
  /** The transitions up to then. */
  readonly history: string | null
}

/** The stream's k-th verdict comes at k times `each`: nine at `each 1m` are over at 9m. `verdictOf`: what the eval says of a score. */
export function observationsOf(given: readonly VerdictsGiven[], verdictOf: (score: number) => Verdict): Observation[] {
  const observations: Observation[] = []
  for (const [stream, { verdicts, eachNs }] of given.entries()) {
    let k = 0
    for (const run of verdicts) {
      const said = 'score' in run ? { verdict: verdictOf(run.score), score: run.score } : { verdict: run.verdict }
      for (let i = 0; i < run.times; i++) {
        k++
        observations.push({ ...said, atMs: (k * eachNs) / 1e6, key: `${stream}/${k}`, exemplar: null })
      }
    }
  }
  return observations.sort((a, b) => a.atMs - b.atMs)
}

/** Where a test gives a trace and no stream: its verdicts, at the beginning. */
export function observationsFrom(results: readonly EvalResult[], alert: RunAlert): Observation[] {
  return results.map((result) => observationOf(result, alert, 0))
}

/** The alert watches from 0. `atMs`: null for the moment of the last verdict. */
export function alertAt(alert: RunAlert, observations: readonly Observation[], atMs: number | null): AlertOutcome {
  const untilMs = atMs ?? observations.at(-1)?.atMs ?? 0
  const seen = observations.filter((observation) => observation.atMs <= untilMs)
  const stepped = stepAlert(initialAlertState(0), alert, seen)
  const { state, transitions } = evaluateAlert(stepped.state, alert, untilMs)
  const history = [...stepped.transitions, ...transitions]
    .map(({ to, atMs: at }) => `${to} at ${formatDuration(at)}`)
    .join(', ')
  return { state: state.phase.kind, history: history === '' ? null : history }
}
