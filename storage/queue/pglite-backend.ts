/** BullMQ on PGlite: PostgreSQL in this process, its files in a folder. */

import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'
import { createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq'
import { messageOf } from '../../engine/message-of.ts'
import type { BullBackend } from './bull-queue.ts'
import { PglitePool } from './pglite-pool.ts'
import { QueueError } from './port.ts'

/**
 * PostgreSQL's defaults reserve memory for a busy server: these bring an open queue from about 300 MB of resident memory to
 * about 100, with tables of a few hundred kilobytes.
 */
const SETTINGS = ['shared_buffers=4MB', 'wal_buffers=256kB', 'max_connections=5']

/**
 * V8's optimising compiler takes some 500 MB for a while, and half a second of CPU, on PGlite's code after each start, all to
 * speed up a queue that handles a few statements a second: 750 MB of peak memory with it, 170 without. The flags hold for the
 * process; of its other WebAssembly there is only the header parser of `fetch`. (`--liftoff-only` is read at process start
 * alone.)
 */
const V8_FLAGS = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
const MAINTENANCE_INTERVAL_MS = 3_600_000

/** BullMQ's own name for its schema; a pool that it did not make always means this one. */
const SCHEMA = 'bullmq'

/**
 * Opens the folder, making it first if need be: seconds of CPU (initdb), later starts a few hundred milliseconds.
 * The caller guarantees that no other process has the folder open (the data folder's lock does).
 * Rejects with `QueueError` when the folder cannot be opened.
 */
export async function openPgliteBackend(folder: string): Promise<BullBackend> {
  for (const flag of V8_FLAGS) setFlagsFromString(flag)
  const db = await openDatabase(folder)
  const pool = new PglitePool(db)
  // Each queue and worker attaches its own listeners.
  pool.setMaxListeners(0)
  const client = await pool.connect()
  try {
    await runMigrations(client, SCHEMA)
  } finally {
    client.release()
  }
  await pool.query(`SET search_path TO ${SCHEMA}`)
  // A failure shows in the next statement of the queue itself, which is reported.
  const maintenance = setInterval(() => void maintain(pool).catch(() => {}), MAINTENANCE_INTERVAL_MS)
  maintenance.unref()
  return {
    name: 'pglite',
    knownMarks: new Map(),
    openQueue: (name) => new Queue(name, { connection: pool }, createPostgresBackend),
    openWorker: (name, run, settings) =>
      new Worker(name, run, { connection: pool, ...settings }, createPostgresBackend),
    async close() {
      clearInterval(maintenance)
      await pool.end()
      await db.close()
    },
  }
}

/** A lone session has no background processes: without this, dead rows and the write-ahead log would pile up while it runs. */
export async function maintain(pool: Pick<PglitePool, 'query'>): Promise<void> {
  await pool.query('VACUUM')
  await pool.query('CHECKPOINT')
}

function openFolder(folder: string): Promise<PGlite> {
  const settings = SETTINGS.flatMap((setting) => ['-c', setting])
  return PGlite.create(folder, { startParams: [...PGlite.defaultStartParams, ...settings] })
}

/**
 * A folder whose process was killed in the middle of initdb would never open again. A file beside it stands as long as it is
 * being made; a folder that is found with that file is made anew.
 */
async function openDatabase(folder: string): Promise<PGlite> {
  const beingMade = `${folder}.unfinished`
  try {
    if (await exists(beingMade)) await rm(folder, { recursive: true, force: true })
    if (await exists(folder)) return await openFolder(folder)
    await mkdir(dirname(folder), { recursive: true })
    await writeFile(beingMade, '')
    const db = await openFolder(folder)
    await rm(beingMade, { force: true })
    return db
  } catch (error) {
    throw new QueueError(
      'unavailable',
      `The job queue in ${folder} cannot be opened (${messageOf(error)}). ` +
        'It holds only schedules and unfinished offline runs: move the folder away to start afresh.',
      { cause: error },
    )
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
