import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { EmbeddedLog, LogReport } from '../embedded.ts'
import { openEmbeddedLog } from '../embedded.ts'
import type { TopicSpec } from '../port.ts'

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 0, 1)

let log: EmbeddedLog
let nowMs = START_MS
let reports: LogReport[] = []

afterEach(() => log.close())

async function openWith(spec: Partial<TopicSpec>, dataDir = ':memory:'): Promise<void> {
  nowMs = START_MS
  reports = []
  log = await openEmbeddedLog({
    dataDir,
    nowMs: () => nowMs,
    retentionIntervalMs: null,
    onReport: (report) => reports.push(report),
  })
  await log.ensureTopics([
    { name: 't', partitions: 2, retentionMs: null, retentionBytes: null, compacted: false, ...spec },
  ])
}

/** 10 kB records in turn on both partitions. */
async function append(count: number): Promise<void> {
  const value = new Uint8Array(10_000)
  for (let i = 0; i < count; i++) await log.append('t', [{ key: null, value, partition: i % 2 }])
}

/** A group that consumed everything up to these offsets. */
async function consumeUpTo(groupId: string, offsets: [number, number]): Promise<void> {
  const consumer = await log.openConsumer({ groupId, topics: ['t'], startFrom: 'earliest' })
  await consumer.fetch({ maxBytes: 1, maxWaitMs: 0 })
  const outcome = await consumer.commit(offsets.map((offset, partition) => ({ topic: 't', partition, offset })))
  expect(outcome).toEqual({ ok: true })
  await consumer.close()
}

const starts = async () => (await log.endOffsets('t')).map((extent) => extent.start)

describe('by time', () => {
  test('older records go, with a report that counts those nobody consumed', async () => {
    await openWith({ retentionMs: HOUR_MS })
    await append(20)
    nowMs += HOUR_MS / 2
    await append(10)
    await consumeUpTo('slow', [4, 10])
    await consumeUpTo('fast', [10, 10])
    nowMs += HOUR_MS / 2 + 1
    await log.enforceRetention()
    expect(await starts()).toEqual([10, 10])
    const bytes = expect.any(Number)
    expect(reports).toEqual([
      { kind: 'deleted', topic: 't', partition: 0, records: 10, bytes, reason: 'time', unconsumed: 6 },
      { kind: 'deleted', topic: 't', partition: 1, records: 10, bytes, reason: 'time', unconsumed: 0 },
    ])
  })

  test('a record is kept for as long as promised, and offsets go on after all are gone', async () => {
    await openWith({ retentionMs: HOUR_MS })
    await append(4)
    nowMs += HOUR_MS
    await log.enforceRetention()
    expect(await starts()).toEqual([0, 0])
    nowMs += 1
    await log.enforceRetention()
    expect(await log.endOffsets('t')).toEqual([
      { partition: 0, start: 2, end: 2 },
      { partition: 1, start: 2, end: 2 },
    ])
    expect(await log.append('t', [{ key: null, value: new Uint8Array(1), partition: 0 }])).toEqual([
      { partition: 0, offset: 2 },
    ])
  })

  test('more than one transaction holds is deleted all the same', async () => {
    await openWith({ retentionMs: HOUR_MS, partitions: 1 })
    await log.append(
      't',
      Array.from({ length: 1000 }, () => ({ key: null, value: new Uint8Array(10) })),
    )
    nowMs += HOUR_MS + 1
    await log.enforceRetention()
    expect(reports).toMatchObject([{ records: 1000, unconsumed: 1000, reason: 'time' }])
  })

  test('append times never step back with the clock', async () => {
    await openWith({ retentionMs: HOUR_MS })
    await append(2)
    nowMs -= HOUR_MS
    await append(2)
    const times = (await log.read('t', 0, 0, 10)).map((r) => r.appendTimeMs)
    expect(times).toEqual([START_MS, START_MS])
    expect((await log.offsetsForTime('t', START_MS))[0]!.offset).toBe(0)
    expect((await log.offsetsForTime('t', START_MS + 1))[0]!.offset).toBe(2)
  })

  test('finds any time among many records', async () => {
    await openWith({ partitions: 1 })
    for (let i = 0; i < 100; i++) {
      nowMs = START_MS + i * 10
      await log.append('t', [{ key: null, value: new Uint8Array(1) }])
    }
    for (let i = 0; i < 100; i++) {
      expect((await log.offsetsForTime('t', START_MS + i * 10 - 9))[0]!.offset).toBe(i)
      expect((await log.offsetsForTime('t', START_MS + i * 10))[0]!.offset).toBe(i)
    }
  })
})

describe('by size', () => {
  const bound = { retentionBytes: 1_000_000 }

  test('append deletes the oldest that every group consumed, and says so', async () => {
    await openWith(bound)
    await append(98)
    await consumeUpTo('slow', [20, 30])
    await consumeUpTo('fast', [49, 49])
    await append(10)
    const [first, second] = await starts()
    expect(first! + second!).toBeGreaterThanOrEqual(10)
    // The oldest of both partitions in turn, not all of one.
    expect(Math.abs(first! - second!)).toBeLessThanOrEqual(16)
    expect(reports.length).toBeGreaterThan(0)
    for (const report of reports) expect(report).toMatchObject({ kind: 'deleted', reason: 'size', unconsumed: 0 })
    const reported = reports.reduce((sum, report) => sum + (report.kind === 'deleted' ? report.records : 0), 0)
    expect(reported).toBe(first! + second!)
  })

  test('what is not consumed stays: append is refused as full, until somebody consumes', async () => {
    await openWith(bound)
    await append(98)
    await consumeUpTo('store', [3, 0])
    await append(3)
    expect(await starts()).toEqual([3, 0])
    const value = new Uint8Array(40_000)
    const full = log.append('t', [{ key: 'k', value }])
    await expect(full).rejects.toMatchObject({
      code: 'full',
      message: expect.stringMatching(/size bound.*behind: store$/),
    })
    const before = await log.endOffsets('t')
    expect(before.reduce((sum, { end }) => sum + end, 0)).toBe(101)
    await consumeUpTo('store', [49, 49])
    await log.append('t', [{ key: 'k', value }])
    expect((await starts()).reduce((a, b) => a + b)).toBeGreaterThan(3)
  })

  test('a call that does not fit does not fail the others of its turn', async () => {
    await openWith(bound)
    await consumeUpTo('store', [0, 0])
    const [small, large] = [new Uint8Array(1000), new Uint8Array(2_000_000)]
    const outcomes = await Promise.allSettled(
      [small, large, small].map((value) => log.append('t', [{ key: null, value, partition: 0 }])),
    )
    expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await log.read('t', 0, 0, 10)).map((r) => r.value.byteLength)).toEqual([1000, 1000])
  })

  test('a topic that no group reads loses its oldest, reported as unconsumed', async () => {
    await openWith(bound)
    await append(110)
    expect((await starts())[0]!).toBeGreaterThan(0)
    for (const report of reports) {
      if (report.kind === 'deleted') expect(report.unconsumed).toBe(report.records)
    }
  })

  test('a bound that was lowered is enforced by the timer too', async () => {
    await openWith(bound)
    await append(90)
    await consumeUpTo('store', [45, 45])
    await log.ensureTopics([{ name: 't', partitions: 2, retentionMs: null, retentionBytes: 500_000, compacted: false }])
    await log.enforceRetention()
    const kept = (await log.endOffsets('t')).reduce((sum, { start, end }) => sum + end - start, 0)
    expect(kept).toBeLessThan(50)
    expect(kept).toBeGreaterThan(30)
  })

  test('the file stops growing: freed pages are used again', async () => {
    await openWith({ retentionBytes: 2_000_000 })
    const consumer = await log.openConsumer({ groupId: 'store', topics: ['t'], startFrom: 'earliest' })
    for (let round = 0; round < 10; round++) {
      await append(100)
      for (;;) {
        const records = await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 0 })
        if (records.length === 0) break
        await consumer.commit(records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 })))
      }
    }
    // 10 MB went through; pages are not packed quite full.
    expect(statSync(join(log.dataDir, 'log', 'topics', 't.db')).size).toBeLessThan(4_000_000)
  })

  test('free pages go back to the file system', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'assay-retention-'))
    try {
      await openWith({ retentionMs: HOUR_MS }, dataDir)
      await append(200)
      nowMs += 2 * HOUR_MS
      await log.enforceRetention()
      await log.close()
      expect(statSync(join(dataDir, 'log', 'topics', 't.db')).size).toBeLessThan(300_000)
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })
})

describe('compacted topics', () => {
  test('keep the last record of each key, and those without one', async () => {
    await openWith({ compacted: true, partitions: 1 })
    const put = (key: string | null, text: string) => log.append('t', [{ key, value: Buffer.from(text) }])
    for (const [key, text] of [
      ['a', '1'],
      ['b', '1'],
      [null, 'x'],
      ['a', '2'],
      ['a', '3'],
      ['b', '2'],
    ] as const) {
      await put(key, text)
    }
    await log.enforceRetention()
    const kept = (await log.read('t', 0, 0, 10)).map((r) => [r.offset, r.key, Buffer.from(r.value).toString()])
    expect(kept).toEqual([
      [2, null, 'x'],
      [4, 'a', '3'],
      [5, 'b', '2'],
    ])
    expect(reports).toMatchObject([{ reason: 'compacted', records: 3 }])
    await log.enforceRetention()
    expect(reports).toHaveLength(1)
    expect(await put('c', '1')).toEqual([{ partition: 0, offset: 6 }])
  })
})

test('the timer of the thread that holds the lock enforces retention by itself', async () => {
  nowMs = START_MS
  const reported = Promise.withResolvers<LogReport>()
  log = await openEmbeddedLog({
    dataDir: ':memory:',
    nowMs: () => nowMs,
    retentionIntervalMs: 5,
    onReport: reported.resolve,
  })
  await log.ensureTopics([{ name: 't', partitions: 2, retentionMs: 1, retentionBytes: null, compacted: false }])
  await append(1)
  nowMs += 10
  expect(await reported.promise).toMatchObject({ kind: 'deleted', topic: 't', records: 1, reason: 'time' })
})

test('retention that fails in a way of its own is reported, and tried again', async () => {
  const told: LogReport[] = []
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-retention-'))
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: 5, onReport: (report) => told.push(report) })
  rmSync(join(dataDir, 'log', 'topics'), { recursive: true })
  await vi.waitFor(() => expect(told.length).toBeGreaterThan(1))
  expect(told[0]).toMatchObject({ kind: 'retention_failed', error: { code: 'ENOENT' } })
  await log.close()
  rmSync(dataDir, { recursive: true })
})
