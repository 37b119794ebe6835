import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { freeBytesOf, withDiskReserve } from './disk-reserve.ts'

test('appends are refused as full while the reserve is touched, and taken again after', async () => {
  const log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([{ name: 't', partitions: 1, retentionMs: null, retentionBytes: null, compacted: false }])
  let free = 100
  let nowMs = 0
  const changes: boolean[] = []
  const reserved = withDiskReserve(log, {
    freeBytes: () => free,
    reserveBytes: 100,
    nowMs: () => nowMs,
    onChange: (isShort) => changes.push(isShort),
  })
  const append = () => reserved.append('t', [{ key: 'k', value: new Uint8Array([1]) }])
  await append()
  free = 99
  await expect(append()).rejects.toMatchObject({ name: 'LogError', code: 'full' })
  await expect(append()).rejects.toMatchObject({ code: 'full' })
  free = 100
  nowMs = 1_999
  await append()
  expect(changes).toEqual([true])
  nowMs = 2_000
  await append()
  expect(changes).toEqual([true, false])
  expect(await log.read('t', 0, 0, 10)).toHaveLength(3)
  expect(reserved.partitionFor('t', 'k')).toBe(0)
  await log.close()
})

test('the free space of a disk is known', () => {
  expect(freeBytesOf(tmpdir())).toBeGreaterThan(0)
})
