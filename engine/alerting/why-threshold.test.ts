import { expect, test } from 'vitest'
import { minute, ns, plan, when } from './alert-fixture.ts'
import { initialAlertState, stepAlert } from './step.ts'
import type { AlertTransition } from './transition.ts'

/** Ten subjects a minute; from the second hour on most of them fail. */
function firingOf(forMin: number): AlertTransition {
  const alert = plan({ when: when('rate', 'fail', '>', 0.3), forNs: ns(forMin * minute) })
  const state = initialAlertState()
  for (let at = 0; at < 120; at++) {
    const observations = Array.from({ length: 10 }, (_, i) => ({
      verdict: i < (at < 60 ? 1 : 8) ? ('fail' as const) : ('pass' as const),
      atMs: at * minute,
      key: `${at}/${i}`,
      exemplar: null,
      labels: { 'agent.name': i % 2 === 0 ? 'cart' : 'refund' },
    }))
    const fired = stepAlert(state, alert, observations).transitions.find(({ to }) => to === 'firing')
    if (fired !== undefined) return fired
  }
  throw new Error('it did not fire')
}

test.each([0, 5, 25])('a limit that has to hold for %i min is compared with what was before it held', (forMin) => {
  const { why } = firingOf(forMin)
  expect(why!.baseline!.value).toBeLessThan(0.15)
  expect(why!.change!.delta).toBeCloseTo(why!.now!.value - why!.baseline!.value, 1)
})

test('where it has held for longer than is remembered nothing is known of what was before', () => {
  const { why } = firingOf(50)
  expect(why).toMatchObject({ baseline: null, change: null, strata: [], notSplit: 'nothing_before' })
})
