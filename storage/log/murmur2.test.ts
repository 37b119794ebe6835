import { expect, test } from 'vitest'
// Computed by the Kafka Java client; its `source` says by which methods.
import reference from './fixtures/murmur2-kafka.json' with { type: 'json' }
import { murmur2, partitionOfBytes, partitionOfKey } from './murmur2.ts'

const utf8 = new TextEncoder()

test('the reference holds every tail length, non-ASCII keys and long keys', () => {
  expect(reference.cases.length).toBeGreaterThan(100)
  expect(new Set(reference.cases.map(({ key }) => utf8.encode(key).length % 4)).size).toBe(4)
})

test.each(reference.cases)('$key hashes and falls as with the Kafka client', ({ key, murmur2: hash, partitions }) => {
  expect(murmur2(utf8.encode(key))).toBe(hash)
  expect(reference.partitionCounts.map((count) => partitionOfKey(key, count))).toEqual(partitions)
  expect(reference.partitionCounts.map((count) => partitionOfBytes(utf8.encode(key), count))).toEqual(partitions)
})
