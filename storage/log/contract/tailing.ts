/** Contract: looking on at partitions outside any group. */
import { describe, expect, test } from 'vitest'
import type { LogRecord, Tail } from '../port.ts'
import type { Bench } from './harness.ts'
import { numbered, record, textOf } from './harness.ts'

export function describeTailing(bench: Bench): void {
  const take = async (tail: Tail, count: number, maxBytes = 1 << 20): Promise<LogRecord[]> => {
    const records: LogRecord[] = []
    await bench.eventually(`${count} records looked at`, async () => {
      records.push(...(await tail.fetch({ maxBytes, maxWaitMs: 100 })))
      return records.length >= count
    })
    return records
  }

  describe('tailing', () => {
    test('begins where it is told, goes on with what comes, and is another’s business not', async () => {
      const { log, topic } = await bench.withTopic(2)
      const positions = await log.append(topic, numbered(2, 0, 6))
      const from = { topic, partition: 0, offset: positions[2]!.offset }
      const tail = await log.openTail([from])
      const other = await log.openTail([from, { topic, partition: 1, offset: positions[5]!.offset }])
      expect((await take(tail, 2)).map(textOf)).toEqual(['2', '4'])
      const waiting = tail.fetch({ maxBytes: 1 << 20, maxWaitMs: bench.deadlineMs })
      await (await bench.open()).append(topic, [record('now', { partition: 0 })])
      expect((await waiting).map(textOf)).toEqual(['now'])
      expect((await take(other, 4)).map(textOf).toSorted()).toEqual(['2', '4', '5', 'now'])
      await tail.close()
      await other.close()
    })

    test('one that is idle gives nothing, one that is aborted loses nothing', async () => {
      const { log, topic } = await bench.withTopic(1)
      const [end] = await log.endOffsets(topic)
      const tail = await log.openTail([{ topic, partition: 0, offset: end!.end }])
      expect(await tail.fetch({ maxBytes: 1 << 20, maxWaitMs: 10 })).toEqual([])
      const stopping = new AbortController()
      const waiting = tail.fetch({ maxBytes: 1 << 20, maxWaitMs: bench.deadlineMs, signal: stopping.signal })
      stopping.abort()
      expect(await waiting).toEqual([])
      await log.append(topic, [record('later')])
      expect((await take(tail, 1)).map(textOf)).toEqual(['later'])
      await tail.close()
      await expect(tail.fetch({ maxBytes: 1, maxWaitMs: 1 })).rejects.toMatchObject({ code: 'closed' })
    })

    test('takes about as much as is asked for, one record at least, and starves no partition', async () => {
      const { log, topic } = await bench.withTopic(2)
      const ends = await log.endOffsets(topic)
      const value = new Uint8Array(10_000)
      await log.append(
        topic,
        Array.from({ length: 20 }, () => ({ key: null, value, partition: 0 })),
      )
      await log.append(topic, [record('small', { partition: 1 })])
      const tail = await log.openTail(ends.map(({ partition, end }) => ({ topic, partition, offset: end })))
      const order: number[] = []
      await bench.eventually('all records', async () => {
        const records = await tail.fetch({ maxBytes: 10_000, maxWaitMs: 100 })
        expect(records.length).toBeLessThanOrEqual(2)
        order.push(...records.map(({ partition }) => partition))
        return order.length === 21
      })
      expect(order.lastIndexOf(0)).toBeGreaterThan(order.indexOf(1))
      await tail.close()
    })
  })
}
