import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hajekMean } from '../../engine/statistics/hajek-mean.ts'
import { drawByStrata, shareOut } from './strata.ts'

const { signal } = new AbortController()
const ids = (n: number) => Array.from({ length: n }, (_, i) => `trace-${i}`)
/** Of a hundred traces: ninety of the usual version, ten of a new one. */
const versionOf = (traceId: string): string => (Number(traceId.slice(6)) % 10 === 0 ? 'new' : 'usual')

const draw = (over: Partial<Parameters<typeof drawByStrata>[0]> = {}) =>
  drawByStrata({
    runId: 'checkout/helpful@2026-11-03T0600Z',
    traceIds: ids(1_000),
    size: 60,
    candidatesOf: async (traceIds) => traceIds.map((id) => [{ spanId: '', stratum: versionOf(id) }]),
    readsAtOnce: 7,
    signal,
    ...over,
  })

describe('a stratified sample', () => {
  test('has as many of a rare stratum as of the usual one, with their probabilities', async () => {
    const { subjects } = await draw()
    const rare = subjects.filter(({ traceId }) => versionOf(traceId) === 'new')
    expect(subjects).toHaveLength(60)
    expect(rare).toHaveLength(30)
    for (const one of rare) expect(one.inclusionProbability).toBeCloseTo(30 / 100, 12)
    for (const one of subjects.filter((other) => !rare.includes(other)))
      expect(one.inclusionProbability).toBeCloseTo(30 / 900, 12)
    // Side by side: of the first half of the sample about half are rare.
    const early = subjects.slice(0, 30).filter(({ traceId }) => versionOf(traceId) === 'new').length
    expect(early).toBeGreaterThan(6)
    expect(early).toBeLessThan(24)
  })

  test('is the same for the same slot, whatever the order of population and reads', async () => {
    const [a, b, c] = [
      await draw(),
      await draw({ traceIds: ids(1_000).reverse(), readsAtOnce: 100 }),
      await draw({ runId: 'x@2' }),
    ]
    expect(b.subjects).toEqual(a.subjects)
    expect(c.subjects).not.toEqual(a.subjects)
  })

  test('estimates the mean of the population without bias', async () => {
    const scoreOf = (traceId: string): number => (versionOf(traceId) === 'new' ? 0 : 1)
    const means: number[] = []
    for (let slot = 0; slot < 50; slot++) {
      const { subjects } = await draw({ runId: `x@${slot}` })
      const pi = subjects.map(({ inclusionProbability }) => inclusionProbability)
      means.push(hajekMean({ y: subjects.map(({ traceId }) => scoreOf(traceId)), pi }).mean)
    }
    for (const mean of means) expect(mean).toBeCloseTo(0.9, 10)
  })

  test('gives every subject a chance where there are more strata than it can hold', async () => {
    const { subjects } = await draw({
      size: 20,
      candidatesOf: async (traceIds) => traceIds.map((id) => [{ spanId: '', stratum: id }]),
    })
    expect(subjects).toHaveLength(20)
    const estimated = subjects.reduce((sum, { inclusionProbability }) => sum + 1 / inclusionProbability, 0)
    expect(estimated).toBeCloseTo(1_000, 6)
  })

  test('of a population that is looked at in part counts that', async () => {
    const sample = await draw({ maxLookedAt: 500 })
    expect(sample).toMatchObject({ populationTraces: 1_000, lookedAtTraces: 500 })
    const estimated = sample.subjects.reduce((sum, { inclusionProbability }) => sum + 1 / inclusionProbability, 0)
    expect(estimated).toBeCloseTo(1_000, 6)
  })
})

test('shares are equal as far as strata reach, and use what there is', () => {
  expect(shareOut([100, 2, 100], 42)).toEqual([20, 2, 20])
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.nat(200), (sizes, size) => {
      const shares = shareOut(sizes, size)
      const total = sizes.reduce((sum, one) => sum + one, 0)
      expect(shares.reduce((sum, one) => sum + one, 0)).toBe(Math.min(size, total))
      expect(shares.every((share, i) => share <= sizes[i]!)).toBe(true)
    }),
  )
})
