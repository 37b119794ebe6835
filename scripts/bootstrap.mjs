/**
 * Runs on whatever Node the machine has (20 or newer): installs what is missing, then hands over to the Node that the
 * project pins as a dev dependency. Only built-in modules here: this file runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explainEnding } from './endings.mjs'
import { InstallFailed, InstallInterrupted, install, pinnedNodeOf } from './install.mjs'
import { nodeFlagsFor } from './node-flags.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const say = (message) => process.stderr.write(`assay: ${message}\n`)

function fail(message) {
  say(message)
  process.exit(2)
}

/** Installs the locked dependencies if they are not there or the lock file has changed since. */
export async function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) fail(`Node ${process.versions.node} is too old to install with; Node 20 or newer is needed`)
  try {
    await install(root, say)
  } catch (error) {
    if (error instanceof InstallInterrupted) {
      say('the install was interrupted; the next start begins it anew')
      process.exit(error.exitCode)
    }
    if (error instanceof InstallFailed) fail(error.message)
    throw error
  }
}

/** npm passes a terminal's Ctrl-C on although everyone has it: what comes so close is one. */
const SAME_SIGNAL_MS = 500

/**
 * Runs a file of this repository under the pinned Node, with standard streams and signals passed through, and exits as it
 * exits. A compile cache keeps later starts short.
 */
export function runPinned(file, args) {
  const modules = join(root, 'node_modules')
  const startedMs = performance.now()
  const child = spawn(pinnedNodeOf(root), [...nodeFlagsFor(args), file, ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'assay'),
      PATH: `${join(modules, '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`,
    },
  })
  let interruptedMs = Number.NEGATIVE_INFINITY
  process.on('SIGINT', () => {
    // A terminal's Ctrl-C reaches the child by itself (same process group), and a second one would cut short its stopping.
    const isRepeat = performance.now() - interruptedMs < SAME_SIGNAL_MS
    if (process.stdin.isTTY || isRepeat) return
    interruptedMs = performance.now()
    child.kill('SIGINT')
  })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  // npm passes no signal on: when it is killed alone, what it had started would run on without anybody who knows of it.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 500)
  watch.unref()
  child.on('error', (error) => fail(`could not start ${file}: ${error.message}`))
  child.on('exit', (code, signal) => {
    const line = explainEnding(signal, performance.now() - startedMs)
    if (line !== null) say(line)
    process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1))
  })
}
