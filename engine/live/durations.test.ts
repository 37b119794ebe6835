import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addCounts, addDuration, bucketOf, type DurationCounts, middleOf, quantileOf } from './durations.ts'

const counted = (durations: readonly number[]): DurationCounts => {
  const counts: DurationCounts = new Map()
  for (const durationNs of durations) addDuration(counts, durationNs)
  return counts
}
const durations = fc.array(fc.integer({ min: 1, max: 4_000_000_000_000 }), { minLength: 1, maxLength: 200 })

describe('counts of durations', () => {
  test.each([0.5, 0.95, 1])('quantile %d is within 3.2%% of the true one', (share) => {
    fc.assert(
      fc.property(durations, (all) => {
        const sorted = all.toSorted((a, b) => a - b)
        const exact = sorted[Math.ceil(share * all.length) - 1]!
        const found = quantileOf(counted(all), share)!
        expect(Math.abs(found - exact) / exact).toBeLessThanOrEqual(0.032)
      }),
    )
  })

  test('of several processes add up to those of one that saw it all', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const sum = counted(a)
        addCounts(sum, counted(b))
        expect(sum).toEqual(counted([...a, ...b]))
      }),
    )
  })

  test('of nothing have no quantile; one that took no time is near 0', () => {
    expect(quantileOf(new Map(), 0.95)).toBeNull()
    expect(quantileOf(counted([0]), 0.95)).toBeLessThan(1)
  })

  test('a bucket holds its middle, and they rise with the durations', () => {
    let before = -1
    for (let durationNs = 1; durationNs < 1e13; durationNs *= 1.7) {
      const bucket = bucketOf(durationNs)
      expect(bucketOf(middleOf(bucket))).toBe(bucket)
      expect(bucket).toBeGreaterThan(before)
      before = bucket
    }
  })
})
