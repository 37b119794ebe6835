/** The numbers of an alert as the API tells them, with their unit. */
import { expect, test } from 'vitest'
import { sampleMessage } from '../alerting/receivers/sample.ts'
import type { ValueType } from '../dsl/plan.ts'
import type { StoredTransition } from '../storage/alerts/alert-states.ts'
import { transitionToJson } from './alert-json.ts'

const estimate = { value: 2e9, interval: { low: 1e9, high: 3e9 }, n: 40 }

const badModel = { label: 'model', value: 'm', firstSeenMs: 5, before: estimate, with: estimate, p: 0.01 }

function told(type: ValueType, detection: unknown, deploy: unknown = badModel) {
  const route = { receiver: 'slack', target: '#x' } as const
  const [item] = sampleMessage({
    id: 'a/b@1.1',
    tenant: 'default',
    route,
    event: 'firing',
    atMs: 0,
    sinceMs: 0,
    ref: null,
  }).items
  const transition = {
    ...item!.transition,
    numbers: { ...item!.transition.numbers, measure: { kind: 'score', fn: 'mean', type }, value: 2e9, threshold: 1e9 },
    why: {
      rule: 'a rule',
      baseline: estimate,
      now: null,
      detection,
      change: { delta: 1e9, rateEffect: 1e9, mixEffect: 0 },
      strata: [{ name: 'all', shareBefore: 1, shareNow: 1, before: null, now: 2e9, rateEffect: 1e9, mixEffect: 0 }],
      judge: null,
      deploy,
      definitions: [],
    },
  } as unknown as StoredTransition
  return transitionToJson(transition, 'default', { investigation: () => null })
}

test.each([
  [{ kind: 'duration' } as const, 'ms', 1e6],
  [{ kind: 'money', currency: 'USD' } as const, 'USD', 1e6],
  [{ kind: 'ratio' } as const, 'ratio', 1],
  [{ kind: 'number' } as const, null, 1],
])('%o is told in %s', (type, unit, per) => {
  const json = told(type, { kind: 'threshold', cmp: '>', value: 2e9, limit: 1e9 })
  const scaled = { value: 2e9 / per, interval: { low: 1e9 / per, high: 3e9 / per }, n: 40 }
  expect(json).toMatchObject({
    unit,
    value: 2e9 / per,
    threshold: 1e9 / per,
    why: {
      baseline: scaled,
      now: null,
      detection: { kind: 'threshold', value: 2e9 / per, limit: 1e9 / per },
      change: { delta: 1e9 / per, rateEffect: 1e9 / per, mixEffect: 0 },
      strata: [{ shareBefore: 1, before: null, now: 2e9 / per, rateEffect: 1e9 / per }],
      deploy: { firstSeenMs: 5, before: scaled, with: scaled, p: 0.01 },
    },
  })
})

test('shares of a first bad version have no unit to change', () => {
  const share = { value: 0.75, interval: { low: 0.6, high: 0.86 }, n: 40 }
  const deploy = {
    label: 'agent.version',
    value: '2',
    firstSeenMs: 5,
    before: share,
    with: share,
    shareOf: 'above 2s',
    p: 0.01,
  }
  expect(
    told({ kind: 'duration' }, { kind: 'threshold', cmp: '>', value: 2e9, limit: 1e9 }, deploy).why?.deploy,
  ).toEqual(deploy)
})

test('evidence, deviations and times have no unit to change', () => {
  const change = { kind: 'e-sr', statistic: 9, alarmFrom: 7, sinceMs: 1, falseAlarms: { ratio: 0.05, perMs: 1 } }
  expect(told({ kind: 'duration' }, change).why?.detection).toEqual(change)
  const odd = { kind: 'anomaly', distance: 4, alarmFrom: 3, usual: { low: 1e9, high: 2e9 } }
  expect(told({ kind: 'duration' }, odd).why?.detection).toEqual({ ...odd, usual: { low: 1_000, high: 2_000 } })
})
