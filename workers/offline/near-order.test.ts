import { expect, test } from 'vitest'
import { nearTogether } from './near-order.ts'
import { rankBySeed } from './sample.ts'

const drawn = (count: number): { traceId: string; spanId: string }[] =>
  rankBySeed(
    'run',
    Array.from({ length: count }, (_, i) => i.toString(16).padStart(32, '0')),
  ).map((traceId) => ({ traceId, spanId: '' }))

test('each tenth of a large sample is in the order of its ids, and the same tenth as before', () => {
  const sample = drawn(10_000)
  const ordered = nearTogether(sample)
  expect(ordered).toHaveLength(sample.length)
  for (let from = 0; from < sample.length; from += 1_000) {
    const ids = ordered.slice(from, from + 1_000).map(({ traceId }) => traceId)
    const before = sample.slice(from, from + 1_000).map(({ traceId }) => traceId)
    expect(ids).toEqual(before.toSorted())
  }
})

test('a sample of what is read at once, ten times, stays as it was drawn', () => {
  for (const count of [0, 1, 500, 2_000]) expect(nearTogether(drawn(count))).toEqual(drawn(count))
})

test('spans of one trace stay together, in the order in which they were drawn', () => {
  const sample = drawn(3_000).flatMap(({ traceId }) => ['b', 'a'].map((spanId) => ({ traceId, spanId })))
  const ordered = nearTogether(sample)
  const places = ordered.map(({ traceId, spanId }, place) => ({ traceId, spanId, place }))
  for (const { traceId, spanId, place } of places)
    if (spanId === 'b') expect(ordered[place + 1]).toEqual({ traceId, spanId: 'a' })
})
