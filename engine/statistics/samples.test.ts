/** Samples, panels, labels and the detector against NumPy, SciPy and statsmodels (`fixtures/samples_oracle.py` makes the numbers), and what holds of them whatever comes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passHatK } from '../metrics/pass-hat-k.ts'
import { activeSamplingProbabilities } from './active-sampling.ts'
import { cohenKappa, gwetAc1, krippendorffAlpha } from './agreement.ts'
import { benjaminiHochberg } from './benjamini-hochberg.ts'
import { clusteredMean, pairedClusteredDifference } from './clustered-mean.ts'
import { fitBaseline } from './e-sr/baseline.ts'
import { ESR_START, esrStep } from './e-sr/step.ts'
import { hajekMean } from './hajek-mean.ts'
import { judgeAnchorDrift } from './judge-anchor-drift.ts'
import { logprobExpectedScore } from './logprob-expected-score.ts'
import { mixDecomposition } from './mix-decomposition.ts'
import { panelAggregate } from './panel-aggregate.ts'
import { ppiMean } from './ppi-mean.ts'
import { verdictStratifiedRate } from './verdict-stratified-rate.ts'

type In<F extends (input: never) => unknown> = Parameters<F>[0]
type Counts = Record<string, { n: number; passed: number }>
interface Oracle {
  hajek: (In<typeof hajekMean> & ReturnType<typeof hajekMean>)[]
  paired: (In<typeof pairedClusteredDifference> & { difference: number; seIid: number; seClustered: number })[]
  active: (In<typeof activeSamplingProbabilities> & { pi: number[] })[]
  tokens: (In<typeof logprobExpectedScore> & ReturnType<typeof logprobExpectedScore>)[]
  panels: { scores: number[]; mean: number; median: number; sd: number; range: number }[]
  drift: (In<typeof judgeAnchorDrift> & ReturnType<typeof judgeAnchorDrift>)[]
  labelled: (In<typeof verdictStratifiedRate> & { estimate: number; lower: number; upper: number })[]
  mixes: (In<typeof mixDecomposition> & ReturnType<typeof mixDecomposition>)[]
  tries: (In<typeof passHatK> & { all: number; some: number })[]
  detector: {
    reference: Counts[]
    phi: number
    means: Record<string, number>
    perLook: number
    tolerance: number
    hours: number
    looks: Counts[]
    statistics: number[]
  }
}
const oracle = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'samples.json'), 'utf8')) as Oracle

/** Each of the numbers, to so many places. */
function expectClose(found: object, expected: object, places = 11): void {
  for (const [name, value] of Object.entries(expected)) {
    const one = (found as Record<string, unknown>)[name]
    if (typeof value === 'number') expect(one, name).toBeCloseTo(value, places)
    else expect(one, name).toEqual(value)
  }
}

describe('as the oracle says', () => {
  test.each(oracle.hajek)('the mean of a weighted sample %#', ({ y, pi, ...expected }) => {
    expectClose(hajekMean({ y, pi }), expected)
  })
  test.each(oracle.paired)('a paired difference %#', ({ a, b, clusters, ...expected }) => {
    expectClose(pairedClusteredDifference({ a, b, clusters }), expected)
  })
  test.each(oracle.active)('the chances of being drawn %#', ({ pi, ...rest }) => {
    for (const [i, one] of activeSamplingProbabilities(rest).entries()) expect(one).toBeCloseTo(pi[i] ?? Number.NaN, 12)
  })
  test.each(oracle.tokens)('the score of tokens %#', ({ logprobs, scale, ...expected }) => {
    expectClose(logprobExpectedScore({ logprobs, scale }), expected)
  })
  test.each(oracle.panels)('a panel of $scores', ({ scores, ...expected }) => {
    expectClose(panelAggregate({ scores }), expected)
  })
  test.each(oracle.drift)('a judge’s drift %#', ({ before, now, ...expected }) => {
    expectClose(judgeAnchorDrift({ before, now }), expected)
  })
  test.each(oracle.labelled)('a rate corrected by labels %#', ({ estimate, lower, upper, ...rest }) => {
    expectClose(verdictStratifiedRate(rest) ?? {}, { estimate, lower, upper }, 10)
  })
  test.each(oracle.mixes)('rate and mix %#', ({ w0, w1, p0, p1, ...expected }) => {
    expectClose(mixDecomposition({ w0, w1, p0, p1 }), expected)
  })
  test.each(oracle.tries)('tries %#', ({ all, some, ...rest }) => {
    expectClose(passHatK(rest), { passHatK: all, passAtK: some })
  })

  test('the detector: its reference, and each look of strata that fail more and more', () => {
    const { reference, looks, hours, tolerance, ...expected } = oracle.detector
    const baseline = fitBaseline({
      looks: reference.map((strata) => ({
        strata: Object.fromEntries(
          Object.entries(strata).map(([key, { n, passed }]) => [key, { n, sum: passed, sumSquares: passed }]),
        ),
      })),
    })
    expect(baseline.phi).toBeCloseTo(expected.phi, 10)
    expect(baseline.meanPerLook).toBeCloseTo(expected.perLook, 10)
    for (const [key, mean] of Object.entries(expected.means)) expect(baseline.strata[key]?.mean).toBeCloseTo(mean, 12)
    let state = ESR_START
    for (const [i, look] of looks.entries()) {
      const strata = Object.fromEntries(
        Object.entries(look).map(([key, { n, passed }]) => [key, { values: [0, 1], counts: [n - passed, passed] }]),
      )
      state = esrStep(state, { hours, strata }, { ...baseline, tolerance })
      expect(state.statistic).toBeCloseTo(expected.statistics[i] ?? Number.NaN, 9)
    }
  })
})

const score = fc.double({ min: -5, max: 5, noNaN: true })
const unit = fc.double({ min: 0, max: 1, noNaN: true })
const shuffled = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...values], { minLength: values.length, maxLength: values.length })

describe('weighted samples', () => {
  const drawn = fc.array(fc.tuple(score, fc.double({ min: 0.01, max: 1, noNaN: true })), {
    minLength: 1,
    maxLength: 40,
  })
  test('the mean lies among the values, moves and stretches with them, and counts for no more than there are', () => {
    fc.assert(
      fc.property(drawn, score, fc.double({ min: 0.1, max: 9, noNaN: true }), (sample, by, times) => {
        const [y, pi] = [sample.map(([value]) => value), sample.map(([, chance]) => chance)]
        const one = hajekMean({ y, pi })
        const other = hajekMean({ y: y.map((value) => by + times * value), pi })
        expect(one.mean).toBeGreaterThanOrEqual(Math.min(...y) - 1e-9)
        expect(one.mean).toBeLessThanOrEqual(Math.max(...y) + 1e-9)
        expect(other.mean).toBeCloseTo(by + times * one.mean, 8)
        expect(other.se).toBeCloseTo(times * one.se, 8)
        expect(one.ess).toBeGreaterThanOrEqual(1 - 1e-9)
        expect(one.ess).toBeLessThanOrEqual(y.length + 1e-9)
      }),
    )
  })
})

describe('paired differences', () => {
  const pairs = fc
    .array(fc.tuple(unit, unit, fc.integer({ min: 0, max: 5 })), { minLength: 2, maxLength: 40 })
    // Of one cluster nothing is known of how they vary.
    .filter((rows) => new Set(rows.map(([, , cluster]) => cluster)).size > 1)
  test('turn round with their sides, and what both have in common drops out', () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const [a, b, clusters] = [rows.map(([one]) => one), rows.map(([, two]) => two), rows.map(([, , of]) => of)]
        const there = pairedClusteredDifference({ a, b, clusters })
        const back = pairedClusteredDifference({ a: b, b: a, clusters })
        expect(back.difference).toBeCloseTo(-there.difference, 10)
        expect(back.seClustered).toBeCloseTo(there.seClustered, 10)
        const harder = pairedClusteredDifference({ a: a.map((x, i) => x + i), b: b.map((x, i) => x + i), clusters })
        expect(harder.difference).toBeCloseTo(there.difference, 9)
        expect(harder.seClustered).toBeCloseTo(there.seClustered, 9)
      }),
    )
  })

  test('names of clusters do not matter, nor does the order', () => {
    const withOrder = pairs.chain((rows) => fc.tuple(fc.constant(rows), shuffled(rows)))
    fc.assert(
      fc.property(withOrder, ([rows, again]) => {
        const of = (all: typeof rows, name: (n: number) => string | number) =>
          clusteredMean({ scores: all.map(([x]) => x), clusters: all.map(([, , c]) => name(c)) })
        const [one, other] = [of(rows, (n) => n), of(again, (n) => `session ${n}`)]
        expect(other.mean).toBeCloseTo(one.mean, 10)
        expect(other.seClustered).toBeCloseTo(one.seClustered, 9)
      }),
    )
  })
})

test('p-values adjusted for their number keep their order, are no smaller, and what is rejected at a level is at a laxer one', () => {
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 60 }), (p) => {
      const [strict, lax] = [benjaminiHochberg({ p, alpha: 0.01 }), benjaminiHochberg({ p, alpha: 0.2 })]
      for (const [i, one] of p.entries()) {
        const adjusted = strict.adjusted[i] ?? Number.NaN
        expect(adjusted).toBeGreaterThanOrEqual(one - 1e-15)
        expect(adjusted).toBeLessThanOrEqual(1)
        expect(strict.rejected[i] === true && lax.rejected[i] === false).toBe(false)
        for (const [j, other] of p.entries())
          if (one < other) expect(adjusted).toBeLessThanOrEqual((strict.adjusted[j] ?? 0) + 1e-15)
      }
    }),
  )
})

describe('agreement', () => {
  const categories = [1, 2, 3, 4]
  const rating = fc.constantFrom(...categories)
  const ratings = fc.array(fc.tuple(rating, rating), { minLength: 2, maxLength: 40 })
  const bothOf = (a: readonly number[], b: readonly number[]) => a.map((one, i) => [one, b[i] ?? 0])
  test('does not depend on who is named first, nor on the order of subjects, and is at most 1', () => {
    const withOrder = ratings.chain((rows) => fc.tuple(fc.constant(rows), shuffled(rows)))
    fc.assert(
      fc.property(withOrder, ([rows, again]) => {
        const side = (all: typeof rows, i: 0 | 1): number[] => all.map((row) => row[i])
        for (const of of [
          (a: number[], b: number[]) => cohenKappa({ a, b, categories }),
          (a: number[], b: number[]) => gwetAc1({ a, b, categories }),
          (a: number[], b: number[]) => krippendorffAlpha(bothOf(a, b)),
        ]) {
          const [one, other] = [of(side(rows, 0), side(rows, 1)), of(side(again, 1), side(again, 0))]
          if (Number.isNaN(one)) expect(other).toBeNaN()
          else expect(other).toBeCloseTo(one, 9)
          expect(one > 1 + 1e-12).toBe(false)
        }
      }),
    )
  })

  test('in a scale that is moved and stretched is the same', () => {
    fc.assert(
      fc.property(ratings, (rows) => {
        const [a, b] = [rows.map(([x]) => x), rows.map(([, x]) => x)]
        const wider = (all: readonly number[]): number[] => all.map((x) => 10 + 3 * x)
        const [kappa, alpha] = [cohenKappa({ a, b, categories }), krippendorffAlpha(bothOf(a, b))]
        const moved = cohenKappa({ a: wider(a), b: wider(b), categories: wider(categories) })
        if (!Number.isNaN(kappa)) expect(moved).toBeCloseTo(kappa, 9)
        if (!Number.isNaN(alpha)) expect(krippendorffAlpha(bothOf(wider(a), wider(b)))).toBeCloseTo(alpha, 9)
      }),
    )
  })

  test('lost and gained change places with before and now', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 80 }), (anchors) => {
        const [before, now] = [anchors.map(([x]) => x), anchors.map(([, x]) => x)]
        const [there, back] = [judgeAnchorDrift({ before, now }), judgeAnchorDrift({ before: now, now: before })]
        expect(back).toEqual({ p: there.p, lost: there.gained, gained: there.lost })
        expect(there.p > 0 && there.p <= 1).toBe(true)
      }),
    )
  })
})

describe('panels and tokens', () => {
  test('what a panel says lies among its scores, whoever speaks first', () => {
    const panels = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(
        panels.chain((scores) => fc.tuple(fc.constant(scores), shuffled(scores))),
        ([scores, again]) => {
          const one = panelAggregate({ scores })
          expectClose(panelAggregate({ scores: again }), one, 9)
          for (const value of [one.mean, one.median]) {
            expect(value).toBeGreaterThanOrEqual(Math.min(...scores) - 1e-12)
            expect(value).toBeLessThanOrEqual(Math.max(...scores) + 1e-12)
          }
          expect(one.sd === 0).toBe(one.range === 0)
          if (one.majority !== null)
            expect(2 * scores.filter((score) => score === one.majority).length).toBeGreaterThan(scores.length)
        },
      ),
    )
  })

  test('the score of tokens lies on the scale, and likelier high ratings never lower it', () => {
    const chances = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(chances, unit, (weights, more) => {
        const of = (all: readonly number[]) => {
          const total = all.reduce((sum, one) => sum + one, 0)
          const logprobs = all.map((one, i) => ({ token: String(i + 1), logprob: Math.log(one / total) }))
          return logprobExpectedScore({ logprobs, scale: { low: 1, high: 5 } })
        }
        const one = of(weights)
        expect(one.score).toBeGreaterThanOrEqual(1)
        expect(one.score).toBeLessThanOrEqual(5)
        expect(one.entropy).toBeLessThanOrEqual(Math.log(5) + 1e-12)
        const higher = of(weights.map((weight, i) => (i === 4 ? weight + more : weight)))
        expect(higher.score ?? 0).toBeGreaterThanOrEqual((one.score ?? 9) - 1e-12)
      }),
    )
  })
})

test('people’s scores with a judge’s move and stretch together, and lie in their interval', () => {
  const rows = fc.array(fc.tuple(score, score), { minLength: 30, maxLength: 60 })
  fc.assert(
    fc.property(rows, fc.array(score, { minLength: 2, maxLength: 80 }), score, (labelled, rest, by) => {
      const input = {
        labels: labelled.map(([y]) => y),
        judgedLabeled: labelled.map(([y, noise]) => y + noise / 5),
        judgedUnlabeled: rest,
        alpha: 0.05,
      }
      const one = ppiMean(input)
      expect(one.lambda >= 0 && one.lambda <= 1).toBe(true)
      expect(one.lower <= one.estimate && one.estimate <= one.upper).toBe(true)
      const move = (values: readonly number[]): number[] => values.map((value) => by + 2 * value)
      const other = ppiMean({
        labels: move(input.labels),
        judgedLabeled: move(input.judgedLabeled),
        judgedUnlabeled: move(rest),
        alpha: 0.05,
      })
      // Near the bound of too little correlation rounding decides whether the judge is heard.
      fc.pre((one.lambda === 0) === (other.lambda === 0))
      expect(other.estimate).toBeCloseTo(by + 2 * one.estimate, 6)
      expect(other.upper - other.lower).toBeCloseTo(2 * (one.upper - one.lower), 6)
    }),
  )
})
