/** The commit that files of definitions come from. */
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { DefinitionsCommit } from '../../storage/definitions/published.ts'
import { type GitAnswer, git } from './git.ts'

/** Marks a revision whose files were edited since. */
export const CHANGES = '+changes'

/** A history that takes longer is not waited for: definitions are in force without it. */
const WAIT_MS = 2_000
const MAX_AUTHOR = 200
const MAX_SUBJECT = 500

/** The last one that touched what lies at these paths; null outside a repository, and where none has. */
export function commitOfDefinitions(paths: readonly string[]): DefinitionsCommit | null {
  const full = paths.map((path) => resolve(path))
  const cwd = folderOf(full[0] ?? '.')
  if (cwd === null) return null
  const ask = (...args: string[]): GitAnswer<Buffer> => git([...args, '--', ...full], { cwd, waitMs: WAIT_MS })
  const log = ask('log', '-1', '--format=%H%x00%an%x00%s')
  if (!log.ok) return null
  const [commit = '', author = '', subject = ''] = log.value.toString().trimEnd().split('\0')
  if (commit === '') return null
  const edited = ask('status', '--porcelain')
  // Whoever edits has not said who they are.
  if (!edited.ok || edited.value.length > 0) return { revision: `${commit}${CHANGES}`, author: null, subject: null }
  return { revision: commit, author: author.slice(0, MAX_AUTHOR), subject: subject.slice(0, MAX_SUBJECT) }
}

function folderOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? null : stats.isDirectory() ? path : dirname(path)
}
