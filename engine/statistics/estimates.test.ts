/** Against SciPy, statsmodels, scikit-learn, krippendorff, irrCAC and confseq (`fixtures/estimates_oracle.py` makes the numbers), and by properties. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { activeSamplingProbabilities } from './active-sampling.ts'
import { cohenKappa, gwetAc1, krippendorffAlpha } from './agreement.ts'
import { benjaminiHochberg } from './benjamini-hochberg.ts'
import { binomialInverse } from './binomial-inverse.ts'
import { clusteredMean, pairedClusteredDifference } from './clustered-mean.ts'
import { hajekMean, hajekMeanOf } from './hajek-mean.ts'
import { hedgedBettingInterval } from './hedged-betting-interval.ts'
import { jackknifeInterval } from './jackknife-interval.ts'
import { judgeAnchorDrift } from './judge-anchor-drift.ts'
import { logprobExpectedScore } from './logprob-expected-score.ts'
import { panelAggregate } from './panel-aggregate.ts'
import { ppiMean } from './ppi-mean.ts'
import { studentTQuantile } from './student-t-quantile.ts'
import { verdictStratifiedRate } from './verdict-stratified-rate.ts'

interface Oracle {
  student: { p: number; df: number; t: number }[]
  binomial: { chance: number; n: number; p: number; k: number }[]
  clustered: { scores: number[]; clusters: number[]; mean: number; seIid: number; seClustered: number }[]
  discoveries: { p: number[]; adjusted: number[] }[]
  agreement: { a: number[]; b: number[]; categories: number[]; kappa: number; ac1: number }[]
  krippendorff: { ratings: (number | null)[][]; interval: number }[]
  hedged: { x: number[]; alpha: number; interval: [number, number] }[]
  ppi: (Parameters<typeof ppiMean>[0] & ReturnType<typeof ppiMean>)[]
}
const oracle = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'estimates.json'), 'utf8')) as Oracle

interface Jackknifed {
  case: number
  estimate: number
  se: number
  lower: number
  upper: number
}
const intervals = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'agreement-intervals.json'), 'utf8'),
) as { kappa: Jackknifed[]; alpha: Jackknifed[] }

function expectClose(found: ReturnType<typeof jackknifeInterval>, expected: Omit<Jackknifed, 'case'>): void {
  for (const key of ['estimate', 'se', 'lower', 'upper'] as const) expect(found?.[key]).toBeCloseTo(expected[key], 9)
}

/** `ratings`: a row for each rater. */
const subjectsOf = (ratings: readonly (readonly (number | null)[])[]): number[][] =>
  ratings[0]?.map((_, subject) => ratings.flatMap((row) => row[subject] ?? [])) ?? []

const unit = fc.double({ min: 0, max: 1, noNaN: true })
const units = fc.array(unit, { minLength: 1, maxLength: 60 })

describe('as the oracle says', () => {
  test.each(oracle.student)('Student t quantile of $p with $df degrees of freedom', ({ t, ...rest }) => {
    expect(studentTQuantile(rest) / (t === 0 ? 1 : t)).toBeCloseTo(t === 0 ? 0 : 1, 9)
  })

  test.each(oracle.binomial)('binomial inverse of $chance, $n trials at $p', ({ k, ...rest }) => {
    expect(binomialInverse(rest)).toBe(k)
  })

  test.each(oracle.clustered)('clustered mean %#', ({ scores, clusters, ...expected }) => {
    const found = clusteredMean({ scores, clusters })
    expect(found.mean).toBeCloseTo(expected.mean, 11)
    expect(found.seIid).toBeCloseTo(expected.seIid, 11)
    expect(found.seClustered).toBeCloseTo(expected.seClustered, 11)
    expect(found.deff).toBeCloseTo((expected.seClustered / expected.seIid) ** 2, 9)
  })

  test.each(oracle.discoveries)('Benjamini and Hochberg %#', ({ p, adjusted }) => {
    const found = benjaminiHochberg({ p, alpha: 0.1 })
    for (const [i, value] of adjusted.entries()) expect(found.adjusted[i]).toBeCloseTo(value, 12)
    expect(found.rejected).toEqual(adjusted.map((value) => value <= 0.1))
  })

  test.each(oracle.agreement)('κ and AC1 %#', ({ kappa, ac1, ...raters }) => {
    expect(cohenKappa(raters)).toBeCloseTo(kappa, 11)
    // The oracle rounds to five places.
    expect(gwetAc1(raters)).toBeCloseTo(ac1, 4)
  })

  test.each(oracle.krippendorff)('Krippendorff’s α %#', ({ ratings, interval }) => {
    expect(krippendorffAlpha(subjectsOf(ratings))).toBeCloseTo(interval, 11)
  })

  test.each(intervals.kappa)('the jackknife of κ, case $case', ({ case: at, ...expected }) => {
    const { a, b, categories } = oracle.agreement[at] ?? { a: [], b: [], categories: [] }
    const found = jackknifeInterval({
      units: a.map((rating, i) => [rating, b[i] ?? 0] as const),
      statistic: (units) =>
        cohenKappa({ a: units.map(([one]) => one), b: units.map(([, other]) => other), categories }),
      alpha: 0.05,
    })
    expectClose(found, expected)
  })

  test.each(intervals.alpha)('the jackknife of Krippendorff’s α, case $case', ({ case: at, ...expected }) => {
    const { ratings } = oracle.krippendorff[at] ?? { ratings: [] }
    expectClose(jackknifeInterval({ units: subjectsOf(ratings), statistic: krippendorffAlpha, alpha: 0.05 }), expected)
  })

  test.each(oracle.hedged)('hedged capital %#', ({ interval, ...rest }) => {
    const { lower, upper } = hedgedBettingInterval(rest)
    expect(lower).toBeCloseTo(interval[0], 8)
    expect(upper).toBeCloseTo(interval[1], 8)
  })

  test.each(oracle.ppi)('PPI++ %#', ({ estimate, lower, upper, lambda, ...rest }) => {
    const found = ppiMean({ ...rest, alpha: 0.05 })
    expect(found.lambda).toBeCloseTo(lambda, 11)
    expect(found.estimate).toBeCloseTo(estimate, 10)
    expect(found.lower).toBeCloseTo(lower, 8)
    expect(found.upper).toBeCloseTo(upper, 8)
  })
})

test('the design’s own value of a corrected rate', () => {
  const found = verdictStratifiedRate({
    n: 2000,
    nJudgePass: 1700,
    labeledJudgePass: { k: 46, m: 50 },
    labeledJudgeFail: { k: 12, m: 50 },
    alpha: 0.05,
  })
  expect(found?.estimate).toBeCloseTo(0.818, 12)
  expect([found?.lower.toFixed(5), found?.upper.toFixed(5)]).toEqual(['0.73467', '0.87687'])
})

describe('a corrected rate', () => {
  const rate = fc
    .record({
      n: fc.integer({ min: 1, max: 5_000 }),
      share: unit,
      m1: fc.integer({ min: 1, max: 80 }),
      m2: fc.integer({ min: 1, max: 80 }),
    })
    .chain(({ n, share, m1, m2 }) =>
      fc.record({
        n: fc.constant(n),
        nJudgePass: fc.constant(Math.round(share * n)),
        labeledJudgePass: fc.record({ k: fc.integer({ min: 0, max: m1 }), m: fc.constant(m1) }),
        labeledJudgeFail: fc.record({ k: fc.integer({ min: 0, max: m2 }), m: fc.constant(m2) }),
      }),
    )
  test('lies within 0 to 1, and mirrors with its verdicts', () => {
    fc.assert(
      fc.property(rate, (given) => {
        const found = verdictStratifiedRate({ ...given, alpha: 0.05 })!
        expect(found.lower).toBeGreaterThanOrEqual(0)
        expect(found.upper).toBeLessThanOrEqual(1)
        expect(found.lower).toBeLessThan(found.upper)
        const turned = ({ k, m }: { k: number; m: number }) => ({ k: m - k, m })
        const mirrored = verdictStratifiedRate({
          n: given.n,
          nJudgePass: given.n - given.nJudgePass,
          labeledJudgePass: turned(given.labeledJudgeFail),
          labeledJudgeFail: turned(given.labeledJudgePass),
          alpha: 0.05,
        })!
        expect(mirrored.estimate).toBeCloseTo(1 - found.estimate, 9)
        expect(mirrored.lower).toBeCloseTo(1 - found.upper, 9)
      }),
    )
  })

  test('is not told from verdicts without labels, and needs none for verdicts that were not given', () => {
    const none = { k: 0, m: 0 }
    const some = { k: 8, m: 10 }
    expect(
      verdictStratifiedRate({ n: 10, nJudgePass: 5, labeledJudgePass: some, labeledJudgeFail: none, alpha: 0.05 }),
    ).toBeNull()
    expect(
      verdictStratifiedRate({ n: 10, nJudgePass: 10, labeledJudgePass: some, labeledJudgeFail: none, alpha: 0.05 })
        ?.estimate,
    ).toBe(0.8)
    expect(
      verdictStratifiedRate({ n: 0, nJudgePass: 0, labeledJudgePass: some, labeledJudgeFail: some, alpha: 0.05 }),
    ).toBeNull()
  })
})

describe('the jackknife', () => {
  const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length
  const within = (x: readonly number[]) => jackknifeInterval({ units: x, statistic: mean, alpha: 0.05 })

  test('of a mean is the textbook’s standard error', () => {
    const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 3, maxLength: 60 })
    fc.assert(
      fc.property(values, (x) => {
        const centre = mean(x)
        const variance = x.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (x.length - 1)
        expect(within(x)?.estimate).toBe(centre)
        expect(within(x)?.se).toBeCloseTo(Math.sqrt(variance / x.length), 8)
      }),
    )
  })

  test('leaves many units out in groups, to about the same end', () => {
    let seed = 1
    const x = Array.from({ length: 1_000 }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed / 2 ** 32
    })
    const variance = x.reduce((sum, value) => sum + (value - mean(x)) ** 2, 0) / (x.length - 1)
    expect(Math.abs(within(x)!.se / Math.sqrt(variance / x.length) - 1)).toBeLessThan(0.15)
  })

  test('tells nothing of two units, nor of what is not defined without one', () => {
    expect(within([1, 2])).toBeNull()
    expect(
      jackknifeInterval({ units: [1, 1, 2], statistic: (x) => (new Set(x).size > 1 ? 1 : Number.NaN), alpha: 0.05 }),
    ).toBeNull()
  })
})

describe('the betting interval', () => {
  test('holds the mean, stays within 0 to 1, mirrors, and widens with confidence', () => {
    fc.assert(
      fc.property(units, (x) => {
        const { lower, upper } = hedgedBettingInterval({ x, alpha: 0.05 })
        expect(lower).toBeGreaterThanOrEqual(0)
        expect(upper).toBeLessThanOrEqual(1)
        expect(lower).toBeLessThanOrEqual(upper)
        const mirrored = hedgedBettingInterval({ x: x.map((value) => 1 - value), alpha: 0.05 })
        expect(mirrored.lower).toBeCloseTo(1 - upper, 8)
        const surer = hedgedBettingInterval({ x, alpha: 0.01 })
        expect(surer.lower).toBeLessThanOrEqual(lower + 1e-9)
        expect(surer.upper).toBeGreaterThanOrEqual(upper - 1e-9)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps its promise although it is looked at after every value', () => {
    // A linear congruential generator (Numerical Recipes' constants): the same 400 runs each time.
    let seed = 1
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed / 2 ** 32
    }
    let missed = 0
    for (let run = 0; run < 400; run++) {
      const x = Array.from({ length: 60 }, () => (random() < 0.7 ? 1 : 0))
      const isMissed = [10, 20, 30, 40, 50, 60].some((n) => {
        const { lower, upper } = hedgedBettingInterval({ x: x.slice(0, n), alpha: 0.2 })
        return lower > 0.7 || upper < 0.7
      })
      if (isMissed) missed++
    }
    expect(missed / 400).toBeLessThanOrEqual(0.2)
  })
})

describe('weights and chances', () => {
  test('drawn evenly, the weighted mean is the plain one', () => {
    fc.assert(
      fc.property(units, fc.double({ min: 0.01, max: 1, noNaN: true }), (y, chance) => {
        const { mean, ess } = hajekMean({ y, pi: y.map(() => chance) })
        expect(mean).toBeCloseTo(y.reduce((sum, one) => sum + one, 0) / y.length, 9)
        expect(ess).toBeCloseTo(y.length, 6)
      }),
    )
  })

  test('of sums alone it is the same', () => {
    const subjects = fc.array(
      fc.tuple(fc.double({ min: 0, max: 5, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true })),
      {
        minLength: 1,
        maxLength: 50,
      },
    )
    fc.assert(
      fc.property(subjects, (drawn) => {
        const sum = (of: (y: number, w: number) => number): number =>
          drawn.reduce((total, [y, pi]) => total + of(y, 1 / pi), 0)
        const [one, other] = [
          hajekMean({ y: drawn.map(([y]) => y), pi: drawn.map(([, pi]) => pi) }),
          hajekMeanOf({
            weights: sum((_, w) => w),
            squares: sum((_, w) => w * w),
            values: sum((y, w) => w * y),
            squaredValues: sum((y, w) => w * w * y),
            squaredSquares: sum((y, w) => (w * y) ** 2),
          }),
        ]
        expect(other.mean).toBeCloseTo(one.mean, 9)
        expect(other.se).toBeCloseTo(one.se, 5)
        expect(other.ess).toBeCloseTo(one.ess, 9)
      }),
    )
  })

  test('a subject that stands for more counts for more', () => {
    expect(hajekMean({ y: [1, 0], pi: [0.25, 0.75] }).mean).toBeCloseTo(0.75, 12)
    expect(hajekMean({ y: [1, 0], pi: [0.25, 0.75] }).ess).toBeCloseTo(1.6, 12)
  })

  test('the chances spend the budget where none is certain, and never more', () => {
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 80 }), unit, unit, (uncertainty, share, tau) => {
        const budget = share * uncertainty.length
        const chances = activeSamplingProbabilities({ uncertainty, budget, tau })
        const spent = chances.reduce((sum, one) => sum + one, 0)
        expect(spent).toBeLessThanOrEqual(budget + 1e-9)
        if (chances.every((one) => one < 1)) expect(spent).toBeCloseTo(budget, 8)
        for (const [i, one] of chances.entries()) {
          expect(one).toBeGreaterThanOrEqual(Math.min(1, (tau * budget) / uncertainty.length) - 1e-12)
          for (const [j, other] of chances.entries())
            if ((uncertainty[i] ?? 0) > (uncertainty[j] ?? 0)) expect(one).toBeGreaterThanOrEqual(other)
        }
      }),
    )
  })

  test('half of it goes to what is uncertain', () => {
    expect(activeSamplingProbabilities({ uncertainty: [0, 0, 0, 1], budget: 1, tau: 0.5 })).toEqual([
      0.125, 0.125, 0.125, 0.625,
    ])
  })
})

describe('clusters', () => {
  test('of one subject each are no clusters', () => {
    fc.assert(
      fc.property(fc.array(unit, { minLength: 2, maxLength: 60 }), (scores) => {
        const { seIid, seClustered } = clusteredMean({ scores, clusters: scores.map((_, i) => i) })
        expect(seClustered).toBeCloseTo(seIid * Math.sqrt((scores.length - 1) / scores.length), 9)
      }),
    )
  })

  test('a difference of the same subjects turns round with its sides', () => {
    const [a, b, clusters] = [
      [1, 0, 1, 1],
      [0, 0, 1, 0],
      ['x', 'x', 'y', 'z'],
    ]
    const there = pairedClusteredDifference({ a, b, clusters })
    expect(there).toEqual({ ...pairedClusteredDifference({ a: b, b: a, clusters }), difference: 0.5 })
    expect(there.seClustered).toBeCloseTo(clusteredMean({ scores: [1, 0, 0, 1], clusters }).seClustered, 12)
  })
})

describe('agreement', () => {
  test('is 1 of raters who always agree, and no number where there is nothing to disagree about', () => {
    const a = [1, 2, 3, 2]
    const categories = [1, 2, 3]
    expect(cohenKappa({ a, b: a, categories })).toBe(1)
    expect(gwetAc1({ a, b: a, categories })).toBe(1)
    expect(krippendorffAlpha(a.map((one) => [one, one]))).toBe(1)
    expect(cohenKappa({ a: [1, 1], b: [1, 1], categories })).toBeNaN()
    expect(
      krippendorffAlpha([
        [1, 1],
        [1, 1],
      ]),
    ).toBeNaN()
    expect(krippendorffAlpha([[1], [1]])).toBeNaN()
  })

  test('α of two values is that of how many ratings are unlike, as it is defined for verdicts', () => {
    const unlike = (values: readonly number[]): number =>
      values.reduce((sum, one) => sum + values.filter((other) => other !== one).length, 0)
    const subject = fc.array(fc.constantFrom(0, 1), { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(subject, { minLength: 1, maxLength: 30 }), (subjects) => {
        const all = subjects.flat()
        fc.pre(unlike(all) > 0)
        const observed = subjects.reduce((sum, one) => sum + unlike(one) / (one.length - 1), 0)
        const expected = unlike(all) / (all.length - 1)
        expect(krippendorffAlpha(subjects)).toBeCloseTo(1 - observed / expected, 9)
      }),
    )
  })

  test('a judge that lost agreements one way drifted', () => {
    const before = Array.from({ length: 20 }, () => true)
    const now = before.map((_, i) => i >= 8)
    const drift = judgeAnchorDrift({ before, now })
    expect(drift).toMatchObject({ lost: 8, gained: 0 })
    expect(drift.p).toBeCloseTo(2 / 2 ** 8, 12)
    expect(judgeAnchorDrift({ before, now: before })).toEqual({ p: 1, lost: 0, gained: 0 })
  })
})

describe('one judge and several', () => {
  test.each([
    [[4], { mean: 4, median: 4, majority: 4, sd: 0, range: 0 }],
    [[1, 2, 5], { mean: 8 / 3, median: 2, majority: null, sd: Math.sqrt(13 / 3), range: 4 }],
    [[5, 3, 3, 4], { mean: 3.75, median: 3.5, majority: null, sd: Math.sqrt(11 / 12), range: 2 }],
    [[5, 3, 3], { mean: 11 / 3, median: 3, majority: 3, sd: Math.sqrt(4 / 3), range: 2 }],
    [[true, true, false], { mean: 2 / 3, median: 1, majority: true, sd: Math.sqrt(1 / 3), range: 1 }],
    [[true, false], { mean: 0.5, median: 0.5, majority: null, sd: Math.sqrt(0.5), range: 1 }],
  ])('a panel of %j', (scores, expected) => {
    const found = panelAggregate({ scores })
    expect(found.majority).toBe(expected.majority)
    for (const name of ['mean', 'median', 'sd', 'range'] as const) expect(found[name]).toBeCloseTo(expected[name], 12)
  })

  const token = (text: string, chance: number) => ({ token: text, logprob: Math.log(chance) })
  const scale = { low: 1, high: 5 }
  test('the score that the tokens expect', () => {
    const found = logprobExpectedScore({ logprobs: [token('4', 0.5), token(' 5', 0.3), token('The', 0.2)], scale })
    expect(found.score).toBeCloseTo(4.375, 12)
    expect(found.mass).toBeCloseTo(0.8, 12)
    expect(found.mode).toBe(4)
    expect(found.entropy).toBeCloseTo(-(0.625 * Math.log(0.625) + 0.375 * Math.log(0.375)), 12)
  })
  test.each([
    ['little of it on ratings', [token('I', 0.6), token('3', 0.4)], 3],
    ['other numbers', [token('7', 0.9), token('-1', 0.05), token('2.5', 0.05)], null],
    ['nothing', [], null],
  ])('abstains with %s', (_, logprobs, mode) => {
    expect(logprobExpectedScore({ logprobs, scale })).toMatchObject({ score: null, mode })
  })
})

describe('humans and a judge', () => {
  test('too few labels, or a judge that does not follow them: humans alone', () => {
    const labels = Array.from({ length: 29 }, (_, i) => i % 5)
    expect(ppiMean({ labels, judgedLabeled: labels, judgedUnlabeled: [4, 4, 4], alpha: 0.05 })).toMatchObject({
      lambda: 0,
      estimate: labels.reduce((sum, one) => sum + one, 0) / 29,
    })
    const more = [...labels, 1]
    const deaf = more.map(() => 3)
    expect(ppiMean({ labels: more, judgedLabeled: deaf, judgedUnlabeled: [3, 3, 3], alpha: 0.05 }).lambda).toBe(0)
  })

  test('a judge that follows them makes the interval narrower', () => {
    const labels = Array.from({ length: 60 }, (_, i) => (i * 7) % 5)
    const judged = labels.map((label, i) => label + (i % 3) * 0.2)
    const unlabeled = Array.from({ length: 900 }, (_, i) => ((i * 11) % 5) + (i % 3) * 0.2)
    const width = ({ lower, upper }: { lower: number; upper: number }) => upper - lower
    const together = ppiMean({ labels, judgedLabeled: judged, judgedUnlabeled: unlabeled, alpha: 0.05 })
    const alone = ppiMean({
      labels: labels.slice(0, 29),
      judgedLabeled: judged.slice(0, 29),
      judgedUnlabeled: unlabeled,
      alpha: 0.05,
    })
    expect(together.lambda).toBeGreaterThan(0.8)
    expect(width(together)).toBeLessThan(width(alone) / 2)
  })
})

test.each([
  [() => studentTQuantile({ p: 0.5, df: 0 })],
  [() => binomialInverse({ chance: 1, n: 3, p: 0.5 })],
  [() => hedgedBettingInterval({ x: [1.5], alpha: 0.05 })],
  [() => clusteredMean({ scores: [1], clusters: [] })],
  [() => benjaminiHochberg({ p: [Number.NaN], alpha: 0.05 })],
  [() => hajekMean({ y: [1], pi: [0] })],
  [() => activeSamplingProbabilities({ uncertainty: [-1], budget: 1, tau: 0.5 })],
  [() => cohenKappa({ a: [1], b: [4], categories: [1, 2] })],
  [() => panelAggregate({ scores: [] })],
  [() => judgeAnchorDrift({ before: [true], now: [] })],
])('a caller’s mistake throws: %#', (call) => {
  expect(call).toThrow(RangeError)
})
