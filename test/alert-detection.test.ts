/** The simulation of `docs/statistics.md` in short: what it promises holds, by far. */
import { expect, test } from 'vitest'
import { simulateCell } from '../bench/alert-detection/simulate.ts'
import { KINDS } from '../bench/alert-detection/traffic.ts'

test.each(KINDS)('%s: few months have a false alarm, where a z-test has one in all of them', (kind) => {
  const { falseAlarms } = simulateCell({ kind, perHour: 50, runs: 12 })
  // Of a budget of 5% three of twelve would be one in 500.
  expect(falseAlarms['e-SR'].share).toBeLessThan(3 / 12)
  expect(falseAlarms['z-test'].share).toBe(1)
})

test('drops of two, five and ten points are seen within their hours, with a deploy as without', () => {
  const cell = { kind: 'independent', perHour: 200, runs: 40 } as const
  const [two, five, ten] = simulateCell(cell).delays['e-SR']
  expect(two).toBeLessThanOrEqual(48)
  expect(five).toBeLessThanOrEqual(7)
  expect(ten).toBeLessThanOrEqual(3)
  expect(simulateCell({ ...cell, deploy: true }).delays['e-SR']).toEqual([two, five, ten])
})
