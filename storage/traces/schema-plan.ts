/** What is to be run to bring a database to the schema of this version: decided here from what is there, run by `migrate.ts`. */
import { type Layout, onCluster, quoted, type Statement, statementsOf, storingTable } from './layout.ts'
import { MESSAGES_COLUMNS } from './messages-columns.ts'
import { checksumOf, MIGRATIONS, type Migration } from './migrations.ts'
import { RESULT_COLUMNS } from './result-columns.ts'
import { type Retention, retentionStatements } from './retention.ts'
import { isSince } from './server-version.ts'
import { SPAN_COLUMNS } from './span-columns.ts'

/** The stored schema is not one that this version can work with. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

export interface AppliedMigration {
  readonly version: number
  readonly checksum: string
  readonly appliedAt: string
}

export interface TableState {
  /** What stands after `TTL` in the definition, as the server writes it. */
  readonly ttl: string | null
  readonly storagePolicy: string
  /** By name, those that it was given. */
  readonly settings: ReadonlySet<string>
}

/** What a database has. */
export interface SchemaState {
  /** Empty where no server was asked: the newest then. */
  readonly serverVersion: string
  readonly hasRecords: boolean
  readonly applied: ReadonlyMap<number, AppliedMigration>
  /** By name: those that hold rows, and on a cluster those that spread them. */
  readonly tables: ReadonlyMap<string, TableState>
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>
}

export interface SchemaStep {
  /** What it is for, in a few words. */
  readonly what: string
  readonly statement: string
}

/** `retention` null leaves the tables' own as it is. `again`: what is recorded as applied too, for a host that joined the cluster. */
export interface SchemaWanted {
  readonly layout: Layout
  readonly retention: Retention | null
  readonly again: boolean
}

/** Empty when there is nothing to do. Throws `SchemaError` on a schema that is newer than this version, or altered. */
export function planSchema(state: SchemaState, wanted: SchemaWanted): SchemaStep[] {
  const { layout, again } = wanted
  checkApplied(state, layout.database)
  const steps: SchemaStep[] = []
  const todo = MIGRATIONS.filter(({ version }) => again || !state.applied.has(version))
  if (again || !state.hasRecords) {
    steps.push(...recordsOf(layout).map((statement) => ({ what: 'the record of migrations', statement })))
  }
  for (const migration of todo) steps.push(...stepsOf(migration, layout, state))
  if (todo.length === 0) checkTables(state, layout)
  if (wanted.retention !== null) {
    // Whoever puts the retention in force may alter tables; another role may be a user who only reads.
    const done = MIGRATIONS.filter((migration) => !todo.includes(migration))
    steps.push(...done.flatMap((migration) => missedSteps(migration, layout, state)))
    steps.push(
      ...retentionStatements(state.tables, layout, wanted.retention).map((statement) => ({
        what: 'retention',
        statement,
      })),
    )
  }
  return steps
}

function recordsOf(layout: Layout): string[] {
  const { database, cluster } = layout
  // Every host of a cluster has all of them, whatever its shard: they are replicas of one table.
  const engine =
    cluster === null
      ? 'ReplacingMergeTree(applied_at)'
      : `ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}', '{shard}-{replica}', applied_at)`
  return [
    `CREATE DATABASE IF NOT EXISTS ${database}${onCluster(layout)}`,
    `CREATE TABLE IF NOT EXISTS ${database}.schema_migrations${onCluster(layout)} (
  version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC')
) ENGINE = ${engine} ORDER BY version`,
  ]
}

function stepsOf(migration: Migration, layout: Layout, state: SchemaState): SchemaStep[] {
  const { version, name } = migration
  const told = migration.statements.filter((one) => !('set' in one) || isSince(state.serverVersion, one.since))
  const steps = stepsTo(told, migration, layout)
  if (state.applied.has(version)) return steps
  const record = `INSERT INTO ${layout.database}.schema_migrations SELECT ${version}, ${quoted(name)}, ${quoted(checksumOf(migration))}, now64(3, 'UTC')`
  return [...steps, { what: whatOf(migration), statement: record }]
}

/** Of one that was recorded when the server was too old for its settings, and is no more. */
function missedSteps(migration: Migration, layout: Layout, state: SchemaState): SchemaStep[] {
  const missed = migration.statements.filter(
    (one) =>
      'set' in one &&
      isSince(state.serverVersion, one.since) &&
      state.tables.get(storingTable(layout, one.set))?.settings.has(one.setting) === false,
  )
  return stepsTo(missed, migration, layout)
}

function stepsTo(statements: readonly Statement[], migration: Migration, layout: Layout): SchemaStep[] {
  const what = whatOf(migration)
  return statements.flatMap((one) => statementsOf(one, layout)).map((statement) => ({ what, statement }))
}

const whatOf = ({ version, name }: Migration): string => `migration ${version}: ${name}`

function checkApplied({ applied }: SchemaState, database: string): void {
  const newest = MIGRATIONS.at(-1)?.version ?? 0
  const stored = Math.max(0, ...applied.keys())
  if (stored > newest) {
    throw new SchemaError(
      `the database ${database} has schema version ${stored}, and this Assay knows up to ${newest}: use the newer Assay that brought it there`,
    )
  }
  for (const migration of MIGRATIONS) {
    const known = applied.get(migration.version)
    if (known === undefined || known.checksum === checksumOf(migration)) continue
    throw new SchemaError(
      `migration ${migration.version} (${migration.name}) of the database ${database} was applied ${known.appliedAt} in another form than this Assay has it: use the Assay that applied it, or another database`,
    )
  }
}

const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  spans: SPAN_COLUMNS,
  results: RESULT_COLUMNS,
  messages: MESSAGES_COLUMNS,
}

/** A table that somebody changed or dropped by hand is told here, and not by the first insert. */
function checkTables({ columns }: SchemaState, layout: Layout): void {
  const { database, cluster } = layout
  for (const [table, names] of Object.entries(WRITTEN)) {
    const stored = columns.get(storingTable(layout, table))
    const there = columns.get(table)
    if (cluster === null && columns.has(`${table}_local`)) {
      throw new SchemaError(
        `the database ${database} was made for a cluster: name it by ASSAY_TRACES_CLUSTER, or use another database`,
      )
    }
    if (cluster !== null && stored === undefined && there !== undefined) {
      throw new SchemaError(
        `the database ${database} was made for one server and cannot be spread over the cluster ${cluster}: use another database`,
      )
    }
    if (there === undefined) {
      throw new SchemaError(
        `the database ${database} had a table ${table}, and it is not there any more: assay migrate --all makes it again, empty`,
      )
    }
    const missing = names.filter((name) => !there.has(name))
    if (missing.length === 0) continue
    throw new SchemaError(
      `the table ${database}.${table} has no column ${missing.join(', ')}: it was changed by something else than assay migrate`,
    )
  }
}
