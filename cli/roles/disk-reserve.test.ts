import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { freeBytesOf, withDiskReserve } from './disk-reserve.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

test('appends are refused as full while the reserve is touched, and taken again after', async () => {
  const log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([{ name: 't', partitions: 1, retentionMs: null, retentionBytes: null, compacted: false }])
  let free = 100
  const changes: boolean[] = []
  const reserved = withDiskReserve(log, {
    freeBytes: () => free,
    reserveBytes: 100,
    onChange: (isShort) => changes.push(isShort),
  })
  const append = () => reserved.append('t', [{ key: 'k', value: new Uint8Array([1]) }])
  await append()
  free = 99
  await expect(append()).rejects.toMatchObject({ name: 'LogError', code: 'full' })
  await expect(append()).rejects.toMatchObject({ code: 'full' })
  free = 100
  await append()
  vi.advanceTimersByTime(1_999)
  expect(changes).toEqual([true])
  vi.advanceTimersByTime(1)
  expect(changes).toEqual([true, false])
  expect(await log.read('t', 0, 0, 10)).toHaveLength(2)
  expect(reserved.partitionFor('t', 'k')).toBe(0)
  await log.close()
})

test('the free space of a disk is known', () => {
  expect(freeBytesOf(tmpdir())).toBeGreaterThan(0)
})
