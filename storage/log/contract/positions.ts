/** Contract: where a consumer reads, how much at a time, and how it waits. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Bench } from './harness.ts'
import { fetchCount, numbered, record, textOf, unique, untilAssigned } from './harness.ts'

export function describePositions(bench: Bench): void {
  describe('positions', () => {
    test('start and end offsets tell what a topic holds', async () => {
      const { log, topic } = await bench.withTopic(2)
      const positions = await log.append(topic, numbered(2, 0, 5))
      const [p0, p1] = await log.endOffsets(topic)
      expect(p0).toEqual({ partition: 0, start: positions[0]!.offset, end: positions[4]!.offset + 1 })
      expect(p1).toEqual({ partition: 1, start: positions[1]!.offset, end: positions[3]!.offset + 1 })
    })

    test('replay from a time: the first record at or after it, the end where there is none', async () => {
      const { log, topic } = await bench.withTopic(2)
      await log.append(topic, [record('old', { partition: 0 })])
      // Append times have milliseconds: the next one must differ.
      await sleep(20)
      const [position] = await log.append(topic, [record('new', { partition: 0 })])
      const [newer] = await log.read(topic, 0, position!.offset, 1)
      const found = await log.offsetsForTime(topic, newer!.appendTimeMs)
      const ends = await log.endOffsets(topic)
      expect(found).toEqual([
        { topic, partition: 0, offset: position!.offset },
        { topic, partition: 1, offset: ends[1]!.end },
      ])
      const before = await log.offsetsForTime(topic, 0)
      expect(before[0]!.offset).toBe(ends[0]!.start)
      const after = await log.offsetsForTime(topic, newer!.appendTimeMs + 60_000)
      expect(after.map((o) => o.offset)).toEqual(ends.map((end) => end.end))
    })

    test('a group can be sent back to an offset, and forward', async () => {
      const { log, topic } = await bench.withTopic(1)
      const positions = await log.append(topic, numbered(1, 0, 10))
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      await fetchCount(bench, consumer, 10)
      consumer.seek({ topic, partition: 0, offset: positions[4]!.offset })
      const again = await fetchCount(bench, consumer, 6)
      expect(again.map(textOf)).toEqual(['4', '5', '6', '7', '8', '9'])
      consumer.seek({ topic, partition: 0, offset: positions[2]!.offset })
      consumer.seek({ topic, partition: 0, offset: positions[8]!.offset })
      expect((await fetchCount(bench, consumer, 2)).map(textOf)).toEqual(['8', '9'])
      await consumer.close()
    })

    test('reading outside any group starts where told and stops where told', async () => {
      const { log, topic } = await bench.withTopic(1)
      const positions = await log.append(topic, numbered(1, 0, 10))
      const read = await log.read(topic, 0, positions[3]!.offset, 4)
      expect(read.map(textOf)).toEqual(['3', '4', '5', '6'])
      expect(await log.read(topic, 0, positions[9]!.offset + 1, 4)).toEqual([])
    })

    test('reading outside any group ends at about the bytes that were asked for, after one record at least', async () => {
      const { log, topic } = await bench.withTopic(1)
      const value = new Uint8Array(1_000)
      const [first] = await log.append(
        topic,
        Array.from({ length: 5 }, () => ({ key: null, partition: 0, value })),
      )
      const some = await log.read(topic, 0, first!.offset, 10, 2_500)
      expect(some.length).toBeGreaterThan(1)
      expect(some.length).toBeLessThan(4)
      expect(await log.read(topic, 0, first!.offset, 10, 1)).toHaveLength(1)
      expect(await log.read(topic, 0, first!.offset, 1, 2_000)).toHaveLength(1)
    })

    test('earliest starts with what is there, latest with what comes', async () => {
      const { log, topic } = await bench.withTopic(2)
      await log.append(topic, numbered(2, 0, 4))
      const earliest = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      const latest = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'latest' })
      await untilAssigned(bench, latest, 2)
      expect(await latest.fetch({ maxBytes: 1 << 20, maxWaitMs: 50 })).toEqual([])
      await log.append(topic, numbered(2, 4, 4))
      expect((await fetchCount(bench, earliest, 8)).map(textOf).toSorted()).toEqual([...'01234567'])
      expect((await fetchCount(bench, latest, 4)).map(textOf).toSorted()).toEqual([...'4567'])
      await earliest.close()
      await latest.close()
    })

    test('a paused partition brings nothing until it is resumed, then all of it', async () => {
      const { log, topic } = await bench.withTopic(2)
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      await untilAssigned(bench, consumer, 2)
      consumer.pause([{ topic, partition: 0 }])
      await log.append(topic, numbered(2, 0, 10))
      const open = await fetchCount(bench, consumer, 5)
      expect(new Set(open.map((r) => r.partition))).toEqual(new Set([1]))
      expect(await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 50 })).toEqual([])
      consumer.resume([{ topic, partition: 0 }])
      const rest = await fetchCount(bench, consumer, 5)
      expect(rest.map(textOf)).toEqual(['0', '2', '4', '6', '8'])
      await consumer.close()
    })

    test('a fetch takes at most maxBytes, but one record however large', async () => {
      const { log, topic } = await bench.withTopic(2)
      const value = new Uint8Array(10_000)
      await log.append(
        topic,
        Array.from({ length: 40 }, (_, i) => ({ key: null, value, partition: i % 2 })),
      )
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      let count = 0
      await bench.eventually('all 40 records', async () => {
        const records = await consumer.fetch({ maxBytes: 35_000, maxWaitMs: 100 })
        expect(records.length).toBeLessThanOrEqual(3)
        count += records.length
        return count === 40
      })
      await log.append(topic, [{ key: null, value: new Uint8Array(100_000), partition: 0 }])
      expect(await fetchCount(bench, consumer, 1, 1000)).toHaveLength(1)
      await consumer.close()
    })

    test('a partition with a long backlog does not starve the others', async () => {
      const { log, topic } = await bench.withTopic(3)
      const value = new Uint8Array(10_000)
      await log.append(
        topic,
        Array.from({ length: 60 }, () => ({ key: null, value, partition: 0 })),
      )
      await log.append(topic, [record('small', { partition: 1 }), record('small', { partition: 2 })])
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      const order: number[] = []
      await bench.eventually('all records', async () => {
        // Room for one record: the partitions have to take turns.
        const records = await consumer.fetch({ maxBytes: 10_000, maxWaitMs: 100 })
        order.push(...records.map((r) => r.partition))
        return order.length === 62
      })
      expect(order.lastIndexOf(0)).toBeGreaterThan(order.indexOf(1))
      expect(order.lastIndexOf(0)).toBeGreaterThan(order.indexOf(2))
      await consumer.close()
    })

    test('a waiting fetch returns with what arrives; an idle one returns nothing after its wait', async () => {
      const { log, topic } = await bench.withTopic(1)
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      await untilAssigned(bench, consumer, 1)
      expect(await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 20 })).toEqual([])
      const waiting = consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: bench.deadlineMs })
      const startMs = performance.now()
      await (await bench.open()).append(topic, [record('now')])
      expect((await waiting).map(textOf)).toEqual(['now'])
      expect(performance.now() - startMs).toBeLessThan(bench.deadlineMs / 2)
      await consumer.close()
    })

    test('an aborted fetch returns without waiting, and loses nothing', async () => {
      const { log, topic } = await bench.withTopic(1)
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      await untilAssigned(bench, consumer, 1)
      const stopping = new AbortController()
      const startMs = performance.now()
      const waiting = consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: bench.deadlineMs, signal: stopping.signal })
      setTimeout(() => stopping.abort(), 20)
      expect(await waiting).toEqual([])
      expect(performance.now() - startMs).toBeLessThan(bench.deadlineMs / 2)
      await log.append(topic, [record('later')])
      expect((await fetchCount(bench, consumer, 1)).map(textOf)).toEqual(['later'])
      await consumer.close()
    })
  })
}
