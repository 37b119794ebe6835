/** Contract: committed offsets of consumer groups. */
import { describe, expect, test } from 'vitest'
import type { Bench } from './harness.ts'
import { fetchCount, numbered, positionsAfter, record, textOf, unique, untilAssigned } from './harness.ts'

export function describeGroups(bench: Bench): void {
  describe('groups', () => {
    test('a group goes on where it committed, not where it read', async () => {
      const { log, topic } = await bench.withTopic(1)
      const groupId = unique('group')
      const positions = await log.append(topic, numbered(1, 0, 10))
      const first = await log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
      await fetchCount(bench, first, 10)
      expect(await first.commit([{ topic, partition: 0, offset: positions[6]!.offset }])).toEqual({ ok: true })
      await first.close()
      const second = await log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
      expect((await fetchCount(bench, second, 4)).map(textOf)).toEqual(['6', '7', '8', '9'])
      await second.close()
    })

    test('commits are there after closing and opening the log', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groupId = unique('group')
      await log.append(topic, numbered(2, 0, 10))
      const consumer = await log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
      const positions = positionsAfter(await fetchCount(bench, consumer, 10))
      await consumer.commit(positions)
      await log.close()
      const again = await bench.open()
      const byPartition = (a: { partition: number }, b: { partition: number }) => a.partition - b.partition
      expect((await again.committed(groupId)).toSorted(byPartition)).toEqual(positions.toSorted(byPartition))
      await again.append(topic, [record('next', { partition: 1 })])
      const resumed = await again.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
      expect((await fetchCount(bench, resumed, 1)).map(textOf)).toEqual(['next'])
    })

    test('groups do not see each other', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groups = [unique('store'), unique('evaluate')]
      await log.append(topic, numbered(2, 0, 10))
      const consumers = await Promise.all(
        groups.map((groupId) => log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })),
      )
      const fetched = await Promise.all(consumers.map((consumer) => fetchCount(bench, consumer, 10)))
      for (const records of fetched) expect(new Set(records.map(textOf)).size).toBe(10)
      await consumers[0]!.commit(positionsAfter(fetched[0]!))
      expect(await log.committed(groups[0]!)).toHaveLength(2)
      expect(await log.committed(groups[1]!)).toEqual([])
      for (const consumer of consumers) await consumer.close()
    })

    test('a member may commit any offset of its own partition, earlier ones too (replay)', async () => {
      const { log, topic } = await bench.withTopic(1)
      const groupId = unique('group')
      const positions = await log.append(topic, numbered(1, 0, 10))
      const consumer = await log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
      await untilAssigned(bench, consumer, 1)
      for (const i of [8, 2]) {
        const position = { topic, partition: 0, offset: positions[i]!.offset }
        expect(await consumer.commit([position])).toEqual({ ok: true })
        expect(await log.committed(groupId)).toEqual([position])
      }
      await consumer.close()
    })

    test('a commit carries a note for whoever has the partition next, until the next commit', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groupId = unique('group')
      await log.append(topic, numbered(2, 0, 10))
      const consumer = await log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
      await untilAssigned(bench, consumer, 2)
      const noted = { topic, partition: 0, offset: 2, note: `{"text":"${'é'.repeat(1_900)}"}` }
      expect(await consumer.commit([noted, { topic, partition: 1, offset: 1 }])).toEqual({ ok: true })
      const notes = async (of: typeof log) => new Map((await of.committed(groupId)).map((p) => [p.partition, p.note]))
      expect(await notes(await bench.open())).toEqual(
        new Map([
          [0, noted.note],
          [1, undefined],
        ]),
      )
      await consumer.commit([{ topic, partition: 0, offset: 2 }])
      expect(await notes(log)).toEqual(
        new Map([
          [0, undefined],
          [1, undefined],
        ]),
      )
      await consumer.close()
    })

    test('one member reads several topics', async () => {
      const { log, topic } = await bench.withTopic(2)
      const other = (await bench.withTopic(1)).topic
      await log.append(topic, numbered(2, 0, 4))
      await log.append(other, [record('other')])
      const consumer = await log.openConsumer({
        groupId: unique('group'),
        topics: [topic, other],
        startFrom: 'earliest',
      })
      const fetched = await fetchCount(bench, consumer, 5)
      expect(fetched.filter((r) => r.topic === other).map(textOf)).toEqual(['other'])
      expect(consumer.assignment()).toHaveLength(3)
      expect(await consumer.commit(positionsAfter(fetched))).toEqual({ ok: true })
      await consumer.close()
    })

    test('a closed consumer refuses to fetch and commit', async () => {
      const { log, topic } = await bench.withTopic(1)
      const consumer = await log.openConsumer({ groupId: unique('group'), topics: [topic], startFrom: 'earliest' })
      await consumer.close()
      await consumer.close()
      await expect(consumer.fetch({ maxBytes: 1, maxWaitMs: 0 })).rejects.toMatchObject({ code: 'closed' })
      await expect(consumer.commit([])).rejects.toMatchObject({ code: 'closed' })
    })
  })
}
