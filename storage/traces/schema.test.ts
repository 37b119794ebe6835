import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layout } from './layout.ts'
import { migrate, SchemaError, schemaStatus } from './migrate.ts'
import { checksumOf, MIGRATIONS } from './migrations.ts'
import { connectEngine } from './open.ts'
import { DEFAULT_RETENTION, deletedAt, type RetentionSettings, ttlOf } from './retention.ts'
import { planSchema, type SchemaState, type SchemaStep } from './schema-plan.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-schema-'))
let client: ClickHouseClient
beforeAll(async () => {
  client = (await connectEngine({ dataDir })).client
})
afterAll(async () => {
  await client.close()
  rmSync(dataDir, { recursive: true, force: true })
})

let databases = 0
const newDatabase = () => `schema_${++databases}`
const rows = async <Row>(query: string): Promise<Row[]> =>
  (await client.query({ query, format: 'JSONEachRow' })).json<Row>()
const engines = async (database: string) =>
  rows<Record<string, string>>(
    `SELECT name, engine, partition_key, sorting_key, engine_full FROM system.tables WHERE database = '${database}' ORDER BY name`,
  )
const kept = (over: Partial<RetentionSettings>): RetentionSettings => ({ ...DEFAULT_RETENTION, ...over })

describe('migrations', () => {
  test('released ones are what they were: databases hold their checksums', () => {
    expect(MIGRATIONS.map((migration) => [migration.version, checksumOf(migration)])).toEqual([
      [1, '8f7d34e8c9f0baf9126d6a82d013858a9d7b927626aa67a0f5d034fd09e60277'],
      [2, '78d5270a103b15fcd2bc2b1f5596f0791fc256c1ba0ac7dadb59a5d4bfc049c3'],
      [3, 'f3651741c94f4050b64fc91c79b5b328445246f40e608333d7bb69e25472918c'],
      [4, 'a152dfba26f4b563f53c2d9e3dbbe0a2f532fd0abe1545765513dfb46a2ee6cd'],
      [5, 'aaa8f466683378d78cfb72c334b53f8d133fc92ba233b75727ad36f9bc913c8d'],
      [6, '79a829d11686923715bf31bc734d3670492c91f1196b0df684972dfaae7798b7'],
      [7, '4c8caf0ab6d7c29e354f39074ba98cd20bb7da5cb5c414b3dc325d3348bb73ce'],
      [8, '3d620e573d661686b0c6f6535cd3b82e118d756c3397ed14ac4e317cf8bc463d'],
    ])
  })

  test('make tables by month, tenant first, that drop duplicates and remember the tokens of inserts', async () => {
    const database = newDatabase()
    await migrate(client, { database })
    const [, , results, records, spans] = await engines(database)
    expect(records).toMatchObject({ name: 'schema_migrations', engine: 'ReplacingMergeTree' })
    expect(spans).toMatchObject({
      engine: 'ReplacingMergeTree',
      partition_key: 'toYYYYMM(start_time)',
      sorting_key: 'tenant, toDate(start_time), trace_id, span_id',
    })
    expect(results).toMatchObject({
      engine: 'ReplacingMergeTree',
      partition_key: 'toYYYYMM(subject_time)',
      sorting_key: 'tenant, eval_id, trace_id, span_id, subject_kind, run_id, revision, measure_hash, verdict_hash',
    })
    for (const table of [spans, results])
      expect(table?.engine_full).toContain('non_replicated_deduplication_window = 1000')
  })

  test('go on where a process was killed, after any statement', async () => {
    const whole = newDatabase()
    await migrate(client, { database: whole, retention: kept({}) })
    const expected = (await engines(whole)).map((table) => ({ ...table }))
    const { pending: all } = await schemaStatus(client, { database: newDatabase(), retention: kept({}) })
    for (let killedAfter = 1; killedAfter <= all.length; killedAfter++) {
      const database = newDatabase()
      const { pending } = await schemaStatus(client, { database, retention: kept({}) })
      for (const { statement } of pending.slice(0, killedAfter)) await client.command({ query: statement })
      await migrate(client, { database, retention: kept({}) })
      expect(await engines(database)).toEqual(expected)
      expect((await schemaStatus(client, { database, retention: kept({}) })).pending).toEqual([])
    }
  }, 180_000)

  test('may run again, every statement of them', async () => {
    const database = newDatabase()
    const first = await migrate(client, { database })
    const again = await migrate(client, { database, again: true })
    const isRecord = ({ statement }: { statement: string }) => statement.startsWith('INSERT')
    expect(again).toEqual(first.filter((step) => !isRecord(step)))
    expect(await migrate(client, { database })).toEqual([])
  })

  test('several at once in one database do it once', async () => {
    const database = newDatabase()
    await Promise.all(Array.from({ length: 5 }, () => migrate(client, { database, retention: kept({}) })))
    const { pending, migrations } = await schemaStatus(client, { database, retention: kept({}) })
    expect(pending).toEqual([])
    expect(migrations.every(({ appliedAt }) => appliedAt !== null)).toBe(true)
  })

  test('a released one that was applied in another form is refused', async () => {
    const database = newDatabase()
    await migrate(client, { database })
    // Which would take the record of before.
    await client.command({ query: `SYSTEM STOP MERGES ${database}.schema_migrations` })
    await client.command({
      query: `INSERT INTO ${database}.schema_migrations SELECT 2, 'other', 'abc', toDateTime64('2020-01-01 00:00:00', 3, 'UTC')`,
    })
    await expect(migrate(client, { database })).rejects.toThrow(SchemaError)
    await expect(migrate(client, { database })).rejects.toThrow(
      /migration 2 \(.*\) of the database schema_\d+ was applied 2020-01-01T00:00:00Z in another form than this Assay has it/,
    )
  })

  test('a newer schema is refused', async () => {
    const database = newDatabase()
    await migrate(client, { database })
    await client.command({ query: `INSERT INTO ${database}.schema_migrations SELECT 99, 'later', 'abc', now64(3)` })
    await expect(migrate(client, { database })).rejects.toThrow(
      `the database ${database} has schema version 99, and this Assay knows up to ${MIGRATIONS.length}: use the newer Assay`,
    )
  })

  test('a table that was changed or dropped by hand is told', async () => {
    const database = newDatabase()
    await migrate(client, { database })
    await client.command({ query: `ALTER TABLE ${database}.results DROP COLUMN explanation` })
    await expect(migrate(client, { database })).rejects.toThrow(
      `the table ${database}.results has no column explanation: it was changed by something else`,
    )
    await client.command({ query: `DROP TABLE ${database}.results` })
    await expect(migrate(client, { database })).rejects.toThrow(`had a table results, and it is not there any more`)
    await migrate(client, { database, again: true })
    expect(await migrate(client, { database })).toEqual([])
  })
})

describe('retention', () => {
  test('when a row is deleted is known from the definition', () => {
    const tenantDays = new Map([
      ["o'hara\\", 7],
      [", TO VOLUME 'cold'", null],
    ])
    const deletion = deletedAt(ttlOf('spans', { settings: kept({ tenantDays }), storagePolicy: null }))
    expect(deletion).toMatch(/^toDateTime\(least\(.* transform\(tenant, .*'UTC'\)$/)
    const tiered = { settings: kept({ tenantDays, coldVolume: "it's, cold" }), storagePolicy: 'tiered' }
    expect(deletedAt(ttlOf('spans', tiered))).toBe(deletion)
    expect(deletedAt(ttlOf('spans', { ...tiered, settings: kept({ days: null }) }))).toBeNull()
    expect(deletedAt(null)).toBeNull()
  })

  const ttls = async (database: string) =>
    Object.fromEntries(
      (await engines(database)).map(({ name, engine_full }) => [
        name,
        / TTL (.*) SETTINGS /.exec(engine_full ?? '')?.[1],
      ]),
    )

  test('is put in force, changed and taken away, each once', async () => {
    const database = newDatabase()
    await migrate(client, { database })
    const none = { messages: undefined, results: undefined, schema_migrations: undefined, spans: undefined }
    expect(await ttls(database)).toEqual(none)
    const settings = [
      kept({}),
      kept({
        days: 90,
        tenantDays: new Map([
          ["o'hara\\", 7],
          ['acme', null],
        ]),
      }),
      kept({ days: null, tenantDays: new Map([['acme', 1]]) }),
      kept({ days: null }),
    ]
    for (const retention of settings) {
      expect(await migrate(client, { database, retention })).toHaveLength(3)
      expect(await migrate(client, { database, retention })).toEqual([])
    }
    expect(await ttls(database)).toEqual(none)
  })

  test('without one in the settings the tables keep theirs', async () => {
    const database = newDatabase()
    await migrate(client, { database, retention: kept({ days: 10 }) })
    await migrate(client, { database })
    expect((await ttls(database)).spans).toContain('(86400 * 10)')
  })
})

test('what was stored on other days is passed over by an index, in parts of before it too', async () => {
  const database = newDatabase()
  const { pending } = await schemaStatus(client, { database })
  const isLater = ({ what }: { what: string }) => what.startsWith('migration 4')
  for (const { statement } of pending.filter((step) => !isLater(step))) await client.command({ query: statement })
  const start = `toDateTime64('2026-06-01 00:00:00', 6, 'UTC') + toIntervalDay(intDiv(number, 20000))`
  await client.command({
    query: `INSERT INTO ${database}.spans (tenant, trace_id, span_id, start_time, stored_at)
SELECT 'acme', reinterpretAsFixedString(generateUUIDv4()), toFixedString('', 8), ${start}, ${start} FROM numbers(200000)`,
  })
  await client.command({ query: `OPTIMIZE TABLE ${database}.spans FINAL` })
  await migrate(client, { database })
  const granules = async () => {
    const plan = await rows<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT groupBitmap(log_offset) FROM ${database}.spans WHERE stored_at >= toDateTime64('2026-06-10 00:00:00', 3, 'UTC')`,
    )
    const text = plan.map(({ explain }) => explain).join('\n')
    return /by_stored_at[\s\S]*?Granules: (\d+)\/(\d+)/.exec(text)?.slice(1).map(Number) ?? [0, 0]
  }
  // Put on what is there in the background.
  await expect.poll(async () => (await granules())[0]! < 30, { timeout: 30_000 }).toBe(true)
  const [read, all] = await granules()
  expect(read).toBeGreaterThan(0)
  expect(all).toBeGreaterThan(190)
})

test('an older server is not told what it does not know; one that nobody asked counts as the newest', () => {
  const layout: Layout = { database: 'assay', cluster: null, storagePolicy: null }
  const told = (serverVersion: string): string => {
    const state = { serverVersion, hasRecords: false, applied: new Map(), tables: new Map(), columns: new Map() }
    return planSchema(state, { layout, retention: null, again: false })
      .map(({ statement }) => statement)
      .join('\n')
  }
  expect(told('26.4.1.1')).toContain('auto_statistics_types')
  expect(told('26.3.9.9')).not.toContain('auto_statistics_types')
  expect(told('25.12.1.1')).not.toContain('auto_statistics_types')
  expect(told('25.12.1.1')).toContain('merge_max_block_size = 2048')
  expect(told('')).toContain('auto_statistics_types')
})

test('what a server was too old for is told to it after its upgrade, by whoever puts the retention in force', async () => {
  const database = newDatabase()
  const { pending } = await schemaStatus(client, { database, retention: kept({}) })
  const isKnown = ({ statement }: SchemaStep) => !statement.includes('auto_statistics_types')
  for (const { statement } of pending.filter(isKnown)) await client.command({ query: statement })
  expect((await schemaStatus(client, { database })).pending).toEqual([])
  const told = await migrate(client, { database, retention: kept({}) })
  expect(told).toEqual(pending.filter((step) => !isKnown(step)))
  expect(told).toHaveLength(3)
  expect((await schemaStatus(client, { database, retention: kept({}) })).pending).toEqual([])
})

test('a plan says what is to be done and for what', () => {
  const nothing: SchemaState = {
    serverVersion: '26.7',
    hasRecords: false,
    applied: new Map(),
    tables: new Map(),
    columns: new Map(),
  }
  const layout: Layout = { database: 'assay', cluster: null, storagePolicy: null }
  const retention = { settings: DEFAULT_RETENTION, storagePolicy: null }
  expect(planSchema(nothing, { layout, retention, again: false }).map(({ what }) => what)).toEqual([
    'the record of migrations',
    'the record of migrations',
    ...Array.from({ length: 3 }, () => 'migration 1: spans and results'),
    ...Array.from({ length: 3 }, () => 'migration 2: merges that take out what is past its retention'),
    ...Array.from({ length: 6 }, () => 'migration 3: positions in the log, and what checks of them found'),
    ...Array.from({ length: 5 }, () => 'migration 4: an index for checks of the store against the log'),
    ...Array.from({ length: 2 }, () => 'migration 5: messages sent apart from their spans'),
    ...Array.from({ length: 2 }, () => 'migration 6: sizes of spans'),
    ...Array.from({ length: 2 }, () => 'migration 7: what subjects are drawn for'),
    ...Array.from({ length: 5 }, () => 'migration 8: merges that cost less'),
    ...Array.from({ length: 3 }, () => 'retention'),
  ])
})
