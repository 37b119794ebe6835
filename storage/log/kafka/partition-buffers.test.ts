import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LogRecord, UnreadableRecords } from '../port.ts'
import type { FetchedBatch } from './decode-batches.ts'
import { PartitionBuffers } from './partition-buffers.ts'

const record = (partition: number, offset: number, sizeBytes = 10): LogRecord => ({
  topic: 't',
  partition,
  offset,
  appendTimeMs: 0,
  key: null,
  value: new Uint8Array(sizeBytes),
  headers: {},
})
const of = (partition: number) => ({ topic: 't', partition })
const at = (partition: number, offset = 0) => ({ topic: 't', partition, offset })

/** Of records that follow each other. */
const batch = (records: readonly LogRecord[]): FetchedBatch => ({
  sizeBytes: 7,
  damage: null,
  nextOffset: (records.at(-1)?.offset ?? -1) + 1,
  records: () => [...records],
})

function filled(partitions: number, count: number): PartitionBuffers {
  const buffers = new PartitionBuffers()
  buffers.assign(Array.from({ length: partitions }, (_, partition) => at(partition)))
  for (const buffer of buffers.all()) {
    const records = Array.from({ length: count }, (_, offset) => record(buffer.partition, offset))
    const halves = [records.slice(0, count >> 1), records.slice(count >> 1)].filter(({ length }) => length > 0)
    buffers.add(buffer, buffer.epoch, halves.map(batch))
  }
  return buffers
}

describe('what a consumer holds of its partitions', () => {
  test('a batch that begins before the offset asked for brings only what comes after it', () => {
    const buffers = new PartitionBuffers()
    buffers.assign([at(0, 5)])
    const [buffer] = [...buffers.all()]
    buffers.add(buffer!, buffer!.epoch, [
      batch([3, 4].map((n) => record(0, n))),
      batch([5, 6].map((n) => record(0, n))),
    ])
    expect(buffers.take(1_000).map(({ offset }) => offset)).toEqual([5, 6])
    expect(buffer!.nextOffset).toBe(7)
  })

  test('a batch of which only a part is wanted, and one that has nothing for anybody', () => {
    const buffers = new PartitionBuffers()
    buffers.assign([at(0, 5)])
    const [buffer] = [...buffers.all()]
    const marks: FetchedBatch = { sizeBytes: 70, nextOffset: 8, damage: null, records: () => [] }
    buffers.add(buffer!, buffer!.epoch, [batch([4, 5, 6].map((n) => record(0, n))), marks, batch([record(0, 9)])])
    expect(buffers.take(1_000).map(({ offset }) => offset)).toEqual([5, 6, 9])
    expect(buffer!.nextOffset).toBe(10)
    expect(buffer!.sizeBytes).toBe(0)
  })

  describe('a batch that cannot be read', () => {
    const unreadable = new UnreadableRecords({ ...of(0), from: 2, to: 4 }, new Uint8Array(3), 'why')
    const throwing = (): never => {
      throw unreadable
    }
    const seen = (buffers: PartitionBuffers) => buffers.take(1_000).map(({ partition, offset }) => [partition, offset])

    test.each([
      ['is damaged', { sizeBytes: 7, nextOffset: 4, damage: unreadable, records: throwing }],
      ['cannot be unpacked', { sizeBytes: 7, nextOffset: 4, damage: null, records: throwing }],
    ])('holds up its partition alone: it %s', (_, broken) => {
      const buffers = filled(2, 2)
      const [first, other] = [...buffers.all()]
      buffers.add(first!, first!.epoch, [broken, batch([record(0, 4)])])
      expect(seen(buffers)).toEqual([0, 1].flatMap((partition) => [0, 1].map((offset) => [partition, offset])))
      expect(buffers.blocked()).toEqual([first])
      expect(first).toMatchObject({ unreadable, nextOffset: 2, sizeBytes: 0 })
      buffers.add(other!, other!.epoch, [batch([record(1, 2)])])
      expect(seen(buffers)).toEqual([[1, 2]])

      buffers.readAgain(first!)
      expect(buffers.blocked()).toEqual([])
      buffers.add(first!, first!.epoch, [batch([2, 3].map((n) => record(0, n)))])
      expect(seen(buffers)).toEqual([
        [0, 2],
        [0, 3],
      ])
    })

    test('is passed over, and read no more when it comes again', () => {
      const buffers = filled(1, 2)
      const [buffer] = [...buffers.all()]
      const broken = { sizeBytes: 7, nextOffset: 4, damage: unreadable, records: throwing }
      buffers.add(buffer!, buffer!.epoch, [broken])
      buffers.take(1_000)
      buffers.passOver(buffer!)
      expect(buffer!.nextOffset).toBe(4)
      buffers.add(buffer!, buffer!.epoch, [broken, batch([record(0, 4)])])
      expect(seen(buffers)).toEqual([[0, 4]])
      expect(buffers.blocked()).toEqual([])
    })
  })

  test.each([
    ['a seek', (buffers: PartitionBuffers) => buffers.seek(at(0, 1))],
    ['another assignment', (buffers: PartitionBuffers) => buffers.assign([at(0, 0)])],
    ['a partition that went', (buffers: PartitionBuffers) => buffers.assign([])],
  ])('what was asked for before %s is dropped when it comes', (_, change) => {
    const buffers = filled(1, 0)
    const [asked] = [...buffers.all()]
    const epoch = asked!.epoch
    change(buffers)
    buffers.add(asked!, epoch, [batch([record(0, 0)])])
    expect(buffers.take(1_000)).toEqual([])
  })

  test('a partition stays paused over a rebalance', () => {
    const buffers = filled(2, 3)
    buffers.setPaused([at(0)], true)
    expect(new Set(buffers.take(1_000).map(({ partition }) => partition))).toEqual(new Set([1]))
    buffers.assign([at(0), at(1)])
    expect([...buffers.all()].map(({ isPaused }) => isPaused)).toEqual([true, false])
  })

  test('takes bring everything once, in order, within the bound, and starve nobody', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 95 }),
        (p, n, max) => {
          const buffers = filled(p, n)
          const seen: LogRecord[] = []
          for (let taken = buffers.take(max); taken.length > 0; taken = buffers.take(max)) {
            expect(taken.length * 10 <= max || taken.length === 1).toBe(true)
            seen.push(...taken)
          }
          expect(seen).toHaveLength(p * n)
          for (let partition = 0; partition < p; partition++) {
            const mine = seen.filter((one) => one.partition === partition)
            expect(mine.map(({ offset }) => offset)).toEqual(Array.from({ length: n }, (_, i) => i))
            if (n > 0) expect(seen.indexOf(mine[0]!)).toBeLessThan(p * Math.max(1, Math.ceil(max / 10)))
          }
          for (const buffer of buffers.all()) expect(buffer.sizeBytes).toBe(0)
        },
      ),
    )
  })
})
