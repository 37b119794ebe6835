/**
 * One install at a time, and none on top of one that did not end. The lock is a file beside node_modules with the ids of the
 * processes that install; who finds it without any of them alive knows that node_modules may be half-written.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Whether a process of that id is alive, whoever owns it. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Ended, and nobody asks how: in containers whose first process is no init they stay for good. Known on Linux alone. */
function isZombie(pid) {
  try {
    return / Z \d+ /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** The ids in a lock; none in one whose writer was cut short. */
export function ownersOf(text) {
  return text
    .split(/\s+/)
    .filter((word) => /^[1-9]\d*$/.test(word))
    .map(Number)
}

/**
 * Tries to take the lock for this process.
 *
 * `{ taken: true, wasInterrupted }`: the install before did not end if `wasInterrupted`.
 * `{ taken: false, owner }`: process `owner` is installing; try again later.
 */
export function takeLock(file) {
  let wasInterrupted = false
  for (;;) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
      return { taken: true, wasInterrupted }
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const seen = read(file)
    if (seen === null) continue
    const owner = ownersOf(seen).find(isAlive)
    if (owner !== undefined) return { taken: false, owner }
    // Renamed and not removed: of two that take over at once one could otherwise remove what the other has just taken.
    const aside = `${file}.${process.pid}`
    try {
      renameSync(file, aside)
    } catch (error) {
      if (error.code === 'ENOENT') continue
      throw error
    }
    if (read(aside) === seen) wasInterrupted = true
    else putBack(aside, file)
    rmSync(aside, { force: true })
  }
}

/** Adds a process that must have ended before the lock counts as abandoned: npm outlives us when we are killed. */
export function addOwner(file, pid) {
  writeFileSync(file, `${process.pid}\n${pid}\n`)
}

/** Gives the lock back after an install that ended well. */
export function releaseLock(file) {
  rmSync(file, { force: true })
}

/** Leaves the lock without an owner: whoever comes next knows that the install did not end. */
export function abandonLock(file) {
  writeFileSync(file, 'interrupted\n')
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

function putBack(aside, file) {
  try {
    linkSync(aside, file)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
}
