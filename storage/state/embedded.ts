/** The state port on a SQLite file in the data folder, for all threads of one process. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { messageOf } from '../../engine/message-of.ts'
import { openDataFolder } from '../data-folder.ts'
import { inTransaction, openDatabase } from '../log/embedded/sqlite.ts'
import { groupWrites } from './grouped-writes.ts'
import { assertAddend, assertEntry, assertGroup, StateError, type StateStore } from './port.ts'

export interface EmbeddedStateOptions {
  /** The data folder. `:memory:` takes a new temporary folder that is removed on close. */
  dataDir: string
  nowMs: () => number
}

export interface EmbeddedState extends StateStore {
  /** The real path of the data folder: other threads open a temporary one by it. */
  readonly dataDir: string
}

const CREATE_SQL = `
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX state_by_expiry ON state (expires_at_ms);`

/** Since groups are there: a file from before has not got it. */
const CREATE_GROUPS_SQL = `
CREATE TABLE IF NOT EXISTS state_groups (
  name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires_at_ms INTEGER NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS state_groups_by_expiry ON state_groups (expires_at_ms);`

/** What has expired is not seen from that moment on; it is swept away at most this much later while entries are written. */
const SWEEP_EVERY_MS = 60_000
const SWEEP_AT_ONCE = 10_000

/** Rejects with `StateError`: the folder is another process's, not writable, full, or the file is damaged. */
export async function openEmbeddedState({ dataDir, nowMs }: EmbeddedStateOptions): Promise<EmbeddedState> {
  const opened = openDataFolder(dataDir)
  if (!opened.ok) throw new StateError(opened.message)
  const { folder } = opened
  let db: DatabaseSync
  try {
    db = openFile(join(folder.path, 'state'))
  } catch (error) {
    folder.close()
    throw new StateError(messageOf(error))
  }
  const select = db.prepare('SELECT value FROM state WHERE key = ? AND expires_at_ms > ?')
  const upsert = db.prepare(
    'INSERT INTO state VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, expires_at_ms = excluded.expires_at_ms',
  )
  const sweep = db.prepare(
    'DELETE FROM state WHERE key IN (SELECT key FROM state WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)',
  )
  const selectGroup = db.prepare('SELECT key, value FROM state_groups WHERE name = ? AND expires_at_ms > ?')
  const upsertIn = db.prepare(
    'INSERT INTO state_groups VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, expires_at_ms = excluded.expires_at_ms',
  )
  const countOthers = db.prepare(
    'SELECT count(*) AS n FROM state_groups WHERE name = ? AND key <> ? AND expires_at_ms > ?',
  )
  const deleteIn = db.prepare('DELETE FROM state_groups WHERE name = ? AND key = ?')
  const sweepGroups = db.prepare(
    'DELETE FROM state_groups WHERE (name, key) IN (SELECT name, key FROM state_groups WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)',
  )
  let sweptAtMs = Number.NEGATIVE_INFINITY

  const read = (key: string): string | undefined => {
    const row = select.get(key, nowMs())
    return typeof row?.value === 'string' ? row.value : undefined
  }
  const write = (key: string, value: string, ttlMs: number): void => {
    const now = nowMs()
    upsert.run(key, value, now + ttlMs)
    sweepSometimes(now)
  }
  const writeIn = (group: string, key: string, value: string, ttlMs: number): void => {
    const now = nowMs()
    upsertIn.run(group, key, value, now + ttlMs)
    sweepSometimes(now)
  }
  const sweepSometimes = (now: number): void => {
    if (now - sweptAtMs < SWEEP_EVERY_MS) return
    sweptAtMs = now
    sweep.run(now, SWEEP_AT_ONCE)
    sweepGroups.run(now, SWEEP_AT_ONCE)
  }
  const attempt = <T>(body: () => T): T => {
    try {
      return body()
    } catch (error) {
      throw new StateError(`the state in ${folder.path} cannot be used: ${messageOf(error)}`)
    }
  }

  const writes = groupWrites((body) => attempt(() => inTransaction(db, body)))

  return {
    backend: 'embedded',
    dataDir: folder.path,
    get: async (key) => attempt(() => read(key)),
    async set(key, value, ttlMs) {
      assertEntry(key, ttlMs)
      await writes.write(() => write(key, value, ttlMs))
    },
    async compareAndSet(key, expected, value, ttlMs) {
      assertEntry(key, ttlMs)
      return writes.write(() => {
        if (read(key) !== expected) return false
        write(key, value, ttlMs)
        return true
      })
    },
    async add(key, delta, ttlMs, atMost) {
      assertEntry(key, ttlMs)
      assertAddend(delta, atMost)
      return writes.write(() => {
        const sum = Number(read(key) ?? 0) + delta
        if (atMost !== undefined && sum > atMost) return undefined
        write(key, String(sum), ttlMs)
        return sum
      })
    },
    async setInIfRoom(group, key, value, ttlMs, atMost) {
      assertGroup(group)
      assertEntry(key, ttlMs)
      return writes.write(() => {
        const others = countOthers.get(group, key, nowMs())
        if (Number(others?.n ?? 0) >= atMost) return false
        writeIn(group, key, value, ttlMs)
        return true
      })
    },
    async setIn(group, key, value, ttlMs) {
      assertGroup(group)
      assertEntry(key, ttlMs)
      await writes.write(() => writeIn(group, key, value, ttlMs))
    },
    async removeIn(group, key) {
      assertGroup(group)
      await writes.write(() => deleteIn.run(group, key))
    },
    async list(group) {
      assertGroup(group)
      const rows = attempt(() => selectGroup.all(group, nowMs()))
      return new Map(rows.map(({ key, value }) => [String(key), String(value)]))
    },
    clear: async (prefix) =>
      attempt(() => {
        writes.flush()
        // So that nothing of the values is left in the file; the journal goes into it.
        db.exec('PRAGMA secure_delete = ON')
        const { changes } = db.prepare('DELETE FROM state WHERE substr(key, 1, ?) = ?').run(prefix.length, prefix)
        db.exec('PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE)')
        return Number(changes)
      }),
    async close() {
      if (db.isOpen) {
        writes.flush()
        db.close()
      }
      folder.close()
    },
  }
}

function openFile(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true })
  const db = openDatabase(join(folder, 'state.db'), {
    durability: 'process',
    pageSizeBytes: 4096,
    createSql: CREATE_SQL,
  })
  try {
    db.exec(CREATE_GROUPS_SQL)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
