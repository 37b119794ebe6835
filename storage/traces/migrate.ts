/**
 * Brings a database to the schema of this version. There is no lock: every statement may run again and beside itself, and whoever
 * meets another process at it looks again at what is left to do (docs/decisions/0015).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import { storingTable } from './layout.ts'
import { MIGRATIONS } from './migrations.ts'
import { type RetentionSettings, settingsInDefinition, ttlInDefinition } from './retention.ts'
import { planSchema, type SchemaState, type SchemaStep, type SchemaWanted } from './schema-plan.ts'
import { assertSupported } from './server-version.ts'
import { chooseStoragePolicy, type StorageVolume } from './storage-policy.ts'

export { SchemaError } from './schema-plan.ts'

export interface SchemaOptions {
  readonly database: string
  /** As the server's `remote_servers` names it; the schema is then written for it. */
  readonly cluster?: string | null
  /** Applied as well; without it the tables keep what they have. */
  readonly retention?: RetentionSettings | null
  /** What is recorded as applied too. */
  readonly again?: boolean
}

export interface MigrationStatus {
  readonly version: number
  readonly name: string
  /** UTC; null when it is not applied. */
  readonly appliedAt: string | null
}

export interface SchemaStatus {
  readonly database: string
  readonly serverVersion: string
  readonly migrations: readonly MigrationStatus[]
  /** The server's policy with a cold volume, which the tables are or will be on. */
  readonly storagePolicy: string | null
  /** What is still to be run, in order. */
  readonly pending: readonly SchemaStep[]
}

/** Other processes at the same work make a step fail, or needless; nobody needs more tries than there are steps. */
const MAX_TRIES = 20
const PAUSE_MS = 100

/**
 * Resolves with what it ran. Safe to call again and from several processes, and after one that was killed at any point. Rejects with
 * `SchemaError` on a newer or an altered schema.
 */
export async function migrate(client: ClickHouseClient, options: SchemaOptions): Promise<SchemaStep[]> {
  const ran: SchemaStep[] = []
  let wanted = options
  for (let tries = 1; ; tries++) {
    const { pending } = await schemaStatus(client, wanted)
    if (pending.length === 0) return ran
    try {
      for (const step of pending) {
        await client.command({ query: step.statement })
        ran.push(step)
      }
      // Once is enough: what is looked at next is whether another process has recorded something else meanwhile.
      wanted = { ...wanted, again: false }
    } catch (error) {
      const left = await schemaStatus(client, wanted)
      const hasMoved = left.pending.length < pending.length
      if (!hasMoved || tries === MAX_TRIES) throw error
      await sleep(PAUSE_MS)
    }
  }
}

/** Looks, and changes nothing. Rejects as `migrate`. */
export async function schemaStatus(client: ClickHouseClient, options: SchemaOptions): Promise<SchemaStatus> {
  const { database } = options
  const state = await readState(client, database)
  const bare = { database, cluster: options.cluster ?? null, storagePolicy: null }
  const settings = options.retention ?? null
  let wanted: SchemaWanted = { layout: bare, retention: null, again: options.again ?? false }
  if (settings !== null) {
    const volumes = await rows<StorageVolume>(client, 'SELECT policy_name, volume_name FROM system.storage_policies')
    const current = state.tables.get(storingTable(bare, 'spans'))?.storagePolicy ?? null
    const storagePolicy = chooseStoragePolicy(volumes, settings, current)
    wanted = { ...wanted, layout: { ...bare, storagePolicy }, retention: { settings, storagePolicy } }
  }
  return {
    database,
    serverVersion: state.serverVersion,
    migrations: MIGRATIONS.map(({ version, name }) => ({
      version,
      name,
      appliedAt: state.applied.get(version)?.appliedAt ?? null,
    })),
    storagePolicy: wanted.layout.storagePolicy,
    pending: planSchema(state, wanted),
  }
}

interface TableRow {
  name: string
  engine_full: string
  storage_policy: string
}

async function readState(client: ClickHouseClient, database: string): Promise<SchemaState> {
  const [server] = await rows<{ version: string }>(client, 'SELECT version() AS version')
  const serverVersion = server?.version ?? ''
  assertSupported(serverVersion)
  const tables = await rows<TableRow>(
    client,
    'SELECT name, engine_full, storage_policy FROM system.tables WHERE database = {database:String}',
    { database },
  )
  const columns = new Map<string, Set<string>>()
  for (const { table, name } of await rows<{ table: string; name: string }>(
    client,
    'SELECT table, name FROM system.columns WHERE database = {database:String}',
    { database },
  )) {
    columns.set(table, (columns.get(table) ?? new Set()).add(name))
  }
  const hasRecords = tables.some(({ name }) => name === 'schema_migrations')
  const applied = hasRecords
    ? await rows<{ version: number; checksum: string; appliedAt: string }>(
        client,
        `SELECT version, argMin(checksum, applied_at) AS checksum,
  formatDateTime(min(applied_at), '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS appliedAt
FROM ${database}.schema_migrations GROUP BY version`,
      )
    : []
  return {
    serverVersion,
    hasRecords,
    applied: new Map(applied.map((row) => [row.version, row])),
    tables: new Map(
      tables.map((table) => [
        table.name,
        {
          ttl: ttlInDefinition(table.engine_full),
          storagePolicy: table.storage_policy,
          settings: settingsInDefinition(table.engine_full),
        },
      ]),
    ),
    columns,
  }
}

async function rows<Row>(client: ClickHouseClient, query: string, query_params?: Record<string, string>) {
  const answer = await client.query({ query, format: 'JSONEachRow', ...(query_params && { query_params }) })
  return answer.json<Row>()
}
