/**
 * For checks of a large store: rows stored long before the day that is checked are passed over by blocks, not read, and what checks found
 * is on one shard by its period, so that a later report of a day takes the place of the one before.
 *
 * Spans sort by day, so a block's rows were stored within hours of each other and the index leaves out all other days. Results sort by
 * eval and trace: it leaves out parts, which are of days until they are merged, and the months before. Parts that are there already get it
 * in the background: one column of them is read, once.
 */
import type { Migration } from '../migrations.ts'

const INDEX = [
  'ADD INDEX IF NOT EXISTS by_stored_at stored_at TYPE minmax GRANULARITY 1',
  'MATERIALIZE INDEX by_stored_at',
]

export const integrityAtScale: Migration = {
  version: 4,
  name: 'an index for checks of the store against the log',
  statements: [
    ...['spans', 'results'].flatMap((table) => INDEX.map((action) => ({ alter: table, action }))),
    { spread: 'integrity_checks', shardBy: 'cityHash64(from_time, to_time)' },
  ],
}
