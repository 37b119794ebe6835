/** The schema of a cluster: what it is, that the engine takes every statement, and that the store works on Distributed tables. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configureEngine } from '../../test/support/configured-engine.ts'
import { ONE_HOST_CLUSTER, toItsOnlyHost, withoutReplicas } from '../../test/support/one-host-cluster.ts'
import { describeTracesContract } from './contract.ts'
import { schemaStatus } from './migrate.ts'
import { connectEngine, openTraces } from './open.ts'
import { DEFAULT_RETENTION, type Retention } from './retention.ts'
import { planSchema } from './schema-plan.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-cluster-'))
let engine: { close(): void }
let client: ClickHouseClient
beforeAll(async () => {
  engine = configureEngine(dataDir, ONE_HOST_CLUSTER)
  client = (await connectEngine({ dataDir })).client
})
afterAll(async () => {
  await client.close()
  engine.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const retention = { ...DEFAULT_RETENTION, tenantDays: new Map([['acme', 90]]) }

/** Of a cluster whose hosts have nothing yet. */
function statements(database: string, kept: Retention | null): string[] {
  const nothing = { serverVersion: '', hasRecords: false, applied: new Map(), tables: new Map(), columns: new Map() }
  const layout = { database, cluster: 'one', storagePolicy: kept?.storagePolicy ?? null }
  return planSchema(nothing, { layout, retention: kept, again: false }).map(({ statement }) => statement)
}

test('is this, and parses', async () => {
  const all = statements('assay', { settings: retention, storagePolicy: 'tiered' })
  await expect(`${all.join(';\n\n')};\n`).toMatchFileSnapshot('golden/cluster.sql')
  for (const statement of all) {
    const query = 'SELECT formatQuerySingleLine({statement:String}) AS text'
    const answer = await client.query({ query, query_params: { statement }, format: 'JSONEachRow' })
    expect((await answer.json<{ text: string }>())[0]?.text).toMatch(/^(CREATE|ALTER|INSERT) /)
  }
})

test('the engine makes its tables, replicated and Distributed', () => {
  const made = statements('assay', null).filter((statement) => statement.startsWith('CREATE'))
  const child = spawnSync(
    process.execPath,
    [
      join(import.meta.dirname, '..', '..', 'test', 'support', 'make-replicated.ts'),
      join(dataDir, 'replicated'),
      JSON.stringify(made.map(toItsOnlyHost)),
    ],
    { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' },
  )
  expect(child.stderr).toBe('')
  const tables = JSON.parse(child.stdout) as Record<string, string>[]
  const engineOf = (table: string) => tables.find(({ name }) => name === table)?.engine_full
  for (const table of ['spans', 'results']) {
    expect(engineOf(table)).toBe(`Distributed('one', 'assay', '${table}_local', cityHash64(trace_id))`)
    expect(engineOf(`${table}_local`)).toContain(
      `('/clickhouse/tables/{shard}/assay/${table}_local', '{replica}', stored_at)`,
    )
    expect(engineOf(`${table}_local`)).toContain('replicated_deduplication_window = 1000')
  }
  expect(engineOf('schema_migrations')).toContain("'{shard}-{replica}', applied_at)")
})

test('has nothing left to do once it is there', async () => {
  for (const statement of statements('assay', { settings: retention, storagePolicy: null })) {
    await client.command({ query: withoutReplicas(statement) })
  }
  expect((await schemaStatus(client, { database: 'assay', cluster: 'one', retention })).pending).toEqual([])
})

test('a database of one server is not taken for a cluster, nor the other way round', async () => {
  await expect(schemaStatus(client, { database: 'assay' })).rejects.toThrow('assay was made for a cluster: name it by')
  const single = await openTraces({ dataDir, database: 'single' })
  await single.migrate()
  await single.close()
  await expect(schemaStatus(client, { database: 'single', cluster: 'one' })).rejects.toThrow(
    'single was made for one server and cannot be spread over the cluster one',
  )
})

describeTracesContract(
  'on Distributed tables',
  async (nowMs) => {
    for (const statement of statements('spread', null)) await client.command({ query: withoutReplicas(statement) })
    return openTraces({ dataDir, database: 'spread', cluster: 'one', nowMs })
  },
  { drawnBatches: 4 },
)
