/** Units of a large sample, read part by part. */
import { expect, test } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { unitsInParts } from './subjects.ts'

const idOf = (i: number): string => i.toString(16).padStart(32, '0')

test('they are read in the order of the store, each once, and the next part while one is looked at', async () => {
  const asked: string[][] = []
  const getTraces = async (_: string, ids: readonly string[]) => {
    asked.push([...ids])
    return new Map(ids.map((id) => [id, [makeSpan({ traceId: id, spanId: '1'.repeat(16) })]]))
  }
  const ids = Array.from({ length: 450 }, (_, i) => idOf((i * 7) % 450))
  const seen: string[] = []
  const askedBy: number[] = []
  for await (const views of unitsInParts(
    { getTraces },
    'default',
    ids.map((traceId) => ({ traceId })),
  )) {
    seen.push(...views.keys())
    askedBy.push(asked.length)
  }
  expect(asked.map(({ length }) => length)).toEqual([200, 200, 50])
  expect(seen).toEqual(ids.toSorted())
  expect(askedBy).toEqual([2, 3, 3])
})

test('a part that cannot be read is told when its turn comes', async () => {
  let reads = 0
  const getTraces = async (): Promise<ReadonlyMap<string, Span[]>> => {
    reads++
    if (reads === 2) throw new Error('the store is away')
    return new Map()
  }
  const parts = unitsInParts(
    { getTraces },
    'default',
    Array.from({ length: 201 }, (_, i) => ({ traceId: idOf(i) })),
  )
  expect((await parts.next()).done).toBe(false)
  await expect(parts.next()).rejects.toThrow('the store is away')
})
