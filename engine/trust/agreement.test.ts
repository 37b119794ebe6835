import { describe, expect, test } from 'vitest'
import { cohenKappa, gwetAc1, krippendorffAlpha } from '../statistics/agreement.ts'
import { jackknifeInterval } from '../statistics/jackknife-interval.ts'
import { agreementOf, type JudgedSubject, type Label } from './agreement.ts'

const scale = { low: 1, high: 5 }
const judgedOf = (count: number, of: (i: number) => Partial<JudgedSubject>): JudgedSubject[] =>
  Array.from({ length: count }, (_, i) => ({ key: `t${i}`, isPass: true, score: 5, inclusionProbability: 1, ...of(i) }))
const label = (i: number, isPass: boolean, by = 'ana', score?: number): Label => ({ key: `t${i}`, by, isPass, score })

describe('agreement', () => {
  test('the corrected pass rate is that of the design’s example', () => {
    const judged = judgedOf(2_000, (i) => ({ isPass: i < 1_700 }))
    const labels = [
      ...Array.from({ length: 50 }, (_, i) => label(i, i < 46)),
      ...Array.from({ length: 50 }, (_, i) => label(1_700 + i, i < 12)),
    ]
    const { passRate, verdicts, labelled } = agreementOf(judged, labels, { scale: null })
    expect(labelled).toBe(100)
    expect(passRate.judged?.estimate).toBeCloseTo(0.85, 10)
    expect(passRate.corrected?.estimate).toBeCloseTo(0.818, 6)
    expect(passRate.corrected?.lower).toBeCloseTo(0.73467, 4)
    expect(passRate.corrected?.upper).toBeCloseTo(0.87687, 4)
    // 46 + 38 of 100 alike; by chance 0.5 · 0.58 + 0.5 · 0.42.
    expect(verdicts).toMatchObject({ subjects: 100, agreed: 0.84 })
    expect(verdicts.kappa).toBeCloseTo((0.84 - 0.5) / 0.5, 10)
    expect(verdicts.ac1).toBeGreaterThan(0.6)
    expect(verdicts.alpha).toBeGreaterThan(0.6)
  })

  test('coefficients have intervals; one that was never seen to err has a lower end as well', () => {
    const told = (few: number, errors: number) => {
      const judged = judgedOf(few, (i) => ({ isPass: i % 2 === 0 }))
      const labels = judged.map(({ isPass }, i) => label(i, i < errors ? !isPass : isPass))
      return agreementOf(judged, labels, { scale: null }).verdicts
    }
    const { kappa, alpha, ac1, intervals } = told(50, 5)
    for (const [value, within] of [
      [kappa, intervals.kappa],
      [alpha, intervals.alpha],
      [ac1, intervals.ac1],
    ] as const) {
      expect(value).toBeCloseTo(0.8, 1)
      expect(within?.lower).toBeGreaterThan(0.5)
      expect(within?.lower).toBeLessThan(0.7)
      expect(within?.upper).toBeLessThan(1)
    }
    const perfect = told(50, 0)
    for (const within of Object.values(perfect.intervals)) {
      expect(within?.lower).toBeGreaterThan(0.8)
      expect(within?.lower).toBeLessThan(0.95)
      expect(within?.upper).toBe(1)
    }
    // The fewer they are the less it says.
    expect(told(10, 0).intervals.kappa?.lower).toBeLessThan(0.5)
    expect(told(2, 0).intervals).toEqual({ kappa: null, alpha: null, ac1: null })
  })

  test('where all but one are alike, and judge and people agree on that one too, the interval is wide and not missing', () => {
    const judged = judgedOf(50, (i) => ({ isPass: i > 0, score: i > 0 ? 5 : 2 }))
    const labels = judged.map(({ isPass, score }, i) => label(i, isPass, 'ana', score))
    const { verdicts, scores } = agreementOf(judged, labels, { scale })
    for (const { kappa, alpha, ac1, intervals } of [verdicts, scores!]) {
      expect([kappa, alpha, ac1]).toEqual([1, 1, 1])
      // Without that one there is nothing to disagree about.
      for (const within of [intervals.kappa, intervals.alpha]) {
        expect(within?.lower).toBeGreaterThanOrEqual(-1)
        expect(within?.lower).toBeLessThan(0.5)
        expect(within?.upper).toBe(1)
      }
      expect(intervals.ac1?.lower).toBeGreaterThan(0.8)
    }
  })

  test('coefficients of hundreds are those of all subjects at once, and so are their intervals', () => {
    const judged = judgedOf(450, (i) => ({ score: 1 + (i % 5), isPass: i % 7 > 1 }))
    const scoreBy = (i: number, by: string): number => 1 + ((i * (by === 'ana' ? 3 : 11)) % 23) / 4.6
    const isRated = (i: number, by: string): boolean => by === 'ana' || i % 3 === 0
    const labels = judged.flatMap((_, i) =>
      ['ana', 'ben'].filter((by) => isRated(i, by)).map((by) => label(i, i % 5 > 1, by, scoreBy(i, by))),
    )
    const { verdicts, scores } = agreementOf(judged, labels, { scale })
    const units = judged.map(({ score, isPass }, i) => ({
      isPass,
      saysPass: i % 5 > 1,
      ratings: [score ?? null, ...['ana', 'ben'].map((by) => (isRated(i, by) ? scoreBy(i, by) : null))],
    }))
    type Units = readonly (typeof units)[number][]
    const passes = (of: Units) => ({
      a: of.map(({ isPass }) => isPass),
      b: of.map(({ saysPass }) => saysPass),
      categories: [false, true],
    })
    const byHand = [
      ['kappa', verdicts, (of: Units) => cohenKappa(passes(of))],
      ['ac1', verdicts, (of: Units) => gwetAc1(passes(of))],
      [
        'alpha',
        verdicts,
        (of: Units) =>
          krippendorffAlpha(
            of.map(({ isPass, saysPass, ratings }) =>
              ratings.flatMap((rating, rater) => (rating === null ? [] : Number(rater === 0 ? isPass : saysPass))),
            ),
          ),
      ],
      ['alpha', scores, (of: Units) => krippendorffAlpha(of.map(({ ratings }) => ratings.flatMap((one) => one ?? [])))],
    ] as const
    for (const [name, found, statistic] of byHand) {
      const expected = jackknifeInterval({ units, statistic, alpha: 0.05 })
      expect(found?.[name], name).toBeCloseTo(statistic(units), 10)
      expect(found?.intervals[name]?.lower, name).toBeCloseTo(expected?.lower ?? Number.NaN, 10)
      expect(found?.intervals[name]?.upper, name).toBeCloseTo(expected?.upper ?? Number.NaN, 10)
    }
  })

  test('a generous judge’s mean is brought down by people’s scores', () => {
    const truth = (i: number): number => 1 + (i % 4)
    const judged = judgedOf(400, (i) => ({ score: truth(i) + 1, isPass: truth(i) >= 3 }))
    const labels = Array.from({ length: 60 }, (_, i) => label(i, truth(i) >= 3, 'ana', truth(i)))
    const { meanScore, scores } = agreementOf(judged, labels, { scale })
    expect(meanScore.judged?.estimate).toBeCloseTo(3.5, 10)
    expect(meanScore.corrected?.estimate).toBeCloseTo(2.5, 6)
    expect(meanScore.corrected?.reliance).toBeGreaterThan(0.8)
    expect(scores?.agreed).toBe(0)
    expect(scores?.kappa).toBeGreaterThan(0)
  })

  test('intervals of few labels end where the scale and the rates do', () => {
    const judged = judgedOf(10, (i) => ({ score: i < 5 ? 1 : 5, isPass: i < 9 }))
    const labels = [label(0, true, 'ana', 5), label(9, false, 'ana', 1), label(1, false, 'ana', 1)]
    const { meanScore, passRate } = agreementOf(judged, labels, { scale })
    expect(meanScore.corrected).toMatchObject({ lower: 1, upper: 5 })
    expect(passRate.judged?.upper).toBe(1)
  })

  test('subjects that were drawn less often weigh more', () => {
    const judged = judgedOf(20, (i) => ({ isPass: i < 10, inclusionProbability: i < 10 ? 1 : 0.1 }))
    expect(agreementOf(judged, [], { scale }).passRate.judged?.estimate).toBeCloseTo(10 / 110, 10)
  })

  test('people who differ are counted by their majority; a draw is none', () => {
    const judged = judgedOf(3, () => ({}))
    const labels = [
      label(0, true),
      label(0, false, 'ben'),
      label(0, true, 'cleo'),
      label(1, true),
      label(1, false, 'ben'),
    ]
    const { verdicts, people, labelled } = agreementOf(judged, labels, { scale })
    expect({ people, labelled }).toEqual({ people: ['ana', 'ben', 'cleo'], labelled: 2 })
    expect(verdicts).toMatchObject({ subjects: 1, agreed: 1, kappa: null })
  })

  test('on a scale of a thousand levels too, of which no table of all pairs is made', () => {
    const judged = judgedOf(300, (i) => ({ score: (i * 7) % 1_001, isPass: true }))
    const labels = judged.map(({ score = 0 }, i) => label(i, true, 'ana', Math.min(1_000, score + (i % 9))))
    const { scores } = agreementOf(judged, labels, { scale: { low: 0, high: 1_000 } })
    expect(scores?.kappa).toBeGreaterThan(0.99)
    expect(scores?.kappa).toBeLessThan(1)
    expect(scores?.intervals.kappa?.lower).toBeGreaterThan(0.99)
    expect(scores?.intervals.ac1?.upper).toBeLessThan(0.2)
  })

  test('nothing is told of nothing', () => {
    expect(agreementOf([], [], { scale })).toMatchObject({
      judged: 0,
      labelled: 0,
      verdicts: { kappa: null },
      scores: null,
      passRate: { judged: null, corrected: null },
      meanScore: { judged: null, corrected: null },
    })
  })
})
