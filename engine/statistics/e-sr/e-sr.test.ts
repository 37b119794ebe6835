/** The reference values of the design, the arithmetic by hand, and what the detector promises. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mixDecomposition } from '../mix-decomposition.ts'
import { normalQuantile } from '../normal-quantile.ts'
import { fitBaseline, POOLED_STRATUM, type StratumSums } from './baseline.ts'
import { esrBets, esrLogE, esrThreshold } from './bets.ts'
import { esrPlanner } from './planner.ts'
import { quantileBaselineBound } from './quantile-baseline-bound.ts'
import { esrRecoveryBet, esrRecoveryStep, RECOVERY_THRESHOLD } from './recovery.ts'
import { ESR_START, type EsrBaseline, type EsrLook, type EsrState, esrEvidence, esrMargin, esrStep } from './step.ts'

/** Passes and fails of independent traces; so many in the reference that its mean is known. */
const known: EsrBaseline = { strata: { all: { mean: 0.9, variance: 0.09, n: 1e12 } }, phi: 1, meanPerLook: 50 }
const look = (fails: number, of = 50, key = 'all'): EsrLook => ({
  hours: 1,
  strata: { [key]: { values: [0, 1], counts: [fails, of - fails] } },
})
const run = (fails: readonly number[], baseline = known): EsrState[] => {
  const states: EsrState[] = []
  for (const count of fails) states.push(esrStep(states.at(-1) ?? ESR_START, look(count), baseline))
  return states
}

describe('reference values', () => {
  const fails = [5, 4, 6, 5, 3, 9, 10, 8, 11, 9, 12, 10]
  test('the alarm comes at look 11', () => {
    const statistics = run(fails).map(({ statistic }) => statistic as number)
    const threshold = Math.log(esrThreshold({ hours: 720, alpha: 0.03, monitors: 1 }))
    expect(statistics[0]).toBeCloseTo(-0.7746, 4)
    expect(statistics[10]).toBeCloseTo(11.1336, 3)
    expect(statistics.findIndex((statistic) => statistic >= threshold)).toBe(10)
    expect(esrThreshold({ hours: 720, alpha: 0.03, monitors: 1 })).toBeCloseTo(24_000, 8)
  })

  test('the planner', () => {
    const { hours } = esrPlanner({ mean: 0.9, drop: 0.05, perHour: 200, phi: 1, margin: 0.0024, c: 24_000 })
    expect(hours).toBeCloseTo(5.706, 3)
    expect(esrPlanner({ mean: 0.9, drop: 0.001, perHour: 200, phi: 1, margin: 0.0024, c: 24_000 }).hours).toBe(
      Number.POSITIVE_INFINITY,
    )
  })

  test('p99 takes 390 reference traces', () => {
    expect(quantileBaselineBound({ n0: 389, tau: 0.99, alphaB: 0.02 }).feasible).toBe(false)
    expect(quantileBaselineBound({ n0: 390, tau: 0.99, alphaB: 0.02 })).toEqual({ rank: 390, feasible: true })
  })

  test('bets are bounded by what one observation may cost', () => {
    const bets = esrBets({ mean: 0.999, sd: 0.01 })
    expect(bets.map((bet) => bet.toFixed(3))).toEqual(['5.000', '10.000', '20.000', '40.000', '80.000'])
    expect(esrBets({ mean: 0.5, sd: 0.1 })[4]).toBe(1.8)
    const [smallest] = esrLogE({ mean: 0.5, sd: 0.1, values: [1], counts: [1], phi: 1 }).slice(4)
    expect(smallest).toBeCloseTo(Math.log(0.1), 12)
  })
})

describe('a baseline', () => {
  const sums = (n: number, passes: number): StratumSums => ({ n, sum: passes, sumSquares: passes })
  const hourly = (passes: readonly number[]) => ({
    looks: passes.map((count) => ({ strata: { all: sums(50, count) } })),
  })

  test('has the mean, variance and size of each stratum, and pools the small ones', () => {
    const looks = [
      { strata: { big: sums(90, 81), small: sums(30, 15), tiny: sums(3, 0) } },
      { strata: { big: sums(110, 99), small: sums(40, 20) } },
    ]
    const { strata, meanPerLook } = fitBaseline({ looks })
    expect(Object.keys(strata).sort()).toEqual([POOLED_STRATUM, 'big'])
    expect(strata.big?.mean).toBeCloseTo(0.9, 12)
    expect(strata.big?.variance).toBeCloseTo(0.09, 12)
    expect(strata[POOLED_STRATUM]).toMatchObject({ n: 73, mean: 35 / 73 })
    expect(meanPerLook).toBe(273 / 2)
  })

  test('is not overdispersed where hours vary as independent subjects do, and is where they vary more', () => {
    expect(fitBaseline(hourly([45, 45, 45, 45])).phi).toBe(1)
    // By hand: E = 45, V = 4.5; ((5² + 5² + 5² + 5²) / 4.5) / 3.
    expect(fitBaseline(hourly([40, 50, 40, 50])).phi).toBeCloseTo(100 / 4.5 / 3, 9)
  })

  test('sees a daily shock that no hour shows', () => {
    // Each day by itself: three passes an hour more or less than expected.
    const days = [48, 42, 48, 42].flatMap((count) => Array.from({ length: 24 }, () => count))
    const ofHours = (96 * 9) / 4.5 / 95
    const ofDays = (4 * (72 * 72)) / (24 * 4.5) / 3
    expect(fitBaseline(hourly(days)).phi).toBeCloseTo(Math.max(ofHours, ofDays), 9)
    expect(ofDays).toBeGreaterThan(20 * ofHours)
  })

  test('of nothing is nothing', () => {
    expect(fitBaseline({ looks: [] })).toEqual({ strata: {}, phi: 1, meanPerLook: 0 })
  })

  test('takes a stratum called like a property of objects for one of its own', () => {
    const { strata } = fitBaseline({ looks: [{ strata: { constructor: sums(200, 100) } }] })
    expect(strata['constructor' as string]?.mean).toBe(0.5)
    const found = esrEvidence(look(5, 50, 'toString'), { strata, phi: 1, meanPerLook: 50 })
    expect(found).toEqual({})
  })
})

describe('a look', () => {
  test('without observations brings no evidence, only time', () => {
    const empty = esrStep(ESR_START, { hours: 1, strata: {} }, known)
    expect(empty.statistic).toBeCloseTo(0, 12)
    expect(esrStep(empty, { hours: 2, strata: { all: { values: [], counts: [] } } }, known).statistic).toBeCloseTo(
      Math.log(3),
      12,
    )
  })

  test('of a stratum without a baseline is left out, with the pooled one is judged by it', () => {
    expect(esrEvidence(look(50, 50, 'new'), known)).toEqual({})
    const pooled = { ...known, strata: { [POOLED_STRATUM]: known.strata.all! } }
    expect(esrEvidence(look(9, 50, 'new'), pooled).new).toEqual(esrEvidence(look(9), known).all)
  })

  test('counts for less where the traffic is clustered, and for less still when there is much of it', () => {
    const clustered = { ...known, phi: 3 }
    const of = (fails: number, n: number, baseline: EsrBaseline): number =>
      esrEvidence(look(fails, n), baseline).all?.[2] as number
    const drop = { fails: 20, n: 50 }
    // The margin is nothing here: the mean is known.
    expect(of(drop.fails, drop.n, clustered)).toBeCloseTo(of(drop.fails, drop.n, known) / 3, 4)
    expect(of(40, 100, clustered)).toBeCloseTo(of(40, 100, known) / 5, 4)
  })

  test('is held against what is surely the mean, less what is of no interest', () => {
    const baseline = { strata: { all: { mean: 0.9, variance: 0.09, n: 900 } }, phi: 4, meanPerLook: 50 }
    const mix = [{ stratum: baseline.strata.all, weight: 1 }]
    expect(esrMargin(mix, baseline)).toBeCloseTo(normalQuantile(0.98) * Math.sqrt((4 * 0.09) / 900), 12)
    expect(esrMargin(mix, { ...baseline, tolerance: 0.2 })).toBe(0.2)
  })

  test('adds up over strata', () => {
    const baseline: EsrBaseline = {
      ...known,
      strata: { a: { mean: 0.9, variance: 0.09, n: 1e12 }, b: { mean: 0.6, variance: 0.24, n: 1e12 } },
    }
    const both: EsrLook = {
      hours: 1,
      strata: { a: { values: [0, 1], counts: [3, 22] }, b: { values: [0, 1], counts: [15, 10] } },
    }
    const evidence = esrEvidence(both, baseline)
    const sum = evidence.a!.map((logE, k) => logE + evidence.b![k]!)
    const { logCapital } = esrStep(ESR_START, both, baseline)
    for (const [k, log] of logCapital.entries()) expect(log).toBeCloseTo(sum[k] as number, 10)
  })

  const counts = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 })
  test('after another goes on from plain JSON', () => {
    fc.assert(
      fc.property(counts, (fails) => {
        const states = run(fails)
        const resumed = fails.reduce(
          (state, count) => esrStep(JSON.parse(JSON.stringify(state)) as EsrState, look(count), known),
          ESR_START,
        )
        expect(resumed).toEqual(states.at(-1))
      }),
    )
  })

  test('with more failures never makes the statistic smaller', () => {
    fc.assert(
      fc.property(counts, fc.nat(), (fails, at) => {
        const worse = fails.map((count, i) => (i === at % fails.length ? Math.min(50, count + 1) : count))
        expect(run(worse).at(-1)!.statistic!).toBeGreaterThanOrEqual(run(fails).at(-1)!.statistic! - 1e-9)
      }),
    )
  })

  test('needs time to have passed', () => {
    expect(() => esrStep(ESR_START, { hours: 0, strata: {} }, known)).toThrow(RangeError)
  })
})

test('twenty months without a change raise fewer false alarms than were granted', () => {
  // A linear congruential generator (Numerical Recipes' constants): the same months each time.
  let seed = 7
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32
  }
  const threshold = Math.log(esrThreshold({ hours: 720, alpha: 0.03, monitors: 1 }))
  let alarms = 0
  for (let month = 0; month < 20; month++) {
    let state = ESR_START
    for (let hour = 0; hour < 720 && (state.statistic ?? 0) < threshold; hour++) {
      let fails = 0
      for (let i = 0; i < 50; i++) if (random() < 0.1) fails++
      state = esrStep(state, look(fails), known)
    }
    if ((state.statistic ?? 0) >= threshold) alarms++
  }
  expect(alarms).toBeLessThanOrEqual(1)
})

describe('recovery', () => {
  const bet = esrRecoveryBet({ pAlarm: 0.8, pBase: 0.9 })
  test('is bet on from a third of the way back', () => {
    expect(bet.level).toBeCloseTo(0.8 + 0.1 / 3, 12)
    expect(bet.bet).toBeCloseTo((0.9 - bet.level) / (bet.level * (1 - bet.level)), 12)
  })
  const capitalAfter = (looks: number, fails: number): number => {
    let logCapital: number | null = null
    for (let i = 0; i < looks; i++)
      logCapital = esrRecoveryStep(logCapital, { hours: 1, phi: 1, values: [0, 1], counts: [fails, 50 - fails] }, bet)
    return logCapital as number
  }
  test('is seen within a day when the mean is back, and not while it is down', () => {
    expect(capitalAfter(24, 5)).toBeGreaterThan(Math.log(RECOVERY_THRESHOLD))
    expect(capitalAfter(24, 10)).toBeLessThan(Math.log(RECOVERY_THRESHOLD))
  })
  test('from a base of 1 a failure costs much, and not everything', () => {
    const sure = esrRecoveryBet({ pAlarm: 0.7, pBase: 1 })
    expect(esrRecoveryStep(null, { hours: 1, phi: 1, values: [0], counts: [1] }, sure)).toBeCloseTo(Math.log(0.1), 9)
    expect(() => esrRecoveryBet({ pAlarm: 0.9, pBase: 0.8 })).toThrow(RangeError)
  })
})

describe('a change of the whole', () => {
  test('by the mix alone, by rates alone', () => {
    const p = [0.97, 0.75]
    expect(mixDecomposition({ w0: [0.8, 0.2], w1: [0.5, 0.5], p0: p, p1: p })).toMatchObject({ rateEffect: 0 })
    expect(mixDecomposition({ w0: [0.8, 0.2], w1: [0.8, 0.2], p0: p, p1: [0.9, 0.7] })).toMatchObject({ mixEffect: 0 })
  })
  test('is the sum of both effects', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true })
    const stratum = fc.record({ w0: unit, w1: unit, p0: unit, p1: unit })
    fc.assert(
      fc.property(fc.array(stratum, { minLength: 1, maxLength: 8 }), (strata) => {
        const [w0, w1, p0, p1] = (['w0', 'w1', 'p0', 'p1'] as const).map((name) => strata.map((one) => one[name]))
        const { delta, rateEffect, mixEffect } = mixDecomposition({ w0: w0!, w1: w1!, p0: p0!, p1: p1! })
        const whole = strata.reduce((sum, one) => sum + one.w1 * one.p1 - one.w0 * one.p0, 0)
        expect(delta).toBeCloseTo(whole, 10)
        expect(rateEffect + mixEffect).toBeCloseTo(delta, 10)
      }),
    )
  })
})
