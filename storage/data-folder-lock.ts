/**
 * The lock on a data folder: an exclusive SQLite transaction on `lock.db`. The operating system drops it with the process, SIGKILL
 * included, so there is nothing stale to clean up. `owner.json` beside it only says who holds it.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const SQLITE_BUSY = 5

/** Who holds a folder, as `owner.json` tells it. */
export interface Owner {
  pid: number
  host: string
  /** Tells a process from a later one with the same pid, where the system says it; else empty. */
  startedAt: string
  run: string
  sinceMs: number
}

interface HeldLock {
  db: DatabaseSync
  run: string
  openings: number
}

/** The locks that this thread took, by real path. */
const heldHere = new Map<string, HeldLock>()

/** `held`: this thread has the lock; otherwise another thread of this process has it. */
export type LockOutcome = { held: boolean; run: string } | { inUseBy: Owner | null }

/** Takes the folder's lock unless this process has it. Throws what the system or SQLite says if the file can't be used. */
export function takeFolderLock(path: string): LockOutcome {
  const held = heldHere.get(path)
  if (held !== undefined) {
    held.openings++
    return { held: true, run: held.run }
  }
  const db = lockFile(join(path, 'lock.db'))
  if (db !== null) {
    const owner = { ...thisProcess(), run: randomUUID(), sinceMs: Date.now() }
    try {
      writeFileSync(join(path, 'owner.json'), JSON.stringify(owner))
    } catch (error) {
      db.close()
      throw error
    }
    heldHere.set(path, { db, run: owner.run, openings: 1 })
    return { held: true, run: owner.run }
  }
  const owner = readOwner(path)
  if (owner !== null && isThisProcess(owner)) return { held: false, run: owner.run }
  return { inUseBy: owner }
}

/** Gives up one of this thread's takings; the last one frees the folder. */
export function releaseFolderLock(path: string): void {
  const held = heldHere.get(path)
  if (held === undefined || --held.openings > 0) return
  heldHere.delete(path)
  // It must not name a process that lives on without the folder.
  rmSync(join(path, 'owner.json'), { force: true })
  held.db.close()
}

/** The locked file, or null if somebody holds it. */
function lockFile(file: string): DatabaseSync | null {
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    if (sqlitePrimaryCode(error) === SQLITE_BUSY) return null
    throw error
  }
}

/**
 * Who holds the lock according to `owner.json`; null if that can't be told. The file is written just after the lock is taken, so
 * a file that names another process is read again for a moment.
 */
function readOwner(path: string): Owner | null {
  let owner: Owner | null = null
  for (let tries = 0; tries < 20; tries++) {
    owner = parseOwner(join(path, 'owner.json'))
    if (owner !== null && (isThisProcess(owner) || isAlive(owner))) return owner
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
  return owner
}

function parseOwner(file: string): Owner | null {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { pid, host, startedAt, run, sinceMs } = value as Record<string, unknown>
  if (typeof pid !== 'number' || typeof host !== 'string' || typeof startedAt !== 'string') return null
  if (typeof run !== 'string' || typeof sinceMs !== 'number') return null
  return { pid, host, startedAt, run, sinceMs }
}

function thisProcess(): Pick<Owner, 'pid' | 'host' | 'startedAt'> {
  return { pid: process.pid, host: hostname(), startedAt: processStart() }
}

function isThisProcess(owner: Owner): boolean {
  const self = thisProcess()
  return owner.pid === self.pid && owner.host === self.host && owner.startedAt === self.startedAt
}

/** Containers that share a folder may all be pid 1: the start time in clock ticks since boot tells them apart (proc(5)). */
function processStart(): string {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    // Field 22; the command name before it may hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true
  try {
    process.kill(owner.pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** `ENOENT` and the like of an error of the operating system; undefined for others. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** SQLite's primary result code; undefined for other errors. */
export function sqlitePrimaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
