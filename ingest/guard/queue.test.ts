import { expect, test } from 'vitest'
import { createWorkQueue } from './queue.ts'

const request = (length: number | null, coding?: string) => ({
  headers: {
    ...(length !== null && { 'content-length': String(length) }),
    ...(coding !== undefined && { 'content-encoding': coding }),
  },
})

test('work is let in up to a bound, and again when some is done', () => {
  const queue = createWorkQueue(100_000)
  const first = queue.enter(request(60_000))
  expect(queue.enter(request(60_000))).toBeNull()
  const second = queue.enter(request(40_000))
  expect(queue.enter(request(1))).toBeNull()
  second?.()
  second?.()
  expect(queue.enter(request(60_000))).toBeNull()
  first?.()
  expect(queue.enter(request(60_000))).not.toBeNull()
})

test.each([
  ['compressed: what it may be', request(20_000, 'gzip'), 0],
  ['small ones: something each', request(1), 24],
  ['without a length: as a usual one', request(null), 1],
])('%s', (_, one, more) => {
  const queue = createWorkQueue(100_000)
  for (let taken = 0; taken <= more; taken++) {
    const left = queue.enter(one)
    if (taken < more || more === 0) expect(left).not.toBeNull()
  }
  expect(queue.enter(one)).toBeNull()
})

test('one is always let in, however large', () => {
  const queue = createWorkQueue(10)
  const left = queue.enter(request(1_000_000))
  expect(left).not.toBeNull()
  expect(queue.enter(request(1))).toBeNull()
  left?.()
  expect(queue.enter(request(1))).not.toBeNull()
})

test('none counts as more than a body may come to: one slow sender does not keep all others out', () => {
  const queue = createWorkQueue(100_000, 30_000)
  queue.enter(request(25_000, 'gzip'))
  expect(queue.enter(request(25_000, 'gzip'))).not.toBeNull()
  expect(queue.enter(request(40_000))).not.toBeNull()
  expect(queue.enter(request(25_000, 'gzip'))).toBeNull()
})
