import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairPool } from './fair-pool.ts'

test('a tenant alone comes to two thirds, and the next one finds room', () => {
  const pool = createFairPool(900)
  expect([pool.hasRoom('a', 601), pool.take('a', 600), pool.take('a', 1)]).toEqual([false, true, false])
  expect([pool.hasRoom('b', 201), pool.take('b', 200), pool.take('b', 1)]).toEqual([false, true, false])
  expect(pool.take('c', 60)).toBe(true)
  pool.release('a', 600)
  expect(pool.take('b', 100)).toBe(true)
})

test('where there is one tenant only it may have all', () => {
  const pool = createFairPool(900, Number.POSITIVE_INFINITY)
  expect([pool.take('a', 900), pool.take('a', 1), pool.used]).toEqual([true, false, 900])
})

test('however many are greedy, a newcomer has room, and all of it comes back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 400_000 })), { maxLength: 200 }), (tries) => {
      const pool = createFairPool(1_000_000)
      const held: [string, number][] = []
      for (const [tenant, amount] of tries) if (pool.take(`t${tenant}`, amount)) held.push([`t${tenant}`, amount])
      expect(pool.used).toBe(held.reduce((sum, [, amount]) => sum + amount, 0))
      // Each that comes leaves a third of what it found.
      const free = 1_000_000 - pool.used
      expect(free).toBeGreaterThanOrEqual(Math.floor(1_000_000 / 3 ** 7))
      expect(pool.hasRoom('new', Math.floor((free * 2) / 3))).toBe(true)
      for (const [tenant, amount] of held) pool.release(tenant, amount)
      expect([pool.used, pool.take('t0', 660_000)]).toEqual([0, true])
    }),
  )
})
