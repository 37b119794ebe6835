/**
 * The folder in which everything embedded lives, held by one process at a time. The lock is an exclusive SQLite transaction on
 * `lock.db`: the operating system drops it with the process, SIGKILL included, so there is nothing stale to clean up.
 * `owner.json` beside it only says who holds it. Threads of the owning process may open the folder as often as they like.
 */
import { randomUUID } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The layout of the folder; raised when an older Assay could not read it any more. */
const FORMAT = 1

export type DataFolderErrorCode = 'in_use' | 'not_writable' | 'not_a_folder' | 'newer_version' | 'disk_full'

export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** One run of the process that holds the folder; the same in all of its threads. */
  readonly run: string
  /** This thread took the lock; it has the folder's housekeeping (retention). */
  readonly holdsLock: boolean
  /** Releases the folder when this thread's last opening of it closes; removes it if it was opened as `:memory:`. */
  close(): void
}

export type OpenDataFolderResult =
  | { ok: true; folder: DataFolder }
  | { ok: false; code: DataFolderErrorCode; message: string }

interface Owner {
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

/**
 * Opens a data folder, creating it if need be, and takes its lock unless this process has it already. The thread that opens it
 * first should close it last: the lock is released with its last opening. `:memory:` gives a new temporary folder, removed on
 * close; other threads open that one by its path.
 */
export function openDataFolder(path: string): OpenDataFolderResult {
  const temporary = path === ':memory:'
  let absolute = resolve(path)
  try {
    if (temporary) absolute = mkdtempSync(join(tmpdir(), 'assay-memory-'))
    else makeFolders(absolute)
    absolute = realpathSync(absolute)
    if (!statSync(absolute).isDirectory()) return failure('not_a_folder', notAFolder(absolute))
    accessSync(absolute, constants.R_OK | constants.W_OK | constants.X_OK)
    return openExisting(absolute, temporary)
  } catch (error) {
    return fromSystemError(error, absolute)
  }
}

/** `mkdirSync`'s own `recursive` tries for ever where the system says ENOENT although the parent exists, as procfs does. */
function makeFolders(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolders(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process was faster.
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

function openExisting(path: string, temporary: boolean): OpenDataFolderResult {
  const newer = checkFormat(path)
  if (newer !== null) return newer
  const lock = takeLock(path)
  if ('inUseBy' in lock) return failure('in_use', inUse(path, lock.inUseBy))
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    if (lock.held) releaseLock(path)
    if (temporary) rmSync(path, { recursive: true, force: true })
  }
  return { ok: true, folder: { path, run: lock.run, holdsLock: lock.held, close } }
}

/** Writes the format file into a new folder; a failure if the folder's format is not ours. */
function checkFormat(path: string): OpenDataFolderResult | null {
  const file = join(path, 'format')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    writeFileSync(file, `${FORMAT}\n`)
    return null
  }
  const format = /^\d+\n?$/.test(text) ? Number(text) : null
  if (format === null) {
    // A crash between creating and writing the file leaves it empty.
    if (text === '') {
      writeFileSync(file, `${FORMAT}\n`)
      return null
    }
    return failure('not_a_folder', `${path} is not a data folder of Assay: its file "format" holds no format number`)
  }
  if (format <= FORMAT) return null
  return failure(
    'newer_version',
    `the data folder ${path} has format ${format}, this Assay knows up to ${FORMAT}: upgrade Assay or give another folder`,
  )
}

type LockOutcome = { held: boolean; run: string } | { inUseBy: Owner | null }

function takeLock(path: string): LockOutcome {
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

function releaseLock(path: string): void {
  const held = heldHere.get(path)
  if (held === undefined || --held.openings > 0) return
  heldHere.delete(path)
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

const SQLITE_BUSY = 5
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

function fromSystemError(error: unknown, path: string): OpenDataFolderResult {
  const code = systemCode(error)
  const sqlite = sqlitePrimaryCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT' || sqlite === SQLITE_FULL) {
    return failure('disk_full', `no space left to open the data folder ${path}: free disk space or give another folder`)
  }
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR') return failure('not_a_folder', notAFolder(path))
  if (sqlite === SQLITE_NOTADB) {
    return failure('not_a_folder', `${path} is not a data folder of Assay: its lock.db is something else; move it away`)
  }
  if (code !== undefined || sqlite !== undefined) {
    const text = error instanceof Error ? error.message : String(error)
    return failure(
      'not_writable',
      `cannot write to the data folder ${path} (${text}): give this user the right to, or give another folder`,
    )
  }
  throw error
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function sqlitePrimaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

function failure(code: DataFolderErrorCode, message: string): OpenDataFolderResult {
  return { ok: false, code, message }
}

function notAFolder(path: string): string {
  return `${path} is not a folder: give the path of a folder, or of one to create`
}

function inUse(path: string, owner: Owner | null): string {
  const who =
    owner === null
      ? 'another process'
      : `process ${owner.pid}${owner.host === hostname() ? '' : ` on ${owner.host}`} since ${new Date(owner.sinceMs).toISOString()}`
  return `the data folder ${path} is in use by ${who}: stop it, or give this one another folder`
}
