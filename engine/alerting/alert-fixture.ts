/** Alerts for the tests of this folder. */
import type { AlertPlan } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'

export const minute = 60_000
export const ns = (ms: number): number => ms * 1e6

export const plan = (over: Partial<AlertPlan> = {}): AlertPlan => ({
  kind: 'alert',
  id: 'shop/leak',
  name: 'leak',
  package: 'shop',
  title: null,
  owner: null,
  mode: 'live',
  onEvalId: 'shop/no_pii',
  when: { fn: 'count', of: 'fail', cmp: '>=', value: 1, overNs: ns(10 * minute) },
  forNs: 0,
  severity: 'page',
  notify: [],
  noData: { kind: 'keep' },
  file: 'shop.eval',
  line: 1,
  ...over,
})

export const when = (
  fn: 'count' | 'rate',
  of: Verdict,
  cmp: AlertPlan['when']['cmp'],
  value: number,
  overMin = 10,
) => ({
  fn,
  of,
  cmp,
  value,
  overNs: ns(overMin * minute),
})
