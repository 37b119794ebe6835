import { expect, test } from 'vitest'
import { groupWrites } from './grouped-writes.ts'

/** Numbers that are kept a transaction at a time: one that fails leaves them as they were. */
function numbers() {
  let kept: number[] = []
  let transactions = 0
  const writes = groupWrites((body) => {
    const before = [...kept]
    transactions++
    try {
      body()
    } catch (error) {
      kept = before
      throw error
    }
  })
  const add = (one: number) =>
    writes.write(() => {
      if (one < 0) throw new Error(`${one} is refused`)
      return kept.push(one)
    })
  return { add, flush: writes.flush, kept: () => kept, transactions: () => transactions }
}

test('those of a turn are one transaction, in their order, each with its own answer', async () => {
  const { add, kept, transactions } = numbers()
  expect(await Promise.all([add(3), add(1), add(2)])).toEqual([1, 2, 3])
  expect(await add(4)).toBe(4)
  expect([kept(), transactions()]).toEqual([[3, 1, 2, 4], 2])
})

test('where one fails none is kept, and all hear of it; the next turn begins anew', async () => {
  const { add, kept } = numbers()
  const told = await Promise.allSettled([add(1), add(-1), add(2)])
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(kept()).toEqual([])
  expect(await add(5)).toBe(1)
})

test('they can be had at once', async () => {
  const { add, flush, kept, transactions } = numbers()
  const first = add(1)
  flush()
  expect(kept()).toEqual([1])
  expect(await first).toBe(1)
  flush()
  expect(transactions()).toBe(1)
})
