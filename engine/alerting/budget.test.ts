/** What the groups of an alert spend of its budget, however many come, and how many of them have a head start. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plan, when } from './alert-fixture.ts'
import { budgetHours, headStartHours, nextShare } from './budget.ts'

const HOURS = 720

/** Of groups that come and go while an alert on changes runs: hours by share, head starts among them. */
const spent = (groups: readonly { forHours: number; isNew: boolean }[]): number => {
  let [now, begun, sum] = [0, 0, 0]
  const alive: { share: number; endsAt: number }[] = []
  for (const { forHours, isNew } of groups) {
    now = Math.min(HOURS, now + forHours / 3)
    const taken = new Set(alive.filter(({ endsAt }) => endsAt > now).map(({ share }) => share))
    const share = nextShare('regression', taken)
    const endsAt = Math.min(HOURS, now + forHours)
    alive.push({ share, endsAt })
    sum += share * (endsAt - now)
    if (isNew) sum += share * headStartHours({ hours: HOURS, begun: begun++, share })
  }
  return sum
}

test('no groups that come and go spend more than the budget together', () => {
  const group = fc.record({ forHours: fc.double({ min: 0, max: 3 * HOURS, noNaN: true }), isNew: fc.boolean() })
  fc.assert(fc.property(fc.array(group, { maxLength: 200 }), (groups) => spent(groups) <= HOURS * (1 + 1e-9)))
})

test('a group that begins later has the same hours of the whole, whatever its share', () => {
  const whole = (begun: number, share: number): number => share * headStartHours({ hours: HOURS, begun, share })
  expect(whole(0, 0.5)).toBeCloseTo(9)
  expect(whole(0, 0.01)).toBeCloseTo(9)
  // The tenth one in a month still has a start of hours.
  expect(whole(9, 0.5)).toBeGreaterThan(4)
})

test('of anomalies the shares are a half, a sixth, a twelfth…', () => {
  const taken = new Set<number>()
  for (const share of [1 / 2, 1 / 6, 1 / 12]) {
    expect(nextShare('anomaly', taken)).toBe(share)
    taken.add(share)
  }
  // One that is gone leaves its own to the next.
  expect(nextShare('anomaly', new Set([1 / 2, 1 / 12]))).toBe(1 / 6)
})

test('a budget is of 30 days unless it says so', () => {
  const own = { ratio: 0.05, perNs: 7 * 24 * 3600e9, shared: false }
  expect(budgetHours(plan({ when: when('count', 'fail', '>=', 1) }))).toBe(HOURS)
  expect(budgetHours(plan({ falseAlarms: own }))).toBe(168)
})
