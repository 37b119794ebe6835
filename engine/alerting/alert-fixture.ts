/** Alerts for the tests of this folder. */
import type { ValueType } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'
import type { RunAlert, RunMeasure } from './run-alert.ts'

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

export const when = (
  fn: 'count' | 'rate',
  of: Verdict,
  cmp: RunAlert['when']['cmp'],
  value: number,
  overMin = 10,
): RunAlert['when'] =>
  whenMeasure({ kind: fn, verdict: of, type: { kind: fn === 'count' ? 'int' : 'ratio' } }, cmp, value, overMin)

export const whenMeasure = (
  measure: RunMeasure,
  cmp: RunAlert['when']['cmp'],
  value: number,
  overMin = 10,
): RunAlert['when'] => ({ kind: 'threshold', measure, cmp, value, overNs: ns(overMin * minute) })

export const meanOf = (type: ValueType): RunMeasure => ({ kind: 'score', fn: 'mean', type })
