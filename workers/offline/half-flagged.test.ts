import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hajekMean } from '../../engine/statistics/hajek-mean.ts'
import { drawHalfFlagged } from './half-flagged.ts'
import type { Sample } from './sample.ts'

/** Traces 0…n−1 with one subject each; every `each`th is flagged. */
function draw(n: number, size: number, each: number, runId: string, maxLookedAt?: number): Promise<Sample> {
  return drawHalfFlagged({
    runId,
    traceIds: Array.from({ length: n }, (_, i) => String(i)),
    size,
    candidatesOf: async (ids) => ids.map(() => [{ spanId: '', stratum: '' }]),
    isFlagged: (traceId) => Number(traceId) % each === 0,
    readsAtOnce: 50,
    ...(maxLookedAt !== undefined && { maxLookedAt }),
    signal: new AbortController().signal,
  })
}
const runs = (count: number): string[] => Array.from({ length: count }, (_, i) => `test/it@${i}`)

describe('half of a sample where something is flagged', () => {
  test('the same run draws the same', async () => {
    expect(await draw(500, 40, 10, 'a@1')).toEqual(await draw(500, 40, 10, 'a@1'))
    expect(await draw(500, 40, 10, 'a@1')).not.toEqual(await draw(500, 40, 10, 'a@2'))
  })

  test('has its size, and each subject the probability that statistics.md names', async () => {
    const { subjects } = await draw(1_000, 100, 10, 'a@1')
    expect(subjects).toHaveLength(100)
    // τB/N + (1 − τ)B u/Σu, with τ = ½, B = 100, N = 1,000, Σu = 100.
    for (const { traceId, inclusionProbability } of subjects)
      expect(inclusionProbability).toBeCloseTo(Number(traceId) % 10 === 0 ? 0.05 + 0.5 : 0.05, 12)
  })

  test('over many runs each is drawn as often as its probability says, and the even half from all alike', async () => {
    const [n, size] = [60, 20]
    const drawn = new Map<string, { all: number; even: number; probability: number }>()
    const seeds = runs(3_000)
    for (const runId of seeds)
      for (const { traceId, inclusionProbability, drawnFor } of (await draw(n, size, 4, runId)).subjects) {
        const one = drawn.get(traceId) ?? { all: 0, even: 0, probability: inclusionProbability }
        one.all++
        if (drawnFor === undefined) one.even++
        drawn.set(traceId, one)
      }
    expect(drawn.size).toBe(n)
    // Five standard errors of a share of 3,000.
    const near = (count: number, p: number): void =>
      expect(Math.abs(count / seeds.length - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / seeds.length))
    for (const { all, even, probability } of drawn.values()) {
      near(all, probability)
      near(even, size / 2 / n)
    }
  })

  test('the weighted mean of it is the mean of the population, though half of it was not drawn evenly', async () => {
    // What is flagged fails; of the rest a tenth does: 30% of all.
    const fails = (id: string): number => (Number(id) % 5 === 0 || Number(id) % 10 === 3 ? 1 : 0)
    const means = await Promise.all(
      runs(300).map(async (runId) => {
        const { subjects } = await draw(1_000, 100, 5, runId)
        const y = subjects.map(({ traceId }) => fails(traceId))
        const pi = subjects.map(({ inclusionProbability }) => inclusionProbability)
        return { weighted: hajekMean({ y, pi }).mean, plain: y.reduce((sum, one) => sum + one, 0) / y.length }
      }),
    )
    const meanOf = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length
    expect(meanOf(means.map(({ weighted }) => weighted))).toBeCloseTo(0.3, 1)
    expect(meanOf(means.map(({ plain }) => plain))).toBeGreaterThan(0.5)
  })

  test('with few flagged all of them are drawn, and the rest of the sample evenly', async () => {
    const { subjects } = await draw(1_000, 100, 100, 'a@1')
    expect(subjects.filter(({ traceId }) => Number(traceId) % 100 === 0)).toHaveLength(10)
    expect(subjects).toHaveLength(100)
    const others = subjects.filter(({ traceId }) => Number(traceId) % 100 !== 0)
    for (const { inclusionProbability, drawnFor } of others) {
      expect(inclusionProbability).toBeCloseTo(90 / 990, 12)
      expect(drawnFor).toBeUndefined()
    }
  })

  test('with nothing flagged it is an even sample; of a small population all', async () => {
    const even = await draw(1_000, 100, 10_000, 'a@1')
    expect(even.subjects).toHaveLength(100)
    const { subjects } = await draw(7, 10, 2, 'a@1')
    expect(subjects.map(({ inclusionProbability, drawnFor }) => [inclusionProbability, drawnFor])).toEqual(
      Array(7).fill([1, undefined]),
    )
  })

  test('where not all of the population was looked at, that is in the probabilities', async () => {
    const whole = await draw(500, 40, 10, 'a@1', 250)
    expect(whole).toMatchObject({ populationTraces: 500, lookedAtTraces: 250 })
    for (const { inclusionProbability } of whole.subjects) expect(inclusionProbability).toBeLessThanOrEqual(0.5)
  })

  test('never more than its size, never a subject twice, no probability out of range', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 120 }),
        fc.integer({ min: 2, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.string(),
        async (n, size, each, runId) => {
          const { subjects } = await draw(n, size, each, runId)
          expect(subjects.length).toBeLessThanOrEqual(size)
          expect(new Set(subjects.map(({ traceId }) => traceId)).size).toBe(subjects.length)
          for (const { inclusionProbability: p } of subjects) expect(p > 0 && p <= 1).toBe(true)
        },
      ),
      { numRuns: 100 },
    )
  })
})
