/**
 * Runs on whatever Node the machine has (20 or newer): installs what is missing, then hands over to the Node that the
 * project pins as a dev dependency. Only built-in modules here: this file runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from './node-flags.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const stampFile = join(modules, '.assay-installed')
const pinnedNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const requiredMajor = 24

function fail(message) {
  process.stderr.write(`assay: ${message}\n`)
  process.exit(2)
}

function lockDigest() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

function isInstalled(digest) {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest && existsSync(pinnedNode)
}

function npm(args) {
  const command = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // What npm prints goes to standard error: `npm run --silent assay -- … --json` must own standard output.
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
}

/** npm can drop the pinned Node's binary while it adds other packages, so its presence is checked and not assumed. */
function ensurePinnedNode() {
  if (existsSync(pinnedNode)) return
  npm(['rebuild', 'node', '--loglevel=error'])
  if (!existsSync(pinnedNode))
    fail(`the pinned Node ${requiredMajor} is missing after the install; remove node_modules and try again`)
}

/** Installs the locked dependencies if they are not there or the lock file has changed since. */
export function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) fail(`Node ${process.versions.node} is too old to install with; Node 20 or newer is needed`)
  const digest = lockDigest()
  if (isInstalled(digest)) return
  process.stderr.write('assay: installing dependencies (once, under a minute) …\n')
  // Not `npm ci`: it refuses a lock file without the optional binaries of every other platform, and the lock holds only
  // those that could be resolved where it was made. `--no-save` keeps the lock as it is all the same.
  const outcome = npm(['install', '--no-save', '--loglevel=error', '--no-audit', '--no-fund'])
  if (outcome.error) fail(`npm could not be started: ${outcome.error.message}`)
  if (outcome.status !== 0) fail('the install failed; what npm said is above')
  ensurePinnedNode()
  mkdirSync(modules, { recursive: true })
  writeFileSync(stampFile, digest)
}

/**
 * Runs a file of this repository under the pinned Node, with standard streams and signals passed through, and exits as it
 * exits. A compile cache keeps later starts short.
 */
export function runPinned(file, args) {
  const child = spawn(pinnedNode, [...nodeFlags, file, ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'assay'),
      PATH: `${join(modules, '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`,
    },
  })
  // A terminal's Ctrl-C reaches the child by itself (same process group); a `kill` of this process does not.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  child.on('error', (error) => fail(`could not start ${file}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1))
  })
}
