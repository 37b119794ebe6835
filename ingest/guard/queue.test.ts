import { expect, test } from 'vitest'
import type { ContentCoding } from '../body.ts'
import { createWorkQueue, type Place, SLOW_AFTER_MS, type WorkQueueOptions } from './queue.ts'

let nowMs = 0
const queueOf = (options: Partial<WorkQueueOptions>) =>
  createWorkQueue({ maxBytes: 100_000, mostOfFree: Number.POSITIVE_INFINITY, nowMs: () => nowMs, ...options })

test('work is let in up to a bound, and again when some is done', () => {
  const queue = queueOf({})
  const first = queue.enter('a', 60_000, 'identity')
  expect(queue.enter('a', 60_000, 'identity')).toBeNull()
  const second = queue.enter('a', 40_000, 'identity')
  expect(queue.enter('a', 1, 'identity')).toBeNull()
  second?.leave()
  second?.leave()
  expect(queue.enter('a', 60_000, 'identity')).toBeNull()
  first?.leave()
  expect(queue.enter('a', 60_000, 'identity')).not.toBeNull()
})

test.each<[string, number | null, ContentCoding, number]>([
  ['compressed: what it may be', 20_000, 'gzip', 0],
  ['small ones: something each', 1, 'identity', 24],
  ['without a length: as a usual one', null, 'identity', 1],
])('%s', (_, announced, coding, more) => {
  const queue = queueOf({})
  for (let taken = 0; taken <= more; taken++) {
    const place = queue.enter('a', announced, coding)
    if (taken < more || more === 0) expect(place).not.toBeNull()
  }
  expect(queue.enter('a', announced, coding)).toBeNull()
})

test('one is always let in, however large', () => {
  const queue = queueOf({ maxBytes: 10 })
  const place = queue.enter('a', 1_000_000, 'identity')
  expect(place).not.toBeNull()
  expect(queue.enter('a', 1, 'identity')).toBeNull()
  place?.leave()
  expect(queue.enter('a', 1, 'identity')).not.toBeNull()
})

test('none counts as more than a body may come to: one slow sender does not keep all others out', () => {
  const queue = queueOf({ maxBodyBytes: 30_000 })
  queue.enter('a', 25_000, 'gzip')
  expect(queue.enter('a', 25_000, 'gzip')).not.toBeNull()
  expect(queue.enter('a', 40_000, 'identity')).not.toBeNull()
  expect(queue.enter('a', 25_000, 'gzip')).toBeNull()
})

test('a tenant that sends as much as it can leaves room to the others', () => {
  const queue = queueOf({ mostOfFree: 2 })
  const places: Place[] = []
  for (let place = queue.enter('a', 5_000, 'identity'); place !== null; ) {
    places.push(place)
    place = queue.enter('a', 5_000, 'identity')
  }
  expect(places).toHaveLength(13)
  expect(queue.enter('b', 20_000, 'identity')).not.toBeNull()
  expect(queue.enter('c', 5_000, 'identity')).not.toBeNull()
})

test('whoever takes long to send gives up the place, and has it back with the last byte', () => {
  const queue = queueOf({})
  const slow = queue.enter('a', 60_000, 'identity')
  const read = queue.enter('a', 30_000, 'identity')
  read?.arrived()
  nowMs += SLOW_AFTER_MS - 1
  expect(queue.enter('b', 60_000, 'identity')).toBeNull()
  nowMs += 1
  // What is being worked on keeps its place, however long that takes.
  expect(queue.enter('b', 71_000, 'identity')).toBeNull()
  const other = queue.enter('b', 60_000, 'identity')
  expect(other).not.toBeNull()
  slow?.arrived()
  slow?.arrived()
  expect(queue.enter('b', 1, 'identity')).toBeNull()
  other?.leave()
  expect(queue.enter('b', 1, 'identity')).not.toBeNull()
  slow?.leave()
  read?.leave()
  expect(queue.enter('b', 95_000, 'identity')).not.toBeNull()
})

test('a slow one that never comes whole leaves nothing behind', () => {
  const queue = queueOf({})
  const slow = queue.enter('a', 60_000, 'identity')
  nowMs += SLOW_AFTER_MS
  const other = queue.enter('b', 60_000, 'identity')
  slow?.leave()
  slow?.leave()
  slow?.arrived()
  other?.leave()
  expect(queue.enter('a', 100_000, 'identity')).not.toBeNull()
  expect(queue.enter('a', 1, 'identity')).toBeNull()
})
