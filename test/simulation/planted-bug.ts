/** A copy of the sources with a bug of `bugs/` put in. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '..', '..')
export const BUGS = join(import.meta.dirname, 'bugs')

/** What a bug may be in, and what has to stand beside it; the rest is the repository's own. */
const COPIED = ['storage', 'workers/online', 'test/simulation']
const LINKED = ['dsl', 'engine', 'node_modules', 'package.json']

/** Gives the folder, which the caller removes. Throws when the patch does not apply: it has to move with the code. */
export function plantBug(patch: string): string {
  const root = mkdtempSync(join(tmpdir(), 'assay-planted-'))
  for (const folder of COPIED) {
    mkdirSync(join(root, dirname(folder)), { recursive: true })
    cpSync(join(REPOSITORY, folder), join(root, folder), { recursive: true })
  }
  for (const name of LINKED) symlinkSync(join(REPOSITORY, name), join(root, name))
  // In a repository around the temporary folder git would leave these files alone.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(root) }
  execFileSync('git', ['apply', join(BUGS, patch)], { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
  return root
}
