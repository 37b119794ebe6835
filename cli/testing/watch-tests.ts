/** `assay test --watch`: once more after each change of a file that was read. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { evalFilesBelow } from '../load-evals.ts'
import { fingerprint, WatchedFolders } from '../watched-folders.ts'
import type { TestRun } from './run-test-files.ts'

/** Editors write a file in several steps. */
const SETTLE_MS = 100
/** For file systems that deliver no change events. */
const POLL_MS = 1_000

/** Runs at once, then after each change, until `signal` aborts. */
export async function watchTests(paths: readonly string[], run: () => TestRun, signal: AbortSignal): Promise<void> {
  let files = filesOf(paths, run())
  let seen = fingerprint(files)
  let timer: NodeJS.Timeout | undefined
  const changed = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      const now = fingerprint(filesBelow(paths, files))
      if (now === seen) return
      files = filesOf(paths, run())
      seen = fingerprint(files)
      folders.follow(foldersOf(paths, files))
    }, SETTLE_MS)
  }
  const folders = new WatchedFolders(changed)
  folders.follow(foldersOf(paths, files))
  // Keeps the process alive as well: watchers alone would let it end.
  const poll = setInterval(changed, POLL_MS)
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  clearTimeout(timer)
  clearInterval(poll)
  folders.follow(new Set())
}

/** All that the run read, imports and traces included, and what lies below the paths now. */
function filesOf(paths: readonly string[], { loaded, traceFiles }: TestRun): Set<string> {
  const sources = [...loaded.sources.keys()].map((name) => loaded.shownAs.get(name) ?? name)
  return filesBelow(paths, [...sources.filter((name) => !name.startsWith('assay:')), ...traceFiles])
}

function filesBelow(paths: readonly string[], known: Iterable<string>): Set<string> {
  return new Set([...paths.flatMap(evalFilesBelow), ...known])
}

function foldersOf(paths: readonly string[], files: ReadonlySet<string>): Set<string> {
  const given = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
  return new Set([...given, ...[...files].map((file) => dirname(file))])
}
