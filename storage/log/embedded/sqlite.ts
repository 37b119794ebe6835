/** SQLite files of the embedded log: opening with one set of pragmas, transactions, and errors translated to `LogError`. */

import { DatabaseSync } from 'node:sqlite'
import { messageOf } from '../../../engine/message-of.ts'
import { LogError } from '../port.ts'

/** `process` survives SIGKILL of the process (WAL, synchronous NORMAL); `power` also the loss of power (FULL: fsync a commit). */
export type Durability = 'process' | 'power'

/** Marks our files, so that a foreign SQLite file is refused: "Asy1". */
const APPLICATION_ID = 0x41737931
const SCHEMA_VERSION = 1

// Another thread's transaction lasts milliseconds; seconds mean a stalled disk.
const BUSY_TIMEOUT_MS = 10_000

// Fewer checkpoints than SQLite's default of 4 MB: a page that is written often is copied once.
const WAL_CHECKPOINT_BYTES = 16 << 20

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26
// The WAL index could not be extended: on a full disk this arrives instead of SQLITE_FULL.
const SQLITE_IOERR_SHMSIZE = 10 | (19 << 8)

/**
 * Opens one of our files. If it is new, `createSql` runs in one transaction; without `createSql` a new file is `unknown_topic`.
 * Throws `LogError` (`full`, `io`): unreadable, damaged, not ours, or written by a newer version.
 */
export function openDatabase(
  path: string,
  options: { durability: Durability; pageSizeBytes: number; createSql: string | null },
): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    // page_size and auto_vacuum take effect only before the first table, journal_mode stays in the file.
    db.exec(`PRAGMA page_size = ${options.pageSizeBytes}; PRAGMA auto_vacuum = INCREMENTAL;`)
    switchToWal(db)
    db.exec(`
      PRAGMA synchronous = ${options.durability === 'power' ? 'FULL' : 'NORMAL'};
      PRAGMA wal_autocheckpoint = ${WAL_CHECKPOINT_BYTES / options.pageSizeBytes};
      PRAGMA journal_size_limit = ${64 << 20};
      PRAGMA cache_size = -4096;
      PRAGMA temp_store = MEMORY;`)
    createOnce(db, path, options.createSql)
    return db
  } catch (error) {
    db?.close()
    throw toLogError(error, path)
  }
}

/** Switching to WAL needs the file alone and may answer BUSY without waiting when two threads open a new file at once. */
function switchToWal(db: DatabaseSync): void {
  const deadlineMs = performance.now() + BUSY_TIMEOUT_MS
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (sqliteCode(error) !== SQLITE_BUSY || performance.now() > deadlineMs) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
    }
  }
}

function createOnce(db: DatabaseSync, path: string, createSql: string | null): void {
  inTransaction(db, () => {
    const applicationId = pragmaNumber(db, 'application_id')
    if (applicationId === APPLICATION_ID) {
      const version = pragmaNumber(db, 'user_version')
      if (version <= SCHEMA_VERSION) return
      throw new LogError('io', `${path} was written by a newer version of Assay (format ${version}); upgrade this one`)
    }
    const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }
    if (applicationId !== 0 || tables.n > 0) {
      throw new LogError('io', `${path} is a SQLite file of some other program, not of Assay's log; move it away`)
    }
    // The file exists but its creator has not committed yet.
    if (createSql === null) throw new LogError('unknown_topic', `${path} holds no topic yet`)
    db.exec(createSql)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  })
}

function pragmaNumber(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number> | undefined
  return row === undefined ? 0 : (Object.values(row)[0] ?? 0)
}

/** Runs `body` in a write transaction; whatever it throws rolls everything back and is rethrown. */
export function inTransaction<T>(db: DatabaseSync, body: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = body()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite rolls back by itself on a full disk; a second ROLLBACK would hide the first error.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** SQLite's extended result code of a thrown error; undefined for others. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}

/** Runs `body`, with SQLite's errors translated for the file at `path`. */
export function guarded<T>(path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw toLogError(error, path)
  }
}

/** SQLite's errors as `LogError` with the file's path; anything else as it is (a bug stays a bug). */
function toLogError(error: unknown, path: string): unknown {
  const code = sqliteCode(error)
  if (code === undefined) return error
  const text = messageOf(error)
  const primary = code & 0xff
  if (primary === SQLITE_FULL || code === SQLITE_IOERR_SHMSIZE) {
    return new LogError('full', `no space left to write ${path}; free disk space, what was acknowledged is kept`, {
      cause: error,
    })
  }
  if (primary === SQLITE_NOTADB || primary === SQLITE_CORRUPT) {
    return new LogError('io', `${path} is damaged or not a file of Assay's log (${text}); restore it or move it away`, {
      cause: error,
    })
  }
  if (primary === SQLITE_BUSY) {
    return new LogError('io', `${path} stayed locked for ${BUSY_TIMEOUT_MS / 1000} s; is the disk stalled?`, {
      cause: error,
    })
  }
  return new LogError('io', `${path}: ${text}`, { cause: error })
}
