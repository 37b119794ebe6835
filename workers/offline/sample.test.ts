import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DrawOptions, drawSample, traceProbability } from './sample.ts'

const ids = (n: number) => Array.from({ length: n }, (_, i) => `trace-${i}`)
const signal = new AbortController().signal

type Options = Partial<Omit<DrawOptions, 'subjectsOf'>> &
  Pick<DrawOptions, 'traceIds' | 'size'> & { subjectsOf?: (traceId: string) => string[] }

function draw({ subjectsOf = () => [''], ...options }: Options) {
  return drawSample({
    runId: 'checkout/helpful@2026-11-03T0600Z',
    subjectsOf: async (traceIds) => traceIds.map(subjectsOf),
    readsAtOnce: 3,
    signal,
    ...options,
  })
}

const tracesOf = ({ subjects }: { subjects: { traceId: string }[] }) => subjects.map(({ traceId }) => traceId)

describe('the same slot', () => {
  test('draws the same sample, whatever the order of the population and the reads', async () => {
    const a = await draw({ traceIds: ids(500), size: 20 })
    const b = await draw({ traceIds: ids(500).reverse(), size: 20, readsAtOnce: 50 })
    expect(b.subjects).toEqual(a.subjects)
    expect(a.subjects).toHaveLength(20)
  })

  test('a trace that comes late changes it by one at the most', async () => {
    const before = new Set(tracesOf(await draw({ traceIds: ids(500), size: 20 })))
    const after = tracesOf(await draw({ traceIds: [...ids(500), 'late'], size: 20 }))
    expect(after.filter((id) => !before.has(id)).length).toBeLessThanOrEqual(1)
  })

  test('another slot draws another one', async () => {
    const a = await draw({ traceIds: ids(500), size: 20 })
    const b = await draw({ traceIds: ids(500), size: 20, runId: 'checkout/helpful@2026-11-04T0600Z' })
    expect(tracesOf(b)).not.toEqual(tracesOf(a))
  })
})

test('over many slots every trace is drawn equally often', async () => {
  const drawn = new Map<string, number>()
  for (let slot = 0; slot < 2_000; slot++) {
    const sample = await draw({ traceIds: ids(50), size: 10, runId: `e@${slot}`, readsAtOnce: 50 })
    for (const id of tracesOf(sample)) drawn.set(id, (drawn.get(id) ?? 0) + 1)
  }
  // 400 expected each, standard deviation 17.9; 49 degrees of freedom: the 99.9th percentile of chi-squared is 85.4.
  const chi2 = ids(50).reduce((sum, id) => sum + ((drawn.get(id) ?? 0) - 400) ** 2 / (400 * 0.8), 0)
  expect(chi2).toBeLessThan(85.4)
})

describe('inclusion probability', () => {
  test('is 1 when everything was looked at', async () => {
    for (const size of ['all', 10, 500] as const) {
      const sample = await draw({ traceIds: ids(10), size })
      expect(sample.subjects.map((s) => s.inclusionProbability)).toEqual(Array(10).fill(1))
      expect(sample).toMatchObject({ populationTraces: 10, lookedAtTraces: 10 })
    }
  })

  test('without a scope it is size by population', async () => {
    const sample = await draw({ traceIds: ids(200), size: 50 })
    for (const { inclusionProbability } of sample.subjects) expect(inclusionProbability).toBeCloseTo(50 / 200, 12)
    expect(sample.lookedAtTraces).toBe(50)
  })

  test('its inverse estimates the number in scope without bias', async () => {
    const inScope = new Set(ids(1_000).filter((_, i) => i % 10 < 3))
    const estimates: number[] = []
    for (let slot = 0; slot < 400; slot++) {
      const sample = await draw({
        traceIds: ids(1_000),
        size: 30,
        runId: `e@${slot}`,
        subjectsOf: (id) => (inScope.has(id) ? [''] : []),
      })
      estimates.push(sample.subjects.reduce((sum, s) => sum + 1 / s.inclusionProbability, 0))
    }
    const mean = estimates.reduce((a, b) => a + b, 0) / estimates.length
    // Standard error of the mean: about 300 · √(0.7/30) / √400 = 2.3.
    expect(Math.abs(mean - inScope.size)).toBeLessThan(8)
  })

  test('a trace of which only some spans fit counts by their share', async () => {
    const sample = await draw({ traceIds: ['one'], size: 2, subjectsOf: () => ['a', 'b', 'c', 'd'] })
    expect(sample.subjects.map((s) => s.inclusionProbability)).toEqual([0.5, 0.5])
  })

  test.each([
    [0, 10, 10, false, 1],
    [5, 10, 10, true, 1],
    [1, 4, 8, true, 0.5],
    [3, 5, 100, true, 3 / 50],
    [2, 20, 100, false, 0.2],
  ])('%d found among %d of %d, full %s', (found, lookedAt, population, full, expected) => {
    expect(traceProbability(found, lookedAt, population, full)).toBeCloseTo(expected, 12)
  })

  test('is within (0, 1] always', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(50), fc.boolean(), (found, more, rest, full) => {
        const lookedAt = found + more + 1
        const p = traceProbability(found, lookedAt, lookedAt + rest, full)
        expect(p).toBeGreaterThan(0)
        expect(p).toBeLessThanOrEqual(1)
      }),
    )
  })
})

test('a scope that nothing satisfies is not looked for in all of the store', async () => {
  let reads = 0
  const sample = await draw({
    traceIds: ids(1_000),
    size: 5,
    maxLookedAt: 90,
    subjectsOf: () => {
      reads++
      return []
    },
  })
  expect(sample).toMatchObject({ subjects: [], lookedAtTraces: 90 })
  expect(reads).toBe(90)
})

test.each([
  ['ten subjects each', 10, [200]],
  ['three each', 3, [200, 467]],
  ['one each', 1, [200, 1_800]],
  ['none', 0, [200, 2_000, 2_000, 800]],
])('of traces with %s no more are read than are likely to fill the sample', async (_, each, expected) => {
  const read: number[] = []
  const options = { runId: 'e@1', traceIds: ids(5_000), readsAtOnce: 2_000, signal }
  const subjectsOf = async (traceIds: readonly string[]) => {
    read.push(traceIds.length)
    return traceIds.map(() => Array.from({ length: each }, (_span, i) => `span-${i}`))
  }
  await drawSample({ ...options, size: 2_000, subjectsOf })
  expect(read).toEqual(expected)
  read.length = 0
  await drawSample({ ...options, size: 'all', subjectsOf })
  expect(read).toEqual([2_000, 2_000, 1_000])
})

test('an aborted run stops drawing', async () => {
  await expect(draw({ traceIds: ids(10), size: 5, signal: AbortSignal.abort() })).rejects.toThrow()
})
