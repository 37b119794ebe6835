/**
 * The simulation of `docs/statistics.md`, as much of it as is quick, held to what it promises. The seeds are fixed, so that what is seen is
 * the detector's; how many runs there are says which worse detector would be seen.
 */
import { expect, test } from 'vitest'
import { simulateDeploy } from '../bench/alert-detection/deploy.ts'
import { simulateCell } from '../bench/alert-detection/simulate.ts'
import { KINDS } from '../bench/alert-detection/traffic.ts'

const RATES = [50, 200, 1_000]

test.each(KINDS.flatMap((kind) => RATES.map((perHour) => [kind, perHour] as const)))(
  '%s, %i an hour: at most one month in twenty has a false alarm, where a z-test has one in all of them',
  (kind, perHour) => {
    const { falseAlarms } = simulateCell({ kind, perHour, runs: 200, drops: [] })
    // One that gives a false alarm in a tenth of the months would have so few of 200 once in 120 times (binomial).
    expect(falseAlarms['e-SR'].share).toBeLessThanOrEqual(0.05)
    // Divided by version, with a new one every other day.
    expect(falseAlarms['by version'].share).toBeLessThanOrEqual(0.05)
    expect(falseAlarms['z-test'].share).toBe(1)
  },
)

test('drops of two, five and ten points are seen within 40, 7 and 3 hours', () => {
  const { delays } = simulateCell({ kind: 'independent', perHour: 200, runs: 200 })
  const [two, five, ten] = delays['e-SR']
  // The medians of all 1,000 runs are 33, 6 and 2; that of 200 runs is off by more than a tenth once in twenty times.
  expect(two).toBeLessThanOrEqual(40)
  expect(five).toBeLessThanOrEqual(7)
  expect(ten).toBeLessThanOrEqual(3)
  // The drop comes with a new version: its group of a divided alert sees it within a tenth of the time.
  for (const [i, hours] of delays['by version'].entries()) expect(hours).toBeLessThanOrEqual(1.1 * delays['e-SR'][i]!)
})

test('a drop that comes with a new version or model is seen as fast as one without, and the message names it', () => {
  const cell = { perHour: 200, runs: 25, drops: [0.05, 0.1] }
  const alone = simulateDeploy({ ...cell, comes: null, by: null })
  for (const comes of ['agent.version', 'model'] as const) {
    expect(simulateDeploy({ ...cell, comes, by: null })).toEqual({ ...alone, comes, named: 1 })
    // The new group of a divided alert has a part of the budget, and a head start that makes up for it.
    const divided = simulateDeploy({ ...cell, comes, by: comes })
    expect(divided).toMatchObject({ named: 1, early: 0 })
    for (const [i, hours] of divided.delays.entries()) expect(hours).toBeLessThanOrEqual(1.1 * alone.delays[i]!)
  }
})
