/** Against scipy and statsmodels (`fixtures/oracle.py` makes the numbers), and by properties. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fisherExact } from './fisher-exact.ts'
import { mcnemarExact } from './mcnemar-exact.ts'
import { newcombeDifference } from './newcombe-difference.ts'
import { normalQuantile } from './normal-quantile.ts'
import { rateRatio } from './rate-ratio.ts'
import { wilsonInterval } from './wilson-interval.ts'

interface Oracle {
  wilson: { k: number; n: number; alpha: number; interval: [number, number] }[]
  newcombe: { k1: number; n1: number; k2: number; n2: number; alpha: number; interval: [number, number] }[]
  mcnemar: { b: number; c: number; p: number }[]
  normal: { p: number; z: number }[]
}
const oracle = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'comparisons.json'), 'utf8')) as Oracle

const DIGITS = 11
const rate = fc
  .integer({ min: 0, max: 5_000 })
  .chain((n) => fc.record({ n: fc.constant(n), k: fc.integer({ min: 0, max: n }) }))
const alpha = fc.double({ min: 0.001, max: 0.5, noNaN: true })

describe('as the oracle says', () => {
  test.each(oracle.wilson)('Wilson: $k of $n at $alpha', ({ interval, ...rest }) => {
    const { lower, upper } = wilsonInterval(rest)
    expect(lower).toBeCloseTo(interval[0], DIGITS)
    expect(upper).toBeCloseTo(interval[1], DIGITS)
  })

  test.each(oracle.newcombe)('Newcombe: $k1/$n1 − $k2/$n2 at $alpha', ({ interval, ...rest }) => {
    const { lower, upper } = newcombeDifference(rest)
    expect(lower).toBeCloseTo(interval[0], DIGITS)
    expect(upper).toBeCloseTo(interval[1], DIGITS)
  })

  test.each(oracle.mcnemar)('McNemar: $b and $c', ({ p, ...flips }) => {
    expect(mcnemarExact(flips).p).toBeCloseTo(p, DIGITS)
  })

  test.each(oracle.normal)('normal quantile of $p', ({ p, z }) => {
    expect(normalQuantile(p) / (z === 0 ? 1 : z)).toBeCloseTo(z === 0 ? 0 : 1, 14)
  })
})

test('the design’s own values', () => {
  const { lower, upper } = wilsonInterval({ k: 45, n: 50, alpha: 0.05 })
  expect([lower.toFixed(5), upper.toFixed(5)]).toEqual(['0.78640', '0.95652'])
})

describe('properties', () => {
  test('an interval holds the rate, stays within 0 to 1, and mirrors', () => {
    fc.assert(
      fc.property(rate, alpha, ({ k, n }, level) => {
        const { lower, upper } = wilsonInterval({ k, n, alpha: level })
        const mirrored = wilsonInterval({ k: n - k, n, alpha: level })
        expect(lower).toBeGreaterThanOrEqual(0)
        expect(upper).toBeLessThanOrEqual(1)
        if (n > 0) expect(k / n >= lower - 1e-12 && k / n <= upper + 1e-12).toBe(true)
        expect(mirrored.lower).toBeCloseTo(1 - upper, 10)
      }),
    )
  })

  test('more of the same makes an interval narrower, more confidence wider', () => {
    fc.assert(
      fc.property(rate, ({ k, n }) => {
        fc.pre(n > 0)
        const width = (times: number, level: number): number => {
          const { lower, upper } = wilsonInterval({ k: k * times, n: n * times, alpha: level })
          return upper - lower
        }
        expect(width(4, 0.05)).toBeLessThan(width(1, 0.05))
        expect(width(1, 0.01)).toBeGreaterThan(width(1, 0.05))
      }),
    )
  })

  test('a difference turns round with its sides and holds the estimate', () => {
    fc.assert(
      fc.property(rate, rate, alpha, (one, two, level) => {
        fc.pre(one.n > 0 && two.n > 0)
        const there = newcombeDifference({ k1: one.k, n1: one.n, k2: two.k, n2: two.n, alpha: level })
        const back = newcombeDifference({ k1: two.k, n1: two.n, k2: one.k, n2: one.n, alpha: level })
        expect(there.lower).toBeCloseTo(-back.upper, 10)
        expect(there.lower).toBeLessThanOrEqual(there.difference + 1e-12)
        expect(there.upper).toBeGreaterThanOrEqual(there.difference - 1e-12)
        expect(there.lower).toBeGreaterThanOrEqual(-1 - 1e-12)
        expect(there.upper).toBeLessThanOrEqual(1 + 1e-12)
      }),
    )
  })

  test('flips have no direction, and one more of the many makes chance less likely', () => {
    const count = fc.integer({ min: 0, max: 3_000 })
    fc.assert(
      fc.property(count, count, (b, c) => {
        const { p } = mcnemarExact({ b, c })
        expect(p).toBe(mcnemarExact({ b: c, c: b }).p)
        expect(p >= 0 && p <= 1).toBe(true)
        expect(mcnemarExact({ b: Math.max(b, c) + 1, c: Math.min(b, c) }).p).toBeLessThanOrEqual(p + 1e-12)
      }),
    )
  })
})

test('nothing seen says nothing', () => {
  expect(wilsonInterval({ k: 0, n: 0, alpha: 0.05 })).toEqual({ lower: 0, upper: 1 })
  expect(newcombeDifference({ k1: 0, n1: 0, k2: 3, n2: 4, alpha: 0.05 })).toEqual({
    difference: Number.NaN,
    lower: -1,
    upper: 1,
  })
  expect(mcnemarExact({ b: 0, c: 0 })).toEqual({ p: 1 })
})

test.each([
  [() => wilsonInterval({ k: 2, n: 1, alpha: 0.05 })],
  [() => wilsonInterval({ k: 0.5, n: 1, alpha: 0.05 })],
  [() => wilsonInterval({ k: 0, n: 1, alpha: 0 })],
  [() => mcnemarExact({ b: -1, c: 0 })],
  [() => normalQuantile(1)],
])('what is no count and no probability is a bug: %#', (call) => {
  expect(call).toThrow(RangeError)
})

/** From SciPy's documentation of `fisher_exact`, the tea, R's documentation of `fisher.test`; all of them again in whole fractions. */
test.each([
  [8, 10, 1, 6, 0.03496503496503495],
  [3, 4, 1, 4, 0.4857142857142857],
  [10, 13, 2, 17, 0.0005367241191434358],
  [0, 5, 0, 9, 1],
  [6, 6, 0, 6, 0.0021645021645],
  [30, 1000, 45, 1000, 0.09880183953306927],
])('Fisher: %i of %i and %i of %i', (k1, n1, k2, n2, p) => {
  expect(fisherExact({ k1, n1, k2, n2 }).p).toBeCloseTo(p, 9)
  expect(fisherExact({ k1: k2, n1: n2, k2: k1, n2: n1 }).p).toBeCloseTo(p, 9)
})

test('a ratio of rates is finite, lies in its interval, and is the inverse of the other way round', () => {
  fc.assert(
    fc.property(rate, rate, ({ k: k1, n: n1 }, { k: k2, n: n2 }) => {
      const { ratio, lower, upper } = rateRatio({ k1, n1, k2, n2, alpha: 0.05 })
      expect(lower > 0 && lower <= ratio && ratio <= upper && Number.isFinite(upper)).toBe(true)
      const other = rateRatio({ k1: k2, n1: n2, k2: k1, n2: n1, alpha: 0.05 })
      expect(Math.log(other.ratio)).toBeCloseTo(-Math.log(ratio), 9)
      expect(Math.log(other.lower)).toBeCloseTo(-Math.log(upper), 9)
    }),
  )
})
