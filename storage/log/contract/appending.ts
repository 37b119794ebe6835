/** Contract: appending, partitions, what a record carries. */
import { describe, expect, test } from 'vitest'
import { partitionOfKey } from '../murmur2.ts'
import { LogError } from '../port.ts'
import type { Bench } from './harness.ts'
import { fetchCount, numbered, record, textOf, unique } from './harness.ts'

export function describeAppending(bench: Bench): void {
  describe('appending', () => {
    test('records come back in order within each partition, at the positions that append returned', async () => {
      const { log, topic } = await bench.withTopic(3)
      const first = await log.append(topic, numbered(3, 0, 30))
      const second = await log.append(topic, numbered(3, 30, 30))
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      const fetched = await fetchCount(bench, consumer, 60)
      expect(fetched).toHaveLength(60)
      const positions = [...first, ...second]
      for (let partition = 0; partition < 3; partition++) {
        const mine = fetched.filter((r) => r.partition === partition)
        expect(mine.map((r) => Number(textOf(r)))).toEqual(Array.from({ length: 20 }, (_, i) => partition + 3 * i))
        expect(mine.map((r) => r.offset)).toEqual(mine.map((r) => positions[Number(textOf(r))]!.offset))
        const times = mine.map((r) => r.appendTimeMs)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }
      await consumer.close()
    })

    test('a key decides the partition as with Kafka', async () => {
      const { log, topic } = await bench.withTopic(7)
      const keys = Array.from({ length: 50 }, (_, i) => `trace-${i}-é`)
      const positions = await log.append(
        topic,
        keys.map((key) => record(key, { key })),
      )
      expect(positions.map((p) => p.partition)).toEqual(keys.map((key) => partitionOfKey(key, 7)))
      expect(keys.map((key) => log.partitionFor(topic, key))).toEqual(keys.map((key) => partitionOfKey(key, 7)))
      expect(await log.partitionsOf(topic)).toBe(7)
      const [found] = await log.read(topic, positions[0]!.partition, positions[0]!.offset, 1)
      expect(found).toMatchObject({ topic, key: keys[0], partition: positions[0]!.partition })
    })

    test('a given partition wins over the key', async () => {
      const { log, topic } = await bench.withTopic(4)
      const elsewhere = (log.partitionFor(topic, 'k') + 1) % 4
      const [position] = await log.append(topic, [record('v', { key: 'k', partition: elsewhere })])
      expect(position!.partition).toBe(elsewhere)
      expect(await log.read(topic, elsewhere, position!.offset, 1)).toMatchObject([{ key: 'k', partition: elsewhere }])
    })

    test('headers come back as given; none is an empty object, no key is null', async () => {
      const { log, topic } = await bench.withTopic(1)
      const headers = { tenant: 'default', spans: '25', name: 'naïve "quoted" 日本', empty: '' }
      await log.append(topic, [record('a', { headers }), record('b')])
      const [a, b] = await log.read(topic, 0, 0, 2)
      expect({ ...a!.headers }).toEqual(headers)
      expect({ ...b!.headers }).toEqual({})
      expect(b!.key).toBeNull()
    })

    test('values of no bytes, of every byte and of a megabyte come back whole', async () => {
      const { log, topic } = await bench.withTopic(1)
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      const large = new Uint8Array(1_000_000).map((_, i) => (i * 31) & 255)
      for (const value of [new Uint8Array(0), bytes, large]) await log.append(topic, [{ key: null, value }])
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      const values = (await fetchCount(bench, consumer, 3)).map((r) => Buffer.from(r.value))
      expect(values.map((value) => value.byteLength)).toEqual([0, 256, 1_000_000])
      expect(values[1]!.equals(bytes)).toBe(true)
      expect(values[2]!.equals(large)).toBe(true)
      await consumer.close()
    })

    test('concurrent appends of two clients get dense positions, each one once', async () => {
      const { log, topic } = await bench.withTopic(2)
      const other = await bench.open()
      const appends = Array.from({ length: 100 }, (_, i) =>
        (i % 2 === 0 ? log : other).append(topic, numbered(2, i * 4, 4)),
      )
      const positions = (await Promise.all(appends)).flat()
      for (let partition = 0; partition < 2; partition++) {
        const offsets = positions.filter((p) => p.partition === partition).map((p) => p.offset)
        const sorted = offsets.toSorted((a, b) => a - b)
        expect(sorted).toEqual(Array.from({ length: 200 }, (_, i) => sorted[0]! + i))
        const read = await log.read(topic, partition, 0, 1000)
        expect(new Set(read.map(textOf)).size).toBe(200)
      }
    })

    test('the records of one call to one partition stay together in order', async () => {
      const { log, topic } = await bench.withTopic(1)
      const calls = await Promise.all(Array.from({ length: 20 }, (_, i) => log.append(topic, numbered(1, i * 10, 10))))
      for (const positions of calls) {
        const [first] = positions
        expect(positions.map((p) => p.offset)).toEqual(Array.from({ length: 10 }, (_, i) => first!.offset + i))
      }
    })

    test('an append of nothing is fine; an unknown topic and a closed log are errors with a code', async () => {
      const { log, topic } = await bench.withTopic(1)
      expect(await log.append(topic, [])).toEqual([])
      await expect(log.append(unique('nowhere'), [record('x')])).rejects.toMatchObject({ code: 'unknown_topic' })
      await log.close()
      const refused = log.append(topic, [record('x')])
      await expect(refused).rejects.toBeInstanceOf(LogError)
      await expect(refused).rejects.toMatchObject({ code: 'closed' })
    })

    test('ensuring a topic again keeps its partitions and records', async () => {
      const { log, topic } = await bench.withTopic(3)
      await log.append(topic, numbered(3, 0, 3))
      const spec = { name: topic, partitions: 3, retentionMs: 3_600_000, retentionBytes: null, compacted: false }
      await log.ensureTopics([spec])
      await (await bench.open()).ensureTopics([spec])
      expect(await log.partitionsOf(topic)).toBe(3)
      expect(await log.read(topic, 2, 0, 10)).toHaveLength(1)
    })
  })
}
