/** Brings a database to the schema of this version. */
import { createHash } from 'node:crypto'
import type { ClickHouseClient } from '@clickhouse/client'
import { spansAndResults } from './migrations/0001-spans-and-results.ts'

/** Statements may run more than once (`IF NOT EXISTS`): a process may end between a statement and its record. */
export interface Migration {
  readonly version: number
  readonly name: string
  /** `{database}` stands for the database's name. */
  readonly statements: readonly string[]
}

/** In order. A released migration never changes: what comes later is a new one. */
const MIGRATIONS: readonly Migration[] = [spansAndResults]

/** The stored schema is not one that this version can work with. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

interface Applied {
  version: number
  checksum: string
}

/** Safe to call again and from several processes. Rejects with `SchemaError` on a newer or an altered schema. */
export async function migrate(client: ClickHouseClient, database: string, nowMs: () => number): Promise<void> {
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` })
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS ${database}.schema_migrations (
  version UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree(applied_at) ORDER BY version`,
  })
  const answer = await client.query({
    query: `SELECT version, argMin(checksum, applied_at) AS checksum FROM ${database}.schema_migrations GROUP BY version`,
    format: 'JSONEachRow',
  })
  const applied = new Map((await answer.json<Applied>()).map((row) => [row.version, row.checksum]))
  const newest = MIGRATIONS.at(-1)?.version ?? 0
  const beyond = [...applied.keys()].filter((version) => version > newest)
  if (beyond.length > 0) {
    throw new SchemaError(
      `the database ${database} has schema version ${Math.max(...beyond)}, this Assay knows up to ${newest}: use a newer Assay`,
    )
  }
  for (const migration of MIGRATIONS) {
    const checksum = checksumOf(migration)
    const known = applied.get(migration.version)
    if (known === checksum) continue
    if (known !== undefined) {
      throw new SchemaError(`migration ${migration.version} of the database ${database} is not the one of this Assay`)
    }
    for (const statement of migration.statements) {
      await client.command({ query: statement.replaceAll('{database}', database) })
    }
    await client.command({
      query: `INSERT INTO ${database}.schema_migrations SELECT {version:UInt32}, {name:String}, {checksum:String}, fromUnixTimestamp64Milli({now:Int64}, 'UTC')`,
      query_params: { version: migration.version, name: migration.name, checksum, now: nowMs() },
    })
  }
}

function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.statements.join('\0')).digest('hex')
}
