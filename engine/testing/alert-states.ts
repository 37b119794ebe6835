/** Alerts in tests: the alert state machine itself, on virtual time. */
import type { TestGiven } from '../../dsl/plan.ts'
import { evaluateGroups, initialGroups, stepGroups } from '../alerting/groups.ts'
import { observationOf } from '../alerting/observation.ts'
import { formatDuration } from '../alerting/rule-text.ts'
import type { RunAlert } from '../alerting/run-alert.ts'
import type { Observation } from '../alerting/step.ts'
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
  for (const [stream, { verdicts, eachNs, labels }] of given.entries()) {
    let k = 0
    for (const run of verdicts) {
      const said = 'score' in run ? { verdict: verdictOf(run.score), score: run.score } : { verdict: run.verdict }
      for (let i = 0; i < run.times; i++) {
        k++
        observations.push({
          ...said,
          atMs: (k * eachNs) / 1e6,
          key: `${stream}/${k}`,
          exemplar: null,
          ...(labels !== undefined && { labels }),
        })
      }
    }
  }
  return observations.sort((a, b) => a.atMs - b.atMs)
}

/** Where a test gives a trace and no stream: its verdicts, at the beginning. */
export function observationsFrom(results: readonly EvalResult[], alert: RunAlert): Observation[] {
  return results.map((result) => observationOf(result, alert, 0))
}

/** The alert watches from 0. `atMs`: null for the moment of the last verdict. `group`: which of an alert with `by`; the worst without. */
export function alertAt(
  alert: RunAlert,
  observations: readonly Observation[],
  atMs: number | null,
  group?: Readonly<Record<string, string>>,
): AlertOutcome {
  const untilMs = atMs ?? observations.at(-1)?.atMs ?? 0
  const all = initialGroups(0)
  const transitions = momentsOf(observations.filter((observation) => observation.atMs <= untilMs)).flatMap((moment) => [
    ...evaluateGroups(all, alert, moment[0]!.atMs - EPSILON_MS),
    ...stepGroups(all, alert, moment),
  ])
  transitions.push(...evaluateGroups(all, alert, untilMs))
  const asked = [...all.groups.values()].filter(({ labels }) => isGroup(labels, group))
  const states = asked.map(({ phase }) => phase.kind)
  const history = transitions
    .filter((transition) => isGroup(transition.group, group))
    .map(({ to, atMs: at, group: of }) => `${groupText(of)}${to} at ${formatDuration(at)}`)
    .join(', ')
  const state = WORST_FIRST.find((kind) => states.includes(kind)) ?? 'inactive'
  return { state, history: history === '' ? null : history }
}

const WORST_FIRST = ['firing', 'pending', 'resolved', 'inactive'] as const
/** Virtual time has no smallest step; records of the log are a millisecond apart at least. */
const EPSILON_MS = 1e-3

/** Verdicts of one time come together, as those of a record do. */
function momentsOf(observations: readonly Observation[]): Observation[][] {
  const moments: Observation[][] = []
  for (const observation of observations) {
    const last = moments.at(-1)
    if (last?.[0]?.atMs === observation.atMs) last.push(observation)
    else moments.push([observation])
  }
  return moments
}

const isGroup = (
  labels: Readonly<Record<string, string>>,
  asked: Readonly<Record<string, string>> | undefined,
): boolean => asked === undefined || Object.entries(asked).every(([name, value]) => labels[name] === value)

const groupText = (labels: Readonly<Record<string, string>>): string => {
  const values = Object.values(labels)
  return values.length === 0 ? '' : `${values.join(', ')} `
}
