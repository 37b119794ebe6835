/** A backup that is stopped goes on where it was; what is damaged or unfinished is not restored. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { DEAD_LETTERS, onlineTopics } from '../../storage/log/topics.ts'
import { connectEngine, type Engine, openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type BackupOptions, makeBackup } from './make-backup.ts'
import { readManifest } from './manifest.ts'
import { problemOf } from './restore-backup.ts'
import { appendRecords } from './topic-records.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-make-backup-'))
const dataDir = join(folder, 'data')
let log: EmbeddedLog
let store: TracesStore
let engine: Engine
const MONTHS = [0, 31, 62]
const id = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')

beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics(onlineTopics)
  store = await openTraces({ dataDir })
  await store.migrate()
  const spans = MONTHS.map((days) =>
    makeSpan({
      tenant: 'default',
      traceId: id(32, days + 1),
      spanId: id(16, days + 1),
      startTimeUs: 1.75e15 + days * 86_400e6,
    }),
  )
  await store.insertSpans(spans, 'spans')
  await store.insertResults(
    spans.map(({ tenant, traceId, spanId, startTimeUs }) =>
      makeResult({ tenant, evalId: 'p/e', traceId, spanId, subjectKind: 'llm_call', subjectTimeUs: startTimeUs }),
    ),
    'results',
  )
  engine = await connectEngine({ dataDir })
})
afterAll(async () => {
  await engine.client.close()
  await store.close()
  await log.close()
  rmSync(folder, { recursive: true, force: true })
})

const parts = () => ({ log, dataDir, engine, target: null, version: '1.2.3', nowMs: () => 1.75e12 })
const run = (to: string, over: Partial<BackupOptions> = {}) =>
  makeBackup(parts(), { to, signal: new AbortController().signal, onProgress: () => {}, ...over })
const spanFile = (to: string, month: string) => join(to, 'files', 'traces', 'spans', `${month}.native`)

async function manifestOf(to: string) {
  const read = await readManifest(to)
  if (!read.ok || read.manifest === null) throw new Error('there is no manifest')
  return read.manifest
}

test('stopped in the middle, it goes on with what is not there yet or is damaged', async () => {
  const to = join(folder, 'stopped')
  const stop = new AbortController()
  const onProgress: BackupOptions['onProgress'] = ({ text }) => {
    if (text.startsWith('spans 202507')) stop.abort()
  }
  expect(await run(to, { signal: stop.signal, onProgress })).toMatchObject({ ok: false, code: 'stopped' })
  const half = await manifestOf(to)
  expect(half.finishedAt).toBeNull()
  expect(half.files.map(({ path }) => path).filter((path) => path.startsWith('traces/spans'))).toEqual([
    'traces/spans/202506.native',
  ])
  const signal = new AbortController().signal
  expect(await problemOf(to, half, signal)).toMatch(/not finished/)

  const resultsFile = join(to, 'files', 'traces', 'results', '202506.native')
  writeFileSync(resultsFile, 'x')
  const wasMs = statSync(spanFile(to, '202506')).mtimeMs
  const outcome = await run(to)
  expect(outcome).toMatchObject({ ok: true, manifest: { areSpansComplete: true, startedAt: half.startedAt } })
  expect(statSync(spanFile(to, '202506')).mtimeMs).toBe(wasMs)
  expect(statSync(resultsFile).size).toBeGreaterThan(1)
  const whole = await manifestOf(to)
  expect(await problemOf(to, whole, signal)).toBeNull()
  const rows = whole.files.flatMap(({ holds }) =>
    holds.kind === 'rows' ? [[holds.table, holds.partition, holds.rows]] : [],
  )
  expect(rows.sort()).toEqual(
    ['results', 'spans'].flatMap((table) => ['202506', '202507', '202508'].map((month) => [table, month, 1])),
  )
  expect(await run(to)).toMatchObject({ ok: false, message: expect.stringContaining('a whole one in it') })

  const file = spanFile(to, '202507')
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.subarray(1))
  expect(await problemOf(to, whole, signal)).toBe(
    'the backup is damaged: traces/spans/202507.native is not what was written',
  )
  rmSync(file)
  expect(await problemOf(to, whole, signal)).toBe('the backup is not whole: traces/spans/202507.native is missing')
})

test('dead letters keep what became of them where their offsets are others', async () => {
  const to = join(folder, 'letters')
  const letter = (n: number) => ({ key: `agent-traces/0/${n}`, value: Buffer.from([n]), headers: { source: `s${n}` } })
  await log.append(DEAD_LETTERS, [letter(1), letter(2)])
  await log.append(DEAD_LETTERS, [{ key: null, value: Buffer.alloc(0), headers: { settles: '1', outcome: 'dropped' } }])
  expect(await run(to)).toMatchObject({ ok: true })
  const other = await openEmbeddedLog({ dataDir: ':memory:' })
  await other.ensureTopics(onlineTopics)
  await other.append(DEAD_LETTERS, [letter(9)])
  await appendRecords(other, DEAD_LETTERS, join(to, 'files', 'records', `${DEAD_LETTERS}.jsonl`))
  const records = await other.read(DEAD_LETTERS, 0, 0, 10)
  expect(records.map(({ offset, headers }) => [offset, headers.source ?? headers.settles])).toEqual([
    [0, 's9'],
    [1, 's1'],
    [2, 's2'],
    [3, '2'],
  ])
  await other.close()
})

test('what the store has not come to is waited for, and said', async () => {
  const to = join(folder, 'behind')
  await log.append('agent-traces', [{ key: 'a', value: Buffer.from('x') }])
  expect(await run(to, { waitMs: 1 })).toMatchObject({ ok: true, manifest: { areSpansComplete: false } })
  expect(existsSync(join(to, 'files', 'data', 'log', 'topics', 'agent-traces.db'))).toBe(true)
})
