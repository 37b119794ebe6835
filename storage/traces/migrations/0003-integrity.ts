/**
 * For checks of the store against the log (docs/operations/integrity.md): where in the log each row's record is, and what checks found.
 * Rows of before, and those that did not come through the log, are of no partition.
 */
import type { Migration } from '../migrations.ts'

const POSITION = [
  'ADD COLUMN IF NOT EXISTS log_partition UInt32 DEFAULT 4294967295',
  'ADD COLUMN IF NOT EXISTS log_offset UInt64 DEFAULT 0',
]

export const integrity: Migration = {
  version: 3,
  name: 'positions in the log, and what checks of them found',
  statements: [
    ...['spans', 'results'].flatMap((table) => POSITION.map((action) => ({ alter: table, action }))),
    {
      create: 'integrity_checks',
      columns: `  from_time DateTime64(3, 'UTC'),
  to_time DateTime64(3, 'UTC'),
  checked_at DateTime64(3, 'UTC'),
  report String`,
      versionColumn: 'checked_at',
      keys: 'ORDER BY (from_time, to_time)',
      settings: 'index_granularity = 1024',
      shardBy: 'rand()',
    },
  ],
}
