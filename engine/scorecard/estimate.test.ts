/** Intervals of what is clustered, weighted, few or a quantile, against those of independent subjects. */
import { expect, test } from 'vitest'
import { clusteredMean } from '../statistics/clustered-mean.ts'
import { hajekMean } from '../statistics/hajek-mean.ts'
import { hedgedBettingInterval } from '../statistics/hedged-betting-interval.ts'
import { newcombeDifference } from '../statistics/newcombe-difference.ts'
import { wilsonInterval } from '../statistics/wilson-interval.ts'
import { changeOf, estimate, type Tally } from './estimate.ts'

interface Subject {
  readonly cluster: number
  readonly isPass: boolean
  readonly score: number
  readonly weight: number
}

/** As the store adds them up. */
function tallyOf(subjects: readonly Subject[], few: readonly number[] = []): Tally {
  const clusters = new Map<number, number[]>()
  for (const { cluster, isPass, score, weight } of subjects) {
    const v = clusters.get(cluster) ?? [0, 0, 0, 0, 0, 0]
    const more = [isPass ? weight : 0, isPass ? 0 : weight, 0, 0, weight * score, weight]
    clusters.set(
      cluster,
      v.map((x, i) => x + more[i]!),
    )
  }
  const all = [...clusters.values()]
  const sum = (of: (v: number[]) => number): number => all.reduce((total, v) => total + of(v), 0)
  const pass = subjects.filter(({ isPass }) => isPass).length
  const bins = new Map<number, number>()
  for (const { score } of subjects) bins.set(score, (bins.get(score) ?? 0) + 1)
  return {
    group: {},
    counts: { pass, fail: subjects.length - pass, unknown: 0, error: 0 },
    scored: subjects.length,
    clusters: all.length,
    sums: Array.from({ length: 6 }, (_, i) => sum((v) => v[i]!)),
    products: Array.from({ length: 6 }, (_, i) => i).flatMap((i) =>
      Array.from({ length: 6 - i }, (_, k) => sum((v) => v[i]! * v[i + k]!)),
    ),
    bins: [...bins].map(([score, count]) => [score, count, score] as const),
    few,
    costMicroUsd: 0,
  }
}

const alone = (n: number, pass: number): Subject[] =>
  Array.from({ length: n }, (_, i) => ({ cluster: i, isPass: i < pass, score: 1 + (i % 5), weight: 1 }))
const twice = (subjects: readonly Subject[]): Subject[] => [...subjects, ...subjects]

test('a rate of independent subjects has the interval of Wilson, and its change that of Newcombe', () => {
  const now = estimate('pass_rate', tallyOf(alone(50, 45)), null)
  const { lower, upper } = wilsonInterval({ k: 45, n: 50, alpha: 0.05 })
  expect(now.interval!.low).toBeCloseTo(lower, 10)
  expect(now.interval!.high).toBeCloseTo(upper, 10)
  const before = estimate('pass_rate', tallyOf(alone(80, 60)), null)
  const newcombe = newcombeDifference({ k1: 45, n1: 50, k2: 60, n2: 80, alpha: 0.05 })
  expect(changeOf(now, before)!.interval!.low).toBeCloseTo(newcombe.lower, 10)
  expect(changeOf(now, before)!.interval!.high).toBeCloseTo(newcombe.upper, 10)
})

test('subjects that come in pairs of the same tell no more than one of each', () => {
  const once = estimate('pass_rate', tallyOf(alone(50, 45)), null)
  const paired = estimate('pass_rate', tallyOf(twice(alone(50, 45))), null)
  expect(paired.n).toBe(100)
  expect(paired.interval!.low).toBeCloseTo(once.interval!.low, 10)
  expect(estimate('pass_rate', tallyOf(twice(alone(4, 4))), null).interval).toEqual(
    estimate('pass_rate', tallyOf(alone(4, 4)), null).interval,
  )
})

test('a mean has the standard error of its clusters, and of its weights', () => {
  const subjects = twice(alone(40, 20))
  const { seClustered, mean } = clusteredMean({
    scores: subjects.map(({ score }) => score),
    clusters: subjects.map(({ cluster }) => cluster),
  })
  const found = estimate('mean', tallyOf(subjects), null)
  expect(found.value).toBeCloseTo(mean, 10)
  // Student's t of 39 degrees of freedom; CR0 times 40/39.
  expect(found.interval!.high - mean).toBeCloseTo(2.0226909 * seClustered * Math.sqrt(40 / 39), 5)
  const drawn = alone(60, 30).map((one, i) => ({ ...one, weight: i % 2 === 0 ? 1 : 4 }))
  const hajek = hajekMean({ y: drawn.map(({ score }) => score), pi: drawn.map(({ weight }) => 1 / weight) })
  const weighted = estimate('mean', tallyOf(drawn), null)
  expect(weighted.value).toBeCloseTo(hajek.mean, 10)
  expect(weighted.interval!.high - hajek.mean).toBeCloseTo(2.0009954 * hajek.se * Math.sqrt(60 / 59), 5)
})

test('few scores within bounds have the interval of betting', () => {
  const scores = [1, 5, 5, 4, 5]
  const few = scores.map((score, i) => ({ cluster: i, isPass: true, score, weight: 1 }))
  const found = estimate('mean', tallyOf(few, scores), { low: 1, high: 5 })
  const { lower, upper } = hedgedBettingInterval({ x: scores.map((score) => (score - 1) / 4), alpha: 0.05 })
  expect(found).toMatchObject({ value: 4, method: 'betting', interval: { low: 1 + lower * 4, high: 1 + upper * 4 } })
})

test('one trace that was judged in three runs tells what one tells', () => {
  const judged = Array.from({ length: 3 }, () => ({ cluster: 0, isPass: true, score: 1, weight: 1 }))
  const scale = { low: 0, high: 1 }
  const found = estimate('mean', tallyOf(judged, [1]), scale)
  expect(found).toEqual({ value: 1, n: 3, interval: scale, method: 'betting' })
  // Another trace that has no score is no second one.
  expect(estimate('mean', { ...tallyOf(judged, [1]), clusters: 2 }, scale).interval).toEqual(scale)
  expect(estimate('pass_rate', tallyOf(judged), null).interval).toEqual(
    estimate('pass_rate', tallyOf(judged.slice(0, 1)), null).interval,
  )
  // Of what has no bounds nothing is known of the spread, and so of no change of it.
  const unbounded = estimate('mean', tallyOf(judged, [1]), null)
  expect(unbounded.interval).toBeNull()
  expect(changeOf(unbounded, { ...unbounded, value: 2 })).toMatchObject({ delta: -1, isClear: false })
})

test('clusters that all say the same give an interval that narrows with their number', () => {
  const scale = { low: 1, high: 5 }
  const widthOf = (n: number): number => {
    const all = twice(Array.from({ length: n }, (_, i) => ({ cluster: i, isPass: true, score: 5, weight: 1 })))
    const few = n < 30 ? Array.from({ length: n }, () => 5) : []
    const { interval } = estimate('mean', tallyOf(all, few), scale)
    expect(interval!.high).toBe(5)
    return interval!.high - interval!.low
  }
  const widths = [1, 3, 10, 29, 30, 300].map(widthOf)
  expect(widths).toEqual(widths.toSorted((a, b) => b - a))
  expect(widths[0]).toBe(4)
  expect(widths.at(-1)).toBeGreaterThan(0)
  // Sums of such scores are not exact.
  const tenths = twice(
    Array.from({ length: 41 }, (_, i) => ({ cluster: i, isPass: true, score: 0.7, weight: 1 / 0.3 })),
  )
  const { low, high } = estimate('mean', tallyOf(tenths), { low: 0, high: 1 }).interval!
  expect(high - low).toBeGreaterThan(0.01)
  expect(estimate('mean', tallyOf(tenths), null).interval).toBeNull()
})

test('of few clusters that are not alike the interval is no narrower than betting, nor than that of the clusters', () => {
  const subjects = [5, 1, 4, 5, 2].map((score, i) => ({ cluster: i, isPass: true, score, weight: i === 0 ? 8 : 1 }))
  const few = subjects.map(({ score }) => score)
  const found = estimate('mean', tallyOf(subjects, few), { low: 1, high: 5 })
  const plain = estimate('mean', tallyOf(subjects), null).interval!
  const { lower, upper } = hedgedBettingInterval({ x: few.map((score) => (score - 1) / 4), alpha: 0.05 })
  expect(found.interval!.low).toBeCloseTo(Math.max(1, Math.min(1 + lower * 4, plain.low)), 10)
  expect(found.interval!.high).toBeCloseTo(Math.min(5, Math.max(1 + upper * 4, plain.high)), 10)
})

test('a quantile lies between ranks, and has no interval where there are too few above it', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => ({ cluster: i, isPass: true, score: i + 1, weight: 1 }))
  expect(estimate('p50', tallyOf(many), null)).toMatchObject({
    value: 500,
    interval: { low: 469, high: 532 },
    method: 'ranks',
  })
  expect(estimate('p99', tallyOf(many.slice(0, 50)), null)).toMatchObject({ value: 50, interval: null })
})
