import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { createChdbConnection } from 'chdb/connection'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrokenPartError, verifyNewParts } from './verify-parts.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-parts-'))
let client: ClickHouseClient

beforeAll(async () => {
  type Connection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>
  client = createClient({ connection: createChdbConnection({ path: folder }) as unknown as Connection })
  await client.command({ query: 'CREATE DATABASE t' })
  await client.command({
    query:
      'CREATE TABLE t.rows (n UInt64, s String) ENGINE = ReplacingMergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100',
  })
})
afterAll(async () => {
  await client.close()
  rmSync(folder, { recursive: true, force: true })
})

const insert = (token: string, from: number): Promise<unknown> =>
  client.command({
    query: `INSERT INTO t.rows SETTINGS insert_deduplication_token = '${token}' SELECT number + ${from}, toString(number) FROM numbers(10)`,
  })
const select = async <T>(query: string): Promise<T[]> =>
  (await client.query({ query, format: 'JSONEachRow' })).json<T>()
const count = async (): Promise<number> =>
  Number((await select<{ n: string }>('SELECT count() AS n FROM t.rows'))[0]!.n)

test('a part that is not there as written is dropped with its token, whole ones are left alone', async () => {
  const sinceMs = Date.now()
  await insert('a', 0)
  await insert('b', 100)
  await verifyNewParts(client, 't.rows', sinceMs)
  expect(await count()).toBe(20)

  // As a disk that filled up leaves it: every file there, and empty.
  const [part] = await select<{ path: string }>("SELECT path FROM system.parts WHERE name = 'all_2_2_1' AND active")
  for (const file of readdirSync(part!.path)) truncateSync(join(part!.path, file))
  await insert('b', 100)
  await expect(verifyNewParts(client, 't.rows', sinceMs)).rejects.toThrow(BrokenPartError)
  expect(await count()).toBe(10)
  await insert('b', 100)
  await verifyNewParts(client, 't.rows', sinceMs)
  expect(await count()).toBe(20)
})

test('parts from before are not read', async () => {
  const [part] = await select<{ path: string }>("SELECT path FROM system.parts WHERE name = 'all_1_1_1' AND active")
  for (const file of readdirSync(part!.path)) truncateSync(join(part!.path, file))
  await verifyNewParts(client, 't.rows', Date.now() + 60_000)
})
