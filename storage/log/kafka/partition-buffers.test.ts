import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../port.ts'
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
const at = (partition: number, offset = 0) => ({ topic: 't', partition, offset })

function filled(partitions: number, count: number): PartitionBuffers {
  const buffers = new PartitionBuffers()
  buffers.assign(Array.from({ length: partitions }, (_, partition) => at(partition)))
  for (const buffer of buffers.all()) {
    const records = Array.from({ length: count }, (_, offset) => record(buffer.partition, offset))
    buffers.add(buffer, buffer.epoch, records, count)
  }
  return buffers
}

describe('what a consumer holds of its partitions', () => {
  test('a batch that begins before the offset asked for brings only what comes after it', () => {
    const buffers = new PartitionBuffers()
    buffers.assign([at(0, 5)])
    const [buffer] = [...buffers.all()]
    buffers.add(
      buffer!,
      buffer!.epoch,
      [3, 4, 5, 6].map((offset) => record(0, offset)),
      7,
    )
    expect(buffers.take(1_000).map(({ offset }) => offset)).toEqual([5, 6])
    expect(buffer!.nextOffset).toBe(7)
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
    buffers.add(asked!, epoch, [record(0, 0)], 1)
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
