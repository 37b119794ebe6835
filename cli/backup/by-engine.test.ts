/** ClickHouse's own BACKUP: the statements that it is asked by, and there and back on a disk that the engine allows. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { onlineTopics } from '../../storage/log/topics.ts'
import { backupSql, restoreSql } from '../../storage/traces/engine-backup.ts'
import { connectEngine, type Engine, openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { storeRows, TENANTS } from '../../test/fixtures/backup-rows.ts'
import { configureEngine } from '../../test/support/configured-engine.ts'
import { everythingOf } from '../../test/support/everything-stored.ts'
import { type EngineTarget, engineTargetOf } from './by-engine.ts'
import { makeBackup } from './make-backup.ts'
import { readManifest } from './manifest.ts'
import { restoreTraces } from './restore-backup.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-by-engine-'))
const dataDir = join(folder, 'data')
const layout = { database: 'assay', cluster: null, storagePolicy: null }
let configured: { close(): void }
let log: EmbeddedLog
let store: TracesStore
let engine: Engine

beforeAll(async () => {
  mkdirSync(join(folder, 'disk'))
  configured = configureEngine(
    dataDir,
    `<storage_configuration><disks><backups><type>local</type><path>${folder}/disk/</path></backups></disks></storage_configuration>
     <backups><allowed_disk>backups</allowed_disk></backups>`,
  )
  engine = await connectEngine({ dataDir })
  store = await openTraces({ dataDir })
  await store.migrate()
  await storeRows(store)
  log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics(onlineTopics)
})
afterAll(async () => {
  await log.close()
  await store.close()
  await engine.client.close()
  configured.close()
  rmSync(folder, { recursive: true, force: true })
})

function target(given: string, env: Readonly<Record<string, string>> = {}, over = {}): EngineTarget {
  const parsed = engineTargetOf(given, env, { ...layout, ...over })
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.value
}

const KEY = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: "it's \\secret" }
const PLACES: readonly (readonly [string, EngineTarget])[] = [
  ['disk', target('disk://backups/2026-11-21')],
  ["S3 by the server's role", target('s3://acme/assay/2026-11-21', { AWS_REGION: 'eu-west-1' })],
  ['S3 by a key', target('s3://acme/assay/2026-11-21/', KEY)],
  [
    'MinIO, of a cluster',
    target('s3://acme/a', { ...KEY, AWS_ENDPOINT_URL_S3: 'http://minio:9000/' }, { cluster: "o'ne" }),
  ],
]

test('the statements are these, and the engine reads them', async () => {
  const all = PLACES.flatMap(([name, { target: place, access, layout: of }]) => {
    const statement = { layout: of, table: 'spans', target: place, part: 'spans-1', access, id: 'assay-1' }
    return [`-- ${name}`, backupSql(statement), restoreSql(statement)]
  })
  await expect(`${all.join('\n')}\n`).toMatchFileSnapshot('golden/engine-backup.sql')
  for (const statement of all.filter((line) => !line.startsWith('--'))) {
    const query = 'SELECT formatQuerySingleLine({statement:String}) AS text'
    const answer = await engine.client.query({ query, query_params: { statement }, format: 'JSONEachRow' })
    expect((await answer.json<{ text: string }>())[0]?.text).toMatch(
      /^(BACKUP|RESTORE) TABLE .* SETTINGS id = 'assay-1', async = true$/,
    )
  }
})

test.each([
  ['ftp://host/path', {}, /neither s3:\/\/bucket\/path nor/],
  ['s3://bucket', {}, /neither/],
  ["disk://backups/a'b", {}, /neither/],
  ['disk://backups/../etc', {}, /neither/],
  ['s3://b/p', { AWS_ACCESS_KEY_ID: 'x' }, /go together/],
  ['s3://b/p', { ...KEY, AWS_SESSION_TOKEN: 'x' }, /no AWS_SESSION_TOKEN/],
  ['s3://b/p', { AWS_ENDPOINT_URL_S3: 'minio:9000' }, /must look like/],
])('%s is refused', (given, env, message) => {
  expect(engineTargetOf(given, env, layout)).toMatchObject({ ok: false, message: expect.stringMatching(message) })
})

const signal = new AbortController().signal
const onProgress = (): void => {}
const backUp = (to: string, place: EngineTarget) =>
  makeBackup({ log, dataDir, engine, target: place, version: '1', nowMs: () => 1 }, { to, signal, onProgress })

test('there and back', async () => {
  const before = await everythingOf(store, TENANTS)
  const to = join(folder, 'backup')
  const place = target('disk://backups/one')
  expect(await backUp(to, place)).toMatchObject({ ok: true })
  const read = await readManifest(to)
  if (!read.ok || read.manifest === null) throw new Error('no manifest')
  const { manifest } = read
  expect(manifest.engine?.tables.map(({ table, rows }) => [table, rows])).toEqual([
    ['results', 8],
    ['spans', 9],
    ['messages', 0],
    ['integrity_checks', 0],
  ])
  const run = { from: to, manifest, signal, onProgress }
  const schema = { database: 'assay' }
  expect(await restoreTraces(run, engine, { schema, isForced: false, target: place })).toMatchObject({ ok: false })
  expect(await restoreTraces(run, engine, { schema, isForced: true, target: place })).toEqual({ ok: true, notes: [] })
  expect(await everythingOf(store, TENANTS)).toEqual(before)
})

test('what the server refuses is said in its words, and the same place again goes on', async () => {
  const to = join(folder, 'refused')
  await expect(backUp(to, target('disk://other/one'))).rejects.toThrow(
    /BACKUP of results to disk:\/\/other\/one failed: .*other/,
  )
  expect(await backUp(to, target('disk://backups/two'))).toMatchObject({ ok: false, code: 'refused' })
})
