/** Hands blocks in Native format to ClickHouse: through a file in process, as the request's body by HTTP. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { ClickHouseClient } from '@clickhouse/client'
import { verifyNewParts } from './verify-parts.ts'

export interface BlockTarget {
  /** `database.table`. */
  table: string
  /** In the block's order. */
  columns: readonly string[]
  blocks: readonly Uint8Array[]
  /** The same token twice writes once, as long as ClickHouse remembers it (the last 1,000 inserts of the table). */
  token: string
}

export type InsertBlocks = (target: BlockTarget) => Promise<void>

/** Letters that need no quoting anywhere. */
const SAFE_TOKEN = /^[A-Za-z0-9_.:/-]{1,512}$/

/**
 * On a cluster an insert counts when the shards have it, not when the host that took it has it on its queue. A batch of wild clocks may touch many months; refused, it would stand before all that come after it. Duplicates within a batch
 * are left to merges and to the queries, which drop them anyway: looking for them here costs 2 µs a row.
 */
function insertSettings(token: string): string {
  if (!SAFE_TOKEN.test(token)) throw new RangeError(`${JSON.stringify(token)} is not an insert token`)
  return `insert_deduplication_token = '${token}', throw_on_max_partitions_per_insert_block = 0, optimize_on_insert = 0, distributed_foreground_insert = 1`
}

/** Below this much free space an insert is verified. Plenty: a batch is a tenth of it, and so is what others write meanwhile. */
const SCARCE_BYTES = 512 << 20

/**
 * For the engine in process. The blocks go through a file of ours: a payload inside the statement is cut by the engine at an
 * empty line, and what follows would run as SQL.
 */
export function createFileInsert(client: ClickHouseClient, stagingDir: string): InsertBlocks {
  mkdirSync(stagingDir, { recursive: true })
  // What a killed process left there was not acknowledged, and comes again from the log.
  for (const name of readdirSync(stagingDir)) rmSync(join(stagingDir, name), { force: true })
  const isScarce = (): boolean => {
    const { bavail, bsize } = statfsSync(stagingDir)
    return bavail * bsize < SCARCE_BYTES
  }
  /** By table, when the oldest insert began whose parts are not known to be whole. */
  const suspectSinceMs = new Map<string, number>()
  return async ({ table, columns, blocks, token }) => {
    const earlierMs = suspectSinceMs.get(table)
    // Of this machine, to be compared with times of files.
    const sinceMs = earlierMs ?? Date.now()
    suspectSinceMs.set(table, sinceMs)
    const file = join(stagingDir, `${randomUUID()}.native`)
    const list = columns.join(', ')
    try {
      await writeFile(file, blocks)
      await client.command({
        query: `INSERT INTO ${table} (${list}) SETTINGS ${insertSettings(token)}, max_insert_threads = 1 SELECT ${list} FROM file({file:String}, 'Native')`,
        query_params: { file },
      })
      if (earlierMs !== undefined || isScarce()) await verifyNewParts(client, table, sinceMs)
      suspectSinceMs.delete(table)
    } finally {
      await rm(file, { force: true })
    }
  }
}

/** For a server. Its own limit of one block is over a million rows, so that a batch arrives as one. */
export function createHttpInsert(client: ClickHouseClient): InsertBlocks {
  return async ({ table, columns, blocks, token }) => {
    const { stream } = await client.exec({
      query: `INSERT INTO ${table} (${columns.join(', ')}) SETTINGS ${insertSettings(token)} FORMAT Native`,
      values: Readable.from(blocks, { objectMode: false }),
    })
    // The answer is empty, but the socket is free only when it was read.
    await text(stream)
  }
}
