import { existsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'

export const CONFIG_FILE = 'assay.yaml'

/**
 * The `assay.yaml` beside or above a file or folder, or null. The search ends at the root of the git repository; outside of one, at
 * the working directory where that is above, else at the folder itself: a file that lies about further up is not meant.
 */
export function findConfig(path: string, workingDirectory = process.cwd()): string | null {
  const start = resolve(workingDirectory, path)
  const isFolder = statSync(start, { throwIfNoEntry: false })?.isDirectory() ?? false
  const folder = isFolder ? start : dirname(start)
  const last = gitRootOf(folder) ?? (isBelow(folder, workingDirectory) ? resolve(workingDirectory) : folder)
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, CONFIG_FILE)
    if (existsSync(candidate)) return candidate
    if (at === last || at === dirname(at)) return null
  }
}

function gitRootOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    // A worktree's `.git` is a file.
    if (existsSync(join(at, '.git'))) return at
    if (at === dirname(at)) return null
  }
}

function isBelow(folder: string, above: string): boolean {
  return !relative(resolve(above), folder).startsWith('..')
}

/** From where the user stands, unless that is no shorter. */
export function shownPath(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') || isAbsolute(near) ? path : near
}
