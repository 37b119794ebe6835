/** Questions to `git`, as a child process. Nothing is checked out, and nothing of the repository is changed. */
import { spawnSync } from 'node:child_process'

export type GitAnswer<T> = { ok: true; value: T } | { ok: false; message: string }

/** The list of a very large repository's files. */
const MAX_OUTPUT_BYTES = 1 << 30

/** `message` is what git wrote on its standard error. */
export function git(
  args: readonly string[],
  options: { cwd: string; input?: string; waitMs?: number },
): GitAnswer<Buffer> {
  const outcome = spawnSync('git', args, {
    cwd: options.cwd,
    input: options.input ?? '',
    maxBuffer: MAX_OUTPUT_BYTES,
    ...(options.waitMs !== undefined && { timeout: options.waitMs }),
    // Messages are matched and shown: in one language. Reading must not take the index's lock from whoever works there.
    env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
  })
  if (outcome.error !== undefined) {
    const isAbsent = 'code' in outcome.error && outcome.error.code === 'ENOENT'
    return { ok: false, message: isAbsent ? 'git is needed and was not found' : outcome.error.message }
  }
  if (outcome.status === 0) return { ok: true, value: outcome.stdout }
  return {
    ok: false,
    message: outcome.stderr
      .toString()
      .trim()
      .replace(/^fatal: /, ''),
  }
}

export interface Repository {
  /** Absolute, without symbolic links. */
  root: string
}

export function findRepository(cwd: string): GitAnswer<Repository> {
  const found = git(['rev-parse', '--show-toplevel'], { cwd })
  if (found.ok) return { ok: true, value: { root: found.value.toString().trimEnd() } }
  if (!/not a git repository/i.test(found.message)) return found
  return { ok: false, message: 'this folder is not in a git repository' }
}

export interface Revision {
  /** As it was asked for: `main`, `HEAD~3`. */
  name: string
  /** 40 hex digits, or 64. */
  commit: string
}

export function resolveRevision(repository: Repository, name: string): GitAnswer<Revision> {
  const cwd = repository.root
  const found = git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], { cwd })
  if (found.ok) return { ok: true, value: { name, commit: found.value.toString().trim() } }
  const isEmpty = !git(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd }).ok
  if (isEmpty) return { ok: false, message: 'this repository has no commit yet: there is nothing to compare with' }
  const isShallow = git(['rev-parse', '--is-shallow-repository'], { cwd })
  const advice =
    isShallow.ok && isShallow.value.toString().trim() === 'true'
      ? '; this clone is shallow: fetch more of its history first (git fetch --unshallow, or fetch-depth: 0 in a workflow)'
      : ''
  return { ok: false, message: `there is no revision ${name} here${advice}` }
}

/** Where two lines of history parted. */
export function mergeBase(repository: Repository, a: Revision, b: Revision): GitAnswer<Revision> {
  const found = git(['merge-base', a.commit, b.commit], { cwd: repository.root })
  if (found.ok) return { ok: true, value: { name: a.name, commit: found.value.toString().trim() } }
  return { ok: false, message: `${a.name} and ${b.name} have no commit in common` }
}

/** For people: the name, and what it stands for. */
export function showRevision({ name, commit }: Revision): string {
  const short = commit.slice(0, 7)
  return commit.startsWith(name) ? short : `${name} (${short})`
}
