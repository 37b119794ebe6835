/**
 * The folder in which everything embedded lives, held by one process at a time (see data-folder-lock.ts). Threads of the owning
 * process may open it as often as they like.
 */

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
import { messageOf } from '../engine/message-of.ts'
import type { Owner } from './data-folder-lock.ts'
import { releaseFolderLock, sqlitePrimaryCode, systemCode, takeFolderLock } from './data-folder-lock.ts'

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
  const lock = takeFolderLock(path)
  if ('inUseBy' in lock) return failure('in_use', inUse(path, lock.inUseBy))
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    if (lock.held) releaseFolderLock(path)
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
    // It lies in a project more often than not, and holds what customers wrote.
    writeFileSync(join(path, '.gitignore'), '*\n')
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
    const text = messageOf(error)
    return failure(
      'not_writable',
      `cannot write to the data folder ${path} (${text}): give this user the right to, or give another folder`,
    )
  }
  throw error
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
