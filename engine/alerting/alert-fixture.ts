/** Alerts for the tests of this folder. */
import type { ValueType } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'
import { alertGroupsToJson, parseAlertGroups } from './groups-json.ts'
import type { RunAlert, RunMeasure } from './run-alert.ts'
import type { AlertState } from './state.ts'

type Cmp = Extract<RunAlert['when'], { kind: 'threshold' }>['cmp']

export const minute = 60_000
export const ns = (ms: number): number => ms * 1e6

export const plan = (over: Partial<RunAlert> = {}): RunAlert => ({
  kind: 'alert',
  id: 'shop/leak',
  name: 'leak',
  package: 'shop',
  title: null,
  owner: null,
  mode: 'live',
  was: [],
  on: { kind: 'eval', evalId: 'shop/no_pii' },
  by: [],
  when: {
    kind: 'threshold',
    measure: { kind: 'count', verdict: 'fail', type: { kind: 'int' } },
    cmp: '>=',
    value: 1,
    overNs: ns(10 * minute),
  },
  falseAlarms: null,
  forNs: 0,
  severity: 'page',
  notify: [],
  noData: { kind: 'keep' },
  conditionHash: '',
  file: 'shop.eval',
  line: 1,
  ...over,
})

export const when = (fn: 'count' | 'rate', of: Verdict, cmp: Cmp, value: number, overMin = 10): RunAlert['when'] =>
  whenMeasure({ kind: fn, verdict: of, type: { kind: fn === 'count' ? 'int' : 'ratio' } }, cmp, value, overMin)

export const whenMeasure = (measure: RunMeasure, cmp: Cmp, value: number, overMin = 10): RunAlert['when'] => ({
  kind: 'threshold',
  measure,
  cmp,
  value,
  overNs: ns(overMin * minute),
})

export const meanOf = (type: ValueType): RunMeasure => ({ kind: 'score', fn: 'mean', type })

/** As a checkpoint writes and reads it. */
export function reread(state: AlertState): AlertState {
  const all = {
    startedMs: state.startedMs,
    resumedMs: state.resumedMs,
    shared: state.shared,
    groups: new Map([['', state]]),
  }
  const parsed = parseAlertGroups(JSON.parse(JSON.stringify(alertGroupsToJson(all))))
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.state.groups.get('')!
}
