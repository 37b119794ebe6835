import { expect, test } from 'vitest'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { readTogether } from './read-together.ts'

const idOf = (n: number): string => n.toString(16).padStart(32, '0')
const idsOf = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => idOf(from + i))

/** Answers when it is told to; of each trace it has one span, but of `idOf(0)` none. */
function slowStore() {
  const asked: { tenant: string; ids: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = []
  const read = readTogether((tenant, ids) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Span[]>>()
    const found = ids.filter((id) => id !== idOf(0))
    const answer = (): void => resolve(new Map(found.map((id) => [id, [makeSpan({ tenant, traceId: id })]])))
    asked.push({ tenant, ids, answer, fail: reject })
    return promise
  })
  return { asked, read }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('who comes while others are read goes with all who wait, and gets its own', async () => {
  const { asked, read } = slowStore()
  const first = read('a', idsOf(1, 25))
  await turn()
  const second = read('a', idsOf(26, 25))
  const third = read('a', [idOf(26), idOf(0)])
  expect(asked.map(({ ids }) => ids.length)).toEqual([25])
  asked[0]?.answer()
  await turn()
  expect(asked.map(({ ids }) => ids.length)).toEqual([25, 26])
  asked[1]?.answer()
  expect([...(await first).keys()]).toEqual(idsOf(1, 25))
  expect([...(await second).keys()]).toEqual(idsOf(26, 25))
  expect([...(await third).keys()]).toEqual([idOf(26)])
})

test('tenants are read apart, and no more at once than two hundred', async () => {
  const { asked, read } = slowStore()
  const all = [read('a', [idOf(1)]), read('a', idsOf(2, 110)), read('b', [idOf(1)]), read('a', idsOf(112, 110))]
  for (let n = 0; n < 3; n++) {
    await turn()
    asked[n]?.answer()
  }
  expect(asked.map(({ tenant, ids }) => [tenant, ids.length])).toEqual([
    ['a', 111],
    ['b', 1],
    ['a', 110],
  ])
  expect((await Promise.all(all)).map((found) => found.size)).toEqual([1, 110, 1, 110])
})

test('a failure is told to those of its query alone', async () => {
  const { asked, read } = slowStore()
  const first = read('a', [idOf(1)])
  await turn()
  const second = read('a', [idOf(2)])
  asked[0]?.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await turn()
  asked[1]?.answer()
  expect((await second).size).toBe(1)
})
