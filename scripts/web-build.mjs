/**
 * Whether the pages in `web/dist` are of the sources as they are, and their build, at once or in the background. Only built-in modules here: it runs
 * before anything is installed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { pinnedNodeOf } from './install.mjs'

/** What the pages are made of. */
const SOURCES = ['web', 'client', 'dsl', 'engine', 'evals', 'package-lock.json', 'scripts/build-web.ts']

export const webFolderOf = (root) => join(root, 'web', 'dist')
/** Its time is that at which the build began. */
export const stampOf = (root) => join(webFolderOf(root), '.built')

export function isWebStale(root) {
  const built = statSync(stampOf(root), { throwIfNoEntry: false })?.mtimeMs
  if (built === undefined) return true
  const isNewer = (path) => {
    const entry = statSync(path, { throwIfNoEntry: false })
    if (entry === undefined) return false
    if (!entry.isDirectory()) return entry.mtimeMs > built
    // Nor what a build at work has made so far.
    return readdirSync(path).some((name) => !/^(?:\.|dist(?:\.|$))/.test(name) && isNewer(join(path, name)))
  }
  return SOURCES.some((name) => isNewer(join(root, name)))
}

const builderOf = (root) => ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'build-web.ts')]

/** Builds them where they are stale, and waits for it: for whoever opens them next. */
export function buildWebIfStale(root) {
  if (isWebStale(root))
    execFileSync(process.execPath, builderOf(root), { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Builds them where they are stale, beside whatever starts now. */
export function buildWebInBackground(root) {
  if (!isWebStale(root)) return
  const child = spawn(pinnedNodeOf(root), builderOf(root), { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  child.on('spawn', () => setPriority(child.pid, 10))
  // The API tells on its pages how they are built where they are not.
  child.on('error', () => {})
  child.unref()
}
