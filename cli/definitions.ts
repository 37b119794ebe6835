/** The definitions in force: loaded from `.eval` files, watched, and swapped only for a version that checks. */
import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import { diagnosticOfFile } from '../dsl/diagnostics/reporter.ts'
import type { Plan } from '../dsl/plan.ts'
import type { DefinitionsCommit } from '../storage/definitions/published.ts'
import { commitOfDefinitions } from './git/definitions-commit.ts'
import { evalFilesBelow, type LoadedEvals, loadEvals } from './load-evals.ts'
import { fingerprint, WatchedFolders } from './watched-folders.ts'

export interface DefinitionsInForce {
  readonly plan: Plan
  /** Of git, of the watched files; null outside a repository. */
  readonly commit: DefinitionsCommit | null
  /** Milliseconds since the epoch. */
  readonly loadedAtMs: number
}

export type Reload =
  | { kind: 'swapped'; inForce: DefinitionsInForce; warnings: readonly Diagnostic[]; loaded: LoadedEvals }
  | { kind: 'unchanged' }
  /** The files do not check, or there are none: the version before stays in force. */
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
  options: {
    nowMs: () => number
    onReload: (reload: Reload) => void
    /** Of what the files say, what is taken into force: the configuration may add to what is measured. */
    inForce?: (plan: Plan) => Plan
  },
): { ok: true; definitions: Definitions; loaded: LoadedEvals } | { ok: false; loaded: LoadedEvals } {
  const load = (): LoadedEvals => {
    const loaded = loadEvals([...paths])
    const { plan } = loaded
    return plan === null || options.inForce === undefined ? loaded : { ...loaded, plan: options.inForce(plan) }
  }
  const first = load()
  if (first.plan === null) return { ok: false, loaded: first }
  let inForce: DefinitionsInForce = {
    plan: first.plan,
    commit: commitOfDefinitions(paths),
    loadedAtMs: options.nowMs(),
  }
  let refusedText = ''
  let lastLoaded = first
  let lastFingerprint = fingerprintOf(paths, first)

  const reload = (): Reload => {
    const loaded = refuseIfEmpty(paths, load())
    lastLoaded = loaded
    watched.follow(foldersOf(paths, loaded))
    lastFingerprint = fingerprintOf(paths, loaded)
    if (loaded.plan === null) {
      const text = JSON.stringify(loaded.diagnostics)
      if (text === refusedText) return { kind: 'unchanged' }
      refusedText = text
      return { kind: 'refused', loaded }
    }
    const wasRefused = refusedText !== ''
    refusedText = ''
    if (loaded.plan.hash === inForce.plan.hash && !wasRefused) return { kind: 'unchanged' }
    inForce = { plan: loaded.plan, commit: commitOfDefinitions(paths), loadedAtMs: options.nowMs() }
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
  const watched = new WatchedFolders((name) => isAboutEvals(name) && schedule())
  watched.follow(foldersOf(paths, first))
  const poll = setInterval(() => {
    watched.follow(foldersOf(paths, lastLoaded))
    if (fingerprintOf(paths, lastLoaded) !== lastFingerprint) schedule()
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
        watched.follow(new Set())
      },
    },
  }
}

/** Files that are deleted to be copied anew must not resolve alerts and let spans pass unjudged in between. */
function refuseIfEmpty(paths: readonly string[], loaded: LoadedEvals): LoadedEvals {
  if (loaded.files.length > 0) return loaded
  const missing = paths.map((path) => diagnosticOfFile(path, 'E0001', 'there are no .eval files left here'))
  return { ...loaded, plan: null, diagnostics: [...loaded.diagnostics, ...missing] }
}

/** Imported files may lie outside the folders; packs are known by a name that is no path, and change with a release alone. */
function filesOf(paths: readonly string[], loaded: LoadedEvals): Set<string> {
  const named = [...loaded.sources.keys()].filter((name) => !name.startsWith('assay:'))
  return new Set([...paths.flatMap(evalFilesBelow), ...named, ...loaded.labelFiles])
}

/** Changes when a file comes, goes or is written. */
function fingerprintOf(paths: readonly string[], loaded: LoadedEvals): string {
  return fingerprint(filesOf(paths, loaded))
}

/** Those that hold definitions, and no others: a data folder that lies among them changes a thousand times a second. */
function foldersOf(paths: readonly string[], loaded: LoadedEvals): Set<string> {
  const given = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
  return new Set([...given, ...[...filesOf(paths, loaded)].map((file) => dirname(file))])
}

/** What has no ending may be a folder of definitions that came or went. Systems that tell no name may mean anything. */
const isAboutEvals = (name: string | null): boolean =>
  name === null || /\.(eval|jsonl|ndjson)$/.test(name) || !basename(name).includes('.')
