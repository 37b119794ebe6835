/** The definitions in force: loaded from `.eval` files, watched, and swapped only for a version that checks. */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import type { Plan } from '../dsl/plan.ts'
import { evalFilesBelow, type LoadedEvals, loadEvals } from './load-evals.ts'

export interface DefinitionsInForce {
  readonly plan: Plan
  /** Milliseconds since the epoch. */
  readonly loadedAtMs: number
}

export type Reload =
  | { kind: 'swapped'; inForce: DefinitionsInForce; warnings: readonly Diagnostic[]; loaded: LoadedEvals }
  | { kind: 'unchanged' }
  /** The files do not check: the version before stays in force. */
  | { kind: 'refused'; loaded: LoadedEvals }

export interface Definitions {
  current(): DefinitionsInForce
  /** Reads the files again. Listeners hear of it through `onReload`. */
  reload(): Reload
  close(): void
}

/** Editors write a file in several steps; one reload after the last of them is enough. */
const settleMs = 100
/** Some file systems (network mounts, some containers) deliver no change events; this pace is what they get. */
const pollMs = 2_000

/**
 * Loads the files below `paths`. `onReload` is called after each later change of them. Where they do not check at the
 * first load there is no version to keep: the diagnostics come back instead.
 */
export function openDefinitions(
  paths: readonly string[],
  options: { nowMs: () => number; onReload: (reload: Reload) => void },
): { ok: true; definitions: Definitions; loaded: LoadedEvals } | { ok: false; loaded: LoadedEvals } {
  const first = loadEvals([...paths])
  if (first.plan === null) return { ok: false, loaded: first }
  let inForce: DefinitionsInForce = { plan: first.plan, loadedAtMs: options.nowMs() }
  let refusedText = ''
  let lastLoaded = first
  let fingerprint = fingerprintOf(paths, first)

  const reload = (): Reload => {
    const loaded = loadEvals([...paths])
    lastLoaded = loaded
    fingerprint = fingerprintOf(paths, loaded)
    if (loaded.plan === null) {
      const text = JSON.stringify(loaded.diagnostics)
      if (text === refusedText) return { kind: 'unchanged' }
      refusedText = text
      return { kind: 'refused', loaded }
    }
    const wasRefused = refusedText !== ''
    refusedText = ''
    if (loaded.plan.hash === inForce.plan.hash && !wasRefused) return { kind: 'unchanged' }
    inForce = { plan: loaded.plan, loadedAtMs: options.nowMs() }
    const warnings = loaded.diagnostics
    return { kind: 'swapped', inForce, warnings, loaded }
  }

  let timer: NodeJS.Timeout | undefined
  const schedule = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      const outcome = reload()
      if (outcome.kind !== 'unchanged') options.onReload(outcome)
    }, settleMs)
  }
  const watchers = watchedFolders(paths).flatMap((folder) => openWatcher(folder, schedule))
  const poll = setInterval(() => {
    if (fingerprintOf(paths, lastLoaded) !== fingerprint) schedule()
  }, pollMs)
  poll.unref()

  return {
    ok: true,
    loaded: first,
    definitions: {
      current: () => inForce,
      reload,
      close: () => {
        clearTimeout(timer)
        clearInterval(poll)
        for (const watcher of watchers) watcher.close()
      },
    },
  }
}

/** Changes when a file comes, goes or is written: names, sizes and times of change, without reading anything. */
function fingerprintOf(paths: readonly string[], loaded: LoadedEvals): string {
  // Imported files may lie outside the folders; packs are known by a name that is no path, and change with a release alone.
  const files = new Set([...paths.flatMap(evalFilesBelow), ...loaded.sources.keys()])
  return [...files]
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false })
      return stats === undefined ? `${file} gone` : `${file} ${stats.size} ${stats.mtimeMs}`
    })
    .join('\n')
}

function watchedFolders(paths: readonly string[]): string[] {
  const folders = paths.map((path) => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path)))
  return [...new Set(folders)]
}

function openWatcher(folder: string, onChange: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { recursive: true, persistent: false }, onChange)
    // The folder may be removed while it is watched; the poll still looks.
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    return []
  }
}
