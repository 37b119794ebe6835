/** Contract: members joining, leaving and dying; who may commit. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Consumer, TopicPartition } from '../port.ts'
import type { Bench } from './harness.ts'
import { fetchCount, nameOf, numbered, positionsAfter, startPump, textOf, unique, untilAssigned } from './harness.ts'

/** The partitions of both, and nothing twice. */
function share(partitions: number, ...consumers: Consumer[]): boolean {
  const assigned = consumers.flatMap((consumer) => consumer.assignment().map(nameOf))
  return assigned.length === partitions && new Set(assigned).size === partitions
}

export function describeRebalancing(bench: Bench): void {
  describe('rebalancing', () => {
    test('members that join and leave share the partitions, and every record is processed', async () => {
      const { log, topic } = await bench.withTopic(4)
      const other = await bench.open()
      const groupId = unique('group')
      await log.append(topic, numbered(4, 0, 40))
      const a = await startPump(log, { groupId, topics: [topic] })
      await bench.eventually('the first member has all', () => share(4, a.consumer))
      const generation = a.consumer.generation()
      expect(generation).toBeGreaterThan(0)

      const b = await startPump(other, { groupId, topics: [topic] })
      await log.append(topic, numbered(4, 40, 40))
      await bench.eventually(
        'both have a share',
        () => share(4, a.consumer, b.consumer) && b.consumer.assignment().length > 0,
      )
      expect(a.consumer.assignment().length).toBe(2)
      expect(a.consumer.generation()).toBeGreaterThan(generation)
      expect(b.consumer.generation()).toBe(a.consumer.generation())
      await log.append(topic, numbered(4, 80, 40))
      const seenBy = (records: typeof a.seen) => new Set(records.map((r) => Number(textOf(r))))
      await bench.eventually('120 records', () => seenBy([...a.seen, ...b.seen]).size === 120)

      await b.stop()
      await b.consumer.close()
      await bench.eventually('the first member has all again', () => share(4, a.consumer))
      await log.append(topic, numbered(4, 120, 40))
      await bench.eventually('160 records', () => seenBy([...a.seen, ...b.seen]).size === 160)
      await a.stop()
      await a.consumer.close()
      // A live member that fetches is never fenced.
      expect([...a.refusals, ...b.refusals]).not.toContain('fenced')
    })

    test('more members than partitions: some have none until another leaves', async () => {
      const { log, topic } = await bench.withTopic(1)
      const groupId = unique('group')
      const a = await startPump(log, { groupId, topics: [topic] })
      const b = await startPump(await bench.open(), { groupId, topics: [topic] })
      await bench.eventually('one has it', () => share(1, a.consumer, b.consumer) && b.consumer.generation() > 0)
      const [owner, idle] = a.consumer.assignment().length === 1 ? [a, b] : [b, a]
      await owner.stop()
      await owner.consumer.close()
      await bench.eventually('the other has it', () => share(1, idle.consumer))
      await idle.stop()
    })

    test('onRevoke is the last chance to commit, and the next owner starts from there', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groupId = unique('group')
      const revoked: TopicPartition[] = []
      const assigned: TopicPartition[] = []
      const outcomes: unknown[] = []
      // Reads all, commits only when it has to let go.
      const a = await startPump(
        log,
        {
          groupId,
          topics: [topic],
          onRevoke: async (partitions) => {
            revoked.push(...partitions)
            outcomes.push(await a.consumer.commit(positionsAfter(a.seen)))
          },
          onAssign: async (partitions) => {
            assigned.push(...partitions)
          },
        },
        { commits: false },
      )
      await log.append(topic, numbered(2, 0, 20))
      await bench.eventually('all read', () => a.seen.length === 20)
      expect(assigned.map(nameOf).toSorted()).toEqual([`${topic}/0`, `${topic}/1`])
      const b = await startPump(await bench.open(), { groupId, topics: [topic] })
      await bench.eventually(
        'both have a share',
        () => share(2, a.consumer, b.consumer) && b.consumer.assignment().length === 1,
      )
      expect(revoked.length).toBeGreaterThan(0)
      expect(outcomes).toEqual([{ ok: true }])
      await log.append(topic, numbered(2, 20, 2))
      await bench.eventually('the new ones', () => a.seen.length + b.seen.length >= 22)
      expect([...a.seen, ...b.seen]).toHaveLength(22)
      await a.stop()
      await b.stop()
    })

    test('a commit on a partition that went to another member is refused', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groupId = unique('group')
      await log.append(topic, numbered(2, 0, 10))
      const a = await startPump(log, { groupId, topics: [topic] }, { commits: false })
      await bench.eventually('all read', () => a.seen.length === 10)
      const b = await startPump(await bench.open(), { groupId, topics: [topic] }, { commits: false })
      await bench.eventually(
        'both have a share',
        () => share(2, a.consumer, b.consumer) && b.consumer.assignment().length === 1,
      )
      const lost = b.consumer.assignment()[0]!
      const outcome = await a.consumer.commit([{ ...lost, offset: 5 }])
      expect(outcome.ok).toBe(false)
      // Nothing of a refused commit is done, its own partition's offset neither.
      const both = a.consumer.assignment().concat(lost)
      const mixed = await a.consumer.commit(both.map((of) => ({ ...of, offset: 5 })))
      expect(mixed.ok).toBe(false)
      expect(await log.committed(groupId)).toEqual([])
      await a.stop()
      await b.stop()
    })

    test('a member that fell silent loses its partitions; its commits are fenced until it takes part again', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groupId = unique('group')
      await log.append(topic, numbered(2, 0, 10))
      const lost: TopicPartition[] = []
      const silent = await log.openConsumer({
        groupId,
        topics: [topic],
        startFrom: 'earliest',
        sessionTimeoutMs: bench.shortSessionTimeoutMs,
        onRevoke: async (partitions) => {
          lost.push(...partitions)
        },
      })
      await untilAssigned(bench, silent, 2)
      const stale = await fetchCount(bench, silent, 10)
      // It stops fetching: no more heartbeats.
      const b = await startPump(await bench.open(), { groupId, topics: [topic] })
      await bench.eventually('the other member has all', () => share(2, b.consumer))
      await bench.eventually('and has processed all', () => b.seen.length === 10)
      await bench.eventually('and committed it', async () => {
        const committed = await log.committed(groupId)
        return committed.reduce((sum, { offset }) => sum + offset, 0) === 10
      })
      const before = await log.committed(groupId)
      expect(await silent.commit(positionsAfter(stale.slice(0, 2)))).toEqual({ ok: false, reason: 'fenced' })
      expect(await log.committed(groupId)).toEqual(before)

      // Fetching again it joins as a new member would.
      await bench.eventually('both share again', async () => {
        await silent.fetch({ maxBytes: 1 << 20, maxWaitMs: 20 })
        return share(2, silent, b.consumer) && silent.assignment().length === 1
      })
      expect(lost.map(nameOf).toSorted()).toEqual([`${topic}/0`, `${topic}/1`])
      const [mine] = silent.assignment()
      expect(await silent.commit([{ ...mine!, offset: 5 }])).toEqual({ ok: true })
      await b.stop()
    })

    test('a member that takes longer than its session to begin is waited for', async () => {
      const { log, topic } = await bench.withTopic(2)
      await log.append(topic, numbered(2, 0, 10))
      let beginnings = 0
      const slow = await log.openConsumer({
        groupId: unique('group'),
        topics: [topic],
        startFrom: 'earliest',
        sessionTimeoutMs: bench.shortSessionTimeoutMs,
        onAssign: async () => {
          beginnings++
          await sleep(2 * bench.shortSessionTimeoutMs)
        },
      })
      const records = await fetchCount(bench, slow, 10)
      expect(beginnings).toBe(1)
      expect(await slow.commit(positionsAfter(records))).toEqual({ ok: true })
      await slow.close()
    })

    test('a member with a dead client is replaced after its session, and nothing is skipped', async () => {
      const { log, topic } = await bench.withTopic(2)
      const groupId = unique('group')
      const a = await startPump(log, { groupId, topics: [topic], sessionTimeoutMs: bench.shortSessionTimeoutMs })
      await log.append(topic, numbered(2, 0, 10))
      await bench.eventually('all read', () => a.seen.length === 10)
      await a.stop()
      await log.append(topic, numbered(2, 10, 10))
      const b = await startPump(await bench.open(), { groupId, topics: [topic] })
      await bench.eventually('the rest read by the other', () => b.seen.length >= 10)
      expect(new Set([...a.seen, ...b.seen].map(textOf)).size).toBe(20)
      await b.stop()
    })
  })
}
