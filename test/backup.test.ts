/** A data folder goes into a backup and comes out the same; what is damaged, partial or newer is refused. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSpan } from '../engine/model/make-span.ts'
import { openDataFolder } from '../storage/data-folder.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { AGENT_TRACES, onlineTopics } from '../storage/log/topics.ts'
import { openTraces } from '../storage/traces/open.ts'
import { traceRecord } from '../workers/online/fixtures/records.ts'
import { runAssay } from './support/assay-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-backup-'))
const data = join(folder, 'data')
const backup = join(folder, 'backup')
const restored = join(folder, 'restored')
const span = makeSpan({ tenant: 'default', traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), startTimeUs: 1e15 })
const restore = (...args: string[]) => runAssay(['restore', '--from', backup, '--data', restored, ...args])

beforeAll(async () => {
  const opened = openDataFolder(data)
  if (!opened.ok) throw new Error(opened.message)
  const log = await openEmbeddedLog({ dataDir: data })
  await log.ensureTopics(onlineTopics)
  await log.append(AGENT_TRACES, [traceRecord('default', [{ trace: 1, id: 1 }], 0)])
  await log.close()
  const traces = await openTraces({ dataDir: data })
  await traces.migrate()
  await traces.insertSpans([span], 'once')
  await traces.close()
  // While it is in use nobody copies it.
  expect(await runAssay(['backup', '--to', backup, '--data', data])).toMatchObject({ code: 2 })
  opened.folder.close()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('there and back', { timeout: 90_000 }, async () => {
  expect(await runAssay(['backup', '--to', backup, '--data', data])).toMatchObject({ code: 0, stderr: '' })
  expect(await runAssay(['backup', '--to', backup, '--data', data])).toMatchObject({ code: 2 })
  expect(await restore()).toMatchObject({ code: 0 })
  expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('is not empty') })
  expect(await restore('--force')).toMatchObject({ code: 0 })
  const log = await openEmbeddedLog({ dataDir: restored })
  expect(await log.read(AGENT_TRACES, 0, 0, 10)).toMatchObject([{ offset: 0 }])
  await log.close()
  const traces = await openTraces({ dataDir: restored })
  expect(await traces.getTrace('default', span.traceId)).toEqual([span])
  await traces.close()

  rmSync(restored, { recursive: true, force: true })
  const format = join(backup, 'files', 'format')
  const was = readFileSync(format)
  writeFileSync(format, '7\n')
  expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('damaged: format') })
  rmSync(format)
  expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('format is missing') })
  writeFileSync(format, was)
  const manifest = join(backup, 'manifest.json')
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(manifest, text.replace('"format": 1', '"format": 3'))
  expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('use the newer Assay') })
  rmSync(manifest)
  expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining('no whole backup') })
  expect(existsSync(restored)).toBe(false)
})
