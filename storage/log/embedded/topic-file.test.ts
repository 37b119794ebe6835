import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEmbeddedLog } from '../embedded.ts'
import type { LogRecord } from '../port.ts'
import { LogError } from '../port.ts'
import { TopicFile } from './topic-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-topic-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const spec = { name: 't', partitions: 2, retentionMs: null, retentionBytes: null, compacted: false }
const open = () => TopicFile.open(join(folder, 't.db'), { durability: 'process', spec })

function refusal(body: () => unknown): LogError {
  try {
    body()
  } catch (error) {
    if (error instanceof LogError) return error
    throw error
  }
  throw new Error('was not refused')
}

function readAll(file: TopicFile, partition: number): LogRecord[] {
  const records: LogRecord[] = []
  file.read(partition, 0, { maxBytes: Number.POSITIVE_INFINITY, maxRecords: 10_000 }, records)
  return records
}

describe('a full disk', () => {
  // SQLITE_FULL by a limit on the file's pages: SQLite takes the same way as with ENOSPC, without needing a file system to fill.
  test('nothing of the refused batch is kept, what was acknowledged is, and appending goes on when there is room', () => {
    const file = open()
    const batch = Array.from({ length: 10 }, (_, i) => ({ key: null, partition: i % 2, value: new Uint8Array(30_000) }))
    file.db.exec('PRAGMA max_page_count = 100')
    let appended = 0
    const full = refusal(() => {
      for (;;) {
        file.append([batch], 0)
        appended += batch.length
      }
    })
    expect(full).toMatchObject({ code: 'full', message: expect.stringContaining('no space left') })
    expect(appended).toBeGreaterThan(0)
    expect(readAll(file, 0).length + readAll(file, 1).length).toBe(appended)
    // What still fits goes in: the file is in order.
    file.db.exec('PRAGMA max_page_count = 10000')
    const [positions] = file.append([batch], 0)
    expect(positions![0]).toEqual({ partition: 0, offset: appended / 2 })
    expect(file.db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    file.close()
  })
})

describe('files that are not what they should be', () => {
  test('a file of something else', () => {
    writeFileSync(join(folder, 't.db'), 'These are the notes of somebody. '.repeat(200))
    expect(refusal(open)).toMatchObject({
      code: 'io',
      message: expect.stringMatching(/t\.db is damaged or not a file of/),
    })
  })

  test("another program's SQLite file is left alone", () => {
    const other = new DatabaseSync(join(folder, 't.db'))
    other.exec('CREATE TABLE holidays(day TEXT)')
    other.close()
    expect(refusal(open)).toMatchObject({ code: 'io', message: expect.stringContaining('some other program') })
    const again = new DatabaseSync(join(folder, 't.db'))
    expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'holidays' }])
    again.close()
  })

  test('a newer format', () => {
    open().close()
    const db = new DatabaseSync(join(folder, 't.db'))
    db.exec('PRAGMA user_version = 2')
    db.close()
    expect(refusal(open)).toMatchObject({ code: 'io', message: expect.stringContaining('newer version') })
  })

  test('pages overwritten with rubbish are an error, not wrong records', () => {
    const file = open()
    file.append(
      [Array.from({ length: 50 }, () => ({ key: null, partition: 0, value: new Uint8Array(30_000).fill(7) }))],
      0,
    )
    file.close()
    const path = join(folder, 't.db')
    const bytes = readFileSync(path)
    // The first page stays, so that the file opens.
    bytes.fill(0xa5, 16_384)
    writeFileSync(path, bytes)
    const error = refusal(() => readAll(open(), 0))
    expect(error).toMatchObject({ code: 'io', message: expect.stringContaining('damaged') })
  })

  test('opening a log over them rejects with the same error, and lets go of the folder', async () => {
    const log = await openEmbeddedLog({ dataDir: folder })
    await log.ensureTopics([spec])
    await log.close()
    writeFileSync(join(folder, 'log', 'groups.db'), 'rubbish '.repeat(1000))
    await expect(openEmbeddedLog({ dataDir: folder })).rejects.toMatchObject({ code: 'io' })
    rmSync(join(folder, 'log', 'groups.db'))
    await (await openEmbeddedLog({ dataDir: folder })).close()
  })
})

describe('mistakes of callers are thrown', () => {
  test('a partition that does not exist', async () => {
    const file = open()
    expect(() => file.append([[{ key: null, partition: 2, value: new Uint8Array(1) }]], 0)).toThrow(RangeError)
    expect(() => readAll(file, 2)).toThrow(RangeError)
    expect(readAll(file, 0)).toEqual([])
    file.close()
  })

  test('a topic whose name would be a path, or without partitions', async () => {
    const log = await openEmbeddedLog({ dataDir: folder })
    await expect(log.ensureTopics([{ ...spec, name: '../t' }])).rejects.toThrow(RangeError)
    await expect(log.ensureTopics([{ ...spec, partitions: 0 }])).rejects.toThrow(RangeError)
    await expect(log.append('../t', [{ key: null, value: new Uint8Array(1) }])).rejects.toMatchObject({
      code: 'unknown_topic',
    })
    await log.close()
  })
})
