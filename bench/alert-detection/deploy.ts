/**
 * A drop that comes with a deploy, as the evaluator sees it: its own groups, labels and looks of a quarter of an hour, result by result,
 * after a fortnight that it learns of as a new alert does. The same traffic, whichever label is new with the drop.
 */

import {
  type AlertGroups,
  beginGroups,
  evaluateGroups,
  initialGroups,
  stepGroups,
} from '../../engine/alerting/groups.ts'
import { adoptHistory, type HistoryStep, historyAsked, historyOf } from '../../engine/alerting/history.ts'
import { LOOK_MS } from '../../engine/alerting/regression/detector.ts'
import type { RunAlert } from '../../engine/alerting/run-alert.ts'
import type { AlertTransition } from '../../engine/alerting/transition.ts'
import type { Observation } from '../../engine/alerting/window.ts'
import { DROPS, median, QUIET_HOURS } from './simulate.ts'
import { MONITORED_HOURS, REFERENCE_HOURS, Traffic } from './traffic.ts'

export type DeployLabel = 'agent.version' | 'model'

export interface DeployOptions {
  /** What is new with the drop; null: nothing. */
  comes: DeployLabel | null
  /** What the alert is divided by. */
  by: DeployLabel | null
  perHour: number
  runs: number
  drops?: readonly number[]
  seed?: number
}

export interface DeployCell extends Pick<DeployOptions, 'comes' | 'by' | 'perHour' | 'runs'> {
  /** By drop: median hours from the drop to the alarm, of the runs that were quiet until then. */
  delays: number[]
  /** Of these alarms, the share that names what is new as the first bad one. */
  named: number
  /** Of all runs, the share with an alarm in the quiet time before the drop. */
  early: number
}

const HOUR_MS = 3_600_000
const BEGIN_MS = REFERENCE_HOURS * HOUR_MS
const LOOKS_AN_HOUR = HOUR_MS / LOOK_MS
const MEASURE = 'of the bench'
/** What is looked for is told by the drops alone: the rule asks for less than any of them. */
const LEAST = 0.005

function alertBy(by: DeployLabel | null): RunAlert {
  const field = by === null ? [] : [{ kind: 'field', path: by } as const]
  return {
    ...{ kind: 'alert', id: 'bench/fallen', name: 'fallen', package: 'bench', title: null, owner: null, mode: 'live' },
    ...{ was: [], on: { kind: 'eval', evalId: 'bench/good' }, by: field, forNs: 0, severity: 'page', notify: [] },
    ...{ noData: { kind: 'keep' }, conditionHash: '', measureHash: MEASURE, file: 'bench.eval', line: 1 },
    when: {
      kind: 'regression',
      measure: { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } },
      worse: 'lower',
      by: { kind: 'absolute', value: LEAST },
      referenceNs: REFERENCE_HOURS * HOUR_MS * 1e6,
    },
    falseAlarms: { ratio: 0.05, perNs: 720 * HOUR_MS * 1e6, shared: false },
  }
}

const labelsOf = (comes: DeployLabel | null, isAfter: boolean): Record<string, string> => ({
  'agent.name': 'support',
  env: 'prod',
  'agent.version': comes === 'agent.version' && isAfter ? '2' : '1',
  model: comes === 'model' && isAfter ? 'small-2' : 'small-1',
})

/** What the job over the store says of the fortnight before. */
function learnt(alert: RunAlert, perHour: number, seed: number): AlertGroups {
  const traffic = new Traffic({ kind: 'independent', perHour, seed })
  const steps = Array.from({ length: REFERENCE_HOURS }, (_, hour): HistoryStep => {
    const { n, fails } = traffic.next(hour - REFERENCE_HOURS, 0)
    const counts = { pass: n[0]! - fails[0]!, fail: fails[0]!, unknown: 0, error: 0 }
    const scores = { count: 0, sum: 0, sumSquares: 0 }
    return { startMs: hour * HOUR_MS, agentName: 'support', env: 'prod', counts, scores, bins: [] }
  })
  const all = initialGroups(BEGIN_MS)
  beginGroups(all, alert, BEGIN_MS)
  adoptHistory(all, alert, historyOf(alert, historyAsked(alert, BEGIN_MS)!, steps))
  return all
}

/** The first alarm, and how many hours after the beginning; null where there is none. */
function firstAlarm(
  alert: RunAlert,
  { comes, perHour }: DeployOptions,
  drop: number,
  seed: number,
): { hours: number; fired: AlertTransition } | null {
  const all = learnt(alert, perHour, seed)
  const traffic = new Traffic({ kind: 'independent', perHour: perHour / LOOKS_AN_HOUR, seed: seed + 250_000_000 })
  for (let look = 0; look < MONITORED_HOURS * LOOKS_AN_HOUR; look++) {
    const isAfter = look >= QUIET_HOURS * LOOKS_AN_HOUR
    const { n, fails } = traffic.next(look / LOOKS_AN_HOUR, isAfter ? drop : 0)
    const labels = labelsOf(comes, isAfter)
    const fromMs = BEGIN_MS + look * LOOK_MS
    const observations = Array.from({ length: n[0]! }, (_, i): Observation => {
      const verdict = i < fails[0]! ? 'fail' : 'pass'
      return { verdict, atMs: fromMs, key: `${look} ${i}`, exemplar: null, labels, measureHash: MEASURE }
    })
    const transitions = stepGroups(all, alert, observations)
    transitions.push(...evaluateGroups(all, alert, fromMs + LOOK_MS))
    const fired = transitions.find(({ to }) => to === 'firing')
    if (fired !== undefined) return { hours: (look + 1) / LOOKS_AN_HOUR, fired }
  }
  return null
}

export function simulateDeploy(options: DeployOptions): DeployCell {
  const { comes, by, perHour, runs, drops = DROPS, seed = 1 } = options
  const alert = alertBy(by)
  let [early, told, named] = [0, 0, 0]
  const delays = drops.map((drop, i) => {
    const hours: number[] = []
    for (let run = 0; run < runs; run++) {
      const alarm = firstAlarm(alert, options, drop, seed * 1_000_003 + run * 7 + i * 50_000_000)
      if (alarm !== null && alarm.hours <= QUIET_HOURS) {
        early++
        continue
      }
      hours.push(alarm === null ? Number.POSITIVE_INFINITY : alarm.hours - QUIET_HOURS)
      if (alarm === null) continue
      told++
      if (alarm.fired.why?.deploy?.label === comes) named++
    }
    return median(hours)
  })
  return { comes, by, perHour, runs, delays, named: named / told, early: early / (runs * drops.length) }
}
