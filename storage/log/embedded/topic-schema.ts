/** The tables of a topic's file and the statements on them. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { TopicSpec } from '../port.ts'

// Measured with records of 30 kB (bench/log.ts), ten a transaction: 2.9 CPU s per million spans with 4 kB pages, 2.2 to 2.7 with
// 8 kB and more. Every transaction writes whole pages to the WAL, so larger ones make small transactions dear.
export const PAGE_SIZE_BYTES = 16_384

export interface PartitionStatements {
  insert: StatementSync
  read: StatementSync
  sizes: StatementSync
  timeAt: StatementSync
  first: StatementSync
  removeBelow: StatementSync
}

/** A partition's table of records. */
export function tableOf(partition: number): string {
  return `records_${partition}`
}

/** Creates the tables of a new topic. */
export function createTopicSql(spec: TopicSpec): string {
  const tables = Array.from(
    { length: spec.partitions },
    (_, p) => `
      CREATE TABLE ${tableOf(p)}(offset INTEGER PRIMARY KEY, append_time_ms INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
        key TEXT, headers TEXT, value BLOB NOT NULL);
      INSERT INTO partitions VALUES(${p}, 0, 0, 0);`,
  )
  const name = spec.name.replaceAll("'", "''")
  return `
    CREATE TABLE topic(name TEXT NOT NULL, partitions INTEGER NOT NULL, retention_ms INTEGER, retention_bytes INTEGER,
      compacted INTEGER NOT NULL);
    INSERT INTO topic VALUES('${name}', ${spec.partitions}, ${spec.retentionMs}, ${spec.retentionBytes}, ${spec.compacted ? 1 : 0});
    CREATE TABLE partitions(partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL, last_time_ms INTEGER NOT NULL,
      live_bytes INTEGER NOT NULL);
    ${tables.join('')}`
}

/** A partition's statements, prepared once; those that return rows return arrays. */
export function prepareFor(db: DatabaseSync, partition: number): PartitionStatements {
  const table = tableOf(partition)
  const statements = {
    insert: db.prepare(`INSERT INTO ${table} VALUES(?, ?, ?, ?, ?, ?)`),
    read: db.prepare(
      `SELECT offset, append_time_ms, size_bytes, key, headers, value FROM ${table} WHERE offset >= ? ORDER BY offset LIMIT ?`,
    ),
    sizes: db.prepare(`SELECT offset, size_bytes FROM ${table} WHERE offset < ? ORDER BY offset LIMIT ?`),
    timeAt: db.prepare(`SELECT offset, append_time_ms FROM ${table} WHERE offset >= ? ORDER BY offset LIMIT 1`),
    first: db.prepare(`SELECT min(offset) FROM ${table}`),
    removeBelow: db.prepare(`DELETE FROM ${table} WHERE offset < ?`),
  }
  for (const name of ['read', 'sizes', 'timeAt', 'first'] as const) statements[name].setReturnArrays(true)
  return statements
}
