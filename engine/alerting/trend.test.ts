/** What the chart of a message is drawn of. */
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../model/result.ts'
import { meanOf, minute, ns, plan, reread, when, whenMeasure } from './alert-fixture.ts'
import { numbersOf } from './judge.ts'
import type { RunAlert } from './run-alert.ts'
import { evaluateAlert, initialAlertState, type Observation, stepAlert } from './step.ts'
import { type AlertTrend, trendOf } from './trend.ts'

/** A result a minute, of minute 0 on. */
const eachMinute = (verdicts: readonly Verdict[], score?: (i: number) => number): Observation[] =>
  verdicts.map((verdict, i) => ({
    verdict,
    atMs: i * minute,
    key: `t${i}`,
    exemplar: null,
    ...(score !== undefined && { score: score(i) }),
  }))

/** Of an alert that saw these, at the minute `atMin`; written and read in between, as a restart does. */
function trendAt(alert: RunAlert, observations: readonly Observation[], atMin: number): AlertTrend | null {
  let state = initialAlertState(0)
  for (const observation of observations) {
    state = reread(state)
    stepAlert(state, alert, [observation])
  }
  evaluateAlert(state, alert, atMin * minute)
  return trendOf(state, alert, numbersOf(state, alert), atMin * minute)
}

/** `minute value`. */
const shown = (trend: AlertTrend | null): (readonly [number, number | null])[] =>
  (trend?.points ?? []).map(([atMs, value]) => [atMs / minute, value])

const repeated = (verdict: Verdict, count: number): Verdict[] => Array.from({ length: count }, () => verdict)

describe('of a threshold', () => {
  test('it is the value over the window at each twelfth of one, and at last the value that the rule saw', () => {
    const alert = plan({ when: when('count', 'fail', '>=', 3, 12) })
    const trend = trendAt(alert, eachMinute(['pass', 'pass', 'fail', 'pass', 'fail', 'fail']), 5)
    expect(shown(trend)).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
      [5, 2],
      [5, 3],
    ])
  })

  test('what has left the window is drawn on, four windows far and no further', () => {
    const alert = plan({ when: when('rate', 'fail', '>', 0.9, 12) })
    const points = shown(trendAt(alert, eachMinute([...repeated('fail', 30), ...repeated('pass', 70)]), 99))
    expect(points[0]![0]).toBe(99 - 48 + 1)
    expect(points).toHaveLength(48 + 1)
    // None of it reaches back to the failures.
    expect(new Set(points.map(([, value]) => value))).toEqual(new Set([0]))
    const earlier = shown(trendAt(alert, eachMinute([...repeated('fail', 30), ...repeated('pass', 20)]), 49))
    expect(earlier.find(([at]) => at === 30)![1]).toBe(1)
    expect(earlier.find(([at]) => at === 36)![1]).toBe(0.5)
    expect(earlier.at(-1)).toEqual([49, 0])
  })

  test('where nothing came there is a gap, and a count of nothing is 0', () => {
    const silent = [...eachMinute(['pass']), { ...eachMinute(['fail'])[0]!, atMs: 30 * minute, key: 'late' }]
    const rate = shown(trendAt(plan({ when: when('rate', 'fail', '>', 0.5, 12) }), silent, 30))
    expect(rate.find(([at]) => at === 20)![1]).toBeNull()
    expect(rate.at(-1)).toEqual([30, 1])
    const count = shown(trendAt(plan({ when: when('count', 'fail', '>=', 1, 12) }), silent, 30))
    expect(count.find(([at]) => at === 20)![1]).toBe(0)
  })

  test('means are of the scores in the window', () => {
    const alert = plan({ when: whenMeasure(meanOf({ kind: 'number' }), '<', 3, 12) })
    const trend = trendAt(
      alert,
      eachMinute(repeated('pass', 6), (i) => i),
      5,
    )
    expect(shown(trend).map(([, value]) => value)).toEqual([0, 0.5, 1, 1.5, 2, 2.5])
  })

  test('of one moment there is nothing to draw', () => {
    expect(trendAt(plan({ when: when('rate', 'fail', '>', 0.5, 12) }), eachMinute(['fail']), 0)).toBeNull()
  })
})

test('a transition that is told carries it, and one that is not does not', () => {
  const alert = plan({ when: when('count', 'fail', '>=', 1, 12), forNs: ns(2 * minute) })
  const state = initialAlertState(0)
  const transitions = eachMinute(['pass', 'fail', 'pass', 'pass']).flatMap(
    (observation) => stepAlert(state, alert, [observation]).transitions,
  )
  expect(transitions.map(({ to, trend }) => [to, trend === undefined])).toEqual([
    ['pending', true],
    ['firing', false],
  ])
  expect(transitions[1]!.trend!.points.at(-1)).toEqual([3 * minute, 1])
})
