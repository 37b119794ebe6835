/** The two sets of definitions that a comparison is of: of revisions, or of the working tree. */
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import type { Plan } from '../../dsl/plan.ts'
import { diagnosticsText } from '../diagnostics-text.ts'
import { findRepository, mergeBase, type Repository, type Revision, resolveRevision, showRevision } from '../git/git.ts'
import { loadRevision } from '../git/load-revision.ts'
import { type LoadedEvals, loadEvals } from '../load-evals.ts'

export interface Side {
  plan: Plan
  /** Of `.eval` files. */
  fileCount: number
  /** Null: the working tree. */
  revision: Revision | null
  /** For people. */
  shown: string
}

export type SideOutcome<T> =
  | { ok: true; value: T }
  /** `usage`: a wrong command line or no repository. `findings`: files that do not check; the message is their report. */
  | { ok: false; kind: 'usage' | 'findings'; message: string }

export interface WantedSides {
  first: string
  second: string | undefined
  fromMergeBase: boolean
  paths: readonly string[]
}

/** Before and after. `A..B`, `A...B` and `A..` are taken as git takes them, with the working tree for what is left out. */
export function openSides(wanted: WantedSides): SideOutcome<{ before: Side; after: Side }> {
  const repository = findRepository(process.cwd())
  if (!repository.ok) return usage(repository.message)
  const range = parseRange(wanted)
  if (range === null) return usage('a range is two revisions already: leave the other one out')
  const from = resolveRevision(repository.value, range.from)
  if (!from.ok) return usage(from.message)
  const to = range.to === null ? null : resolveRevision(repository.value, range.to)
  if (to !== null && !to.ok) return usage(to.message)
  const start = range.fromMergeBase ? parting(repository.value, from.value, to?.value ?? null) : from
  if (!start.ok) return usage(start.message)
  const before = openSide(repository.value, start.value, wanted.paths)
  if (!before.ok) return before
  const after = openSide(repository.value, to?.value ?? null, wanted.paths, before.value.fileCount > 0)
  if (!after.ok) return after
  if (before.value.fileCount + after.value.fileCount === 0)
    return usage(`no .eval files in ${wanted.paths.join(', ')} on either side: name a file or a folder with --evals`)
  return { ok: true, value: { before: before.value, after: after.value } }
}

/** `mayBeGone`: paths need not exist, since another side has them. */
export function openSide(
  repository: Repository,
  revision: Revision | null,
  paths: readonly string[],
  mayBeGone = false,
): SideOutcome<Side> {
  if (revision === null) {
    const loaded = loadEvals(paths)
    const gone = mayBeGone && loaded.files.length === 0 && loaded.diagnostics.every(({ code }) => code === 'E0001')
    return sideOf(gone ? loadEvals([]) : loaded, null, 'the working tree')
  }
  const loaded = loadRevision(repository, revision, paths)
  return loaded.ok ? sideOf(loaded.value, revision, showRevision(revision)) : usage(loaded.message)
}

function sideOf(loaded: LoadedEvals, revision: Revision | null, shown: string): SideOutcome<Side> {
  const { plan, files, diagnostics } = loaded
  if (plan !== null) return { ok: true, value: { plan, fileCount: files.length, revision, shown } }
  const isError = ({ severity }: Diagnostic): boolean => severity === 'error'
  const report = diagnosticsText({ ...loaded, diagnostics: diagnostics.filter(isError) }, process.stderr)
  return { ok: false, kind: 'findings', message: `${report}\nThe definitions of ${shown} do not check.` }
}

interface Range {
  from: string
  to: string | null
  fromMergeBase: boolean
}

function parseRange({ first, second, fromMergeBase }: WantedSides): Range | null {
  const match = /^(.*?)(\.{2,3})(.*)$/.exec(first)
  if (match === null) return { from: first, to: second ?? null, fromMergeBase }
  const [, from = '', dots = '', to = ''] = match
  if (second !== undefined) return null
  return { from: from || 'HEAD', to: to === '' ? null : to, fromMergeBase: fromMergeBase || dots === '...' }
}

function parting(repository: Repository, from: Revision, to: Revision | null): ReturnType<typeof mergeBase> {
  const other = to === null ? resolveRevision(repository, 'HEAD') : ({ ok: true, value: to } as const)
  return other.ok ? mergeBase(repository, from, other.value) : other
}

function usage(message: string): { ok: false; kind: 'usage'; message: string } {
  return { ok: false, kind: 'usage', message }
}
