/**
 * Installs the locked dependencies, so that an interrupted install is seen as such and never built upon. Only built-in
 * modules here: this file runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { abandonLock, addOwner, releaseLock, takeLock } from './install-lock.mjs'

const isWindows = process.platform === 'win32'
const WAIT_MS = 300
/** How long npm may take to end when asked to, before it is killed. */
const END_MS = 3_000

/** Why the install did not come about, for the person at the terminal. */
export class InstallFailed extends Error {}

/** The signal by which the user gave up. */
export class InstallInterrupted extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`)
    this.exitCode = 128 + constants.signals[signal]
  }
}

export function pinnedNodeOf(root) {
  return join(root, 'node_modules', 'node', 'bin', isWindows ? 'node.exe' : 'node')
}

const stampOf = (root) => join(root, 'node_modules', '.assay-installed')

function isInstalled(root, digest) {
  const stamp = stampOf(root)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest && existsSync(pinnedNodeOf(root))
}

/**
 * Installs unless the lock file's dependencies are there already. Waits for another process that is installing. Rejects with
 * `InstallFailed` or `InstallInterrupted`.
 */
export async function install(root, say) {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (isInstalled(root, digest)) return
  const lock = join(root, '.assay-install.lock')
  const { wasInterrupted } = await waitForLock(lock, say)
  if (isInstalled(root, digest)) return releaseLock(lock)
  const signals = holdSignals()
  try {
    await installLocked({ root, lock, say, signals }, wasInterrupted)
    writeFileSync(stampOf(root), digest)
    releaseLock(lock)
  } catch (error) {
    abandonLock(lock)
    throw error
  } finally {
    signals.release()
  }
}

async function waitForLock(lock, say) {
  let told = null
  for (;;) {
    const outcome = takeLock(lock)
    if (outcome.taken) return outcome
    if (outcome.owner !== told) say(`process ${outcome.owner} is installing the dependencies; waiting for it …`)
    told = outcome.owner
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  }
}

async function installLocked(job, wasInterrupted) {
  const { root, say, signals } = job
  const modules = join(root, 'node_modules')
  rmSync(stampOf(root), { force: true })
  if (wasInterrupted && existsSync(modules)) {
    say('the install before did not end: starting over')
    rmSync(modules, { recursive: true, force: true })
  }
  say('installing dependencies (once: about a minute, 1.2 GB of disk) …')
  await npmInstall(job)
  const problem = await problemOf(job)
  if (problem === null) return
  if (signals.caught() !== null) throw new InstallInterrupted(signals.caught())
  // Whatever wrote to node_modules before us: npm takes a folder that has the right package.json for whole.
  say(`the installation is damaged (${problem}): starting over`)
  rmSync(modules, { recursive: true, force: true })
  await npmInstall(job)
  const again = await problemOf(job)
  if (again !== null) throw new InstallFailed(`the installation does not work: ${again}`)
}

async function npmInstall(job) {
  mkdirSync(join(job.root, 'node_modules'), { recursive: true })
  // Not `npm ci`: it refuses a lock file without the optional binaries of every other platform, and the lock holds only
  // those that could be resolved where it was made. `--no-save` keeps the lock as it is all the same.
  const args = ['install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund']
  const { code, error } = await npm(job, args)
  if (error) throw new InstallFailed(`npm could not be started: ${error.message}`)
  if (code !== 0) throw new InstallFailed('the install failed; what npm said is above')
  // npm can drop the pinned Node's binary while it adds other packages, so its presence is checked and not assumed.
  if (!existsSync(pinnedNodeOf(job.root))) await npm(job, ['rebuild', 'node', '--loglevel=error'])
}

/** What npm prints goes to standard error: `npm run --silent assay -- … --json` must own standard output. */
function npm(job, args) {
  return run(job, isWindows ? 'npm.cmd' : 'npm', args, ['ignore', 2, 2])
}

/** A library of half a gigabyte is the first to be cut short: what loads it and asks it something has all of it. */
async function problemOf(job) {
  const node = pinnedNodeOf(job.root)
  if (!existsSync(node)) return 'the pinned Node is missing'
  const query = "if (!require('chdb').query('SELECT 42', 'CSV').includes('42')) process.exit(1)"
  for (const [what, args] of [
    ['the pinned Node', ['-v']],
    ['ClickHouse', ['-e', query]],
  ]) {
    const { code, signal, error } = await run(job, node, args, ['ignore', 'ignore', 'ignore'])
    if (code !== 0) return `${what} does not run: ${error?.message ?? signal ?? `exit code ${code}`}`
  }
  return null
}

/**
 * Runs a child in a process group of its own, so that it and all it started can be ended together. Rejects with
 * `InstallInterrupted` once they have, if a signal came.
 */
async function run(job, command, args, stdio) {
  const { root, lock, signals } = job
  if (signals.caught() !== null) throw new InstallInterrupted(signals.caught())
  const child = spawn(command, args, { cwd: root, stdio, detached: !isWindows, shell: isWindows })
  if (child.pid !== undefined) addOwner(lock, child.pid)
  let force
  signals.listen(() => {
    end(child, 'SIGTERM')
    force = setTimeout(() => end(child, 'SIGKILL'), END_MS)
  })
  const outcome = await new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, error }))
    child.on('exit', (code, signal) => resolve({ code, signal, error: null }))
  })
  clearTimeout(force)
  signals.listen(null)
  if (signals.caught() === null) return outcome
  // What npm started may be a moment behind it.
  end(child, 'SIGKILL')
  throw new InstallInterrupted(signals.caught())
}

function end(child, signal) {
  if (child.pid === undefined) return
  try {
    if (isWindows) child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** Catches what would end this process, and remembers the first. */
function holdSignals() {
  let caught = null
  let listener = null
  const onSignal = (signal) => {
    if (caught !== null) return
    caught = signal
    listener?.()
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const name of names) process.on(name, onSignal)
  return {
    caught: () => caught,
    listen: (next) => {
      listener = next
    },
    release: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
