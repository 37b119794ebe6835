/** A copy of the sources with a bug of `bugs/` put in. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '..', '..')
export const BUGS = join(import.meta.dirname, 'bugs')

/** What a bug may be in, and what has to stand beside it; the rest is the repository's own. */
interface Planting {
  /** Where the patches are. */
  readonly bugs: string
  /** What a bug may be in, and what has to stand beside it; the rest is the repository's own. */
  readonly copied: readonly string[]
  readonly linked: readonly string[]
}

const LOOPS: Planting = {
  bugs: BUGS,
  copied: ['storage', 'workers/online', 'test/simulation'],
  linked: ['dsl', 'engine', 'node_modules', 'package.json'],
}

/** Gives the folder, which the caller removes. Throws when the patch does not apply: it has to move with the code. */
export function plantBug(patch: string, { bugs, copied, linked }: Planting = LOOPS): string {
  const root = mkdtempSync(join(tmpdir(), 'assay-planted-'))
  for (const folder of copied) {
    mkdirSync(join(root, dirname(folder)), { recursive: true })
    cpSync(join(REPOSITORY, folder), join(root, folder), { recursive: true })
  }
  for (const name of linked) symlinkSync(join(REPOSITORY, name), join(root, name))
  // In a repository around the temporary folder git would leave these files alone.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(root) }
  execFileSync('git', ['apply', join(bugs, patch)], { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
  return root
}
