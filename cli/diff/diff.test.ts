/** `assay diff` as a user starts it: real processes on a real repository. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const golden = join(import.meta.dirname, 'golden')
const main = join(import.meta.dirname, '..', 'main.ts')
let folder: string

/** No configuration of whoever runs the tests, and the same commits on every machine. */
const gitEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
}

function git(...args: string[]): void {
  const { status, stderr } = spawnSync('git', args, { cwd: folder, env: gitEnv, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}

function commit(message: string): void {
  git('add', '-A')
  git('commit', '-qm', message)
}

function assay(args: string[], cwd = folder): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd,
    env: gitEnv,
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

/** Commits: `one` and `two` on main; `broken`; `side` from `one`. The working tree is that of `two`. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-diff-'))
  git('init', '-q', '-b', 'main')
  mkdirSync(join(folder, 'evals'))
  const file = join(folder, 'evals', 'shop.eval')
  cpSync(join(golden, 'before.eval'), file)
  symlinkSync('shop.eval', join(folder, 'evals', 'link.eval'))
  commit('one')
  git('tag', 'one')
  git('checkout', '-q', '-b', 'side')
  rmSync(join(folder, 'evals', 'link.eval'))
  writeFileSync(join(folder, 'evals', 'side.eval'), 'package side\nonline eval it { on: trace  pass: duration < 1s }\n')
  commit('side')
  git('checkout', '-q', 'main')
  rmSync(join(folder, 'evals', 'link.eval'))
  writeFileSync(file, readFileSync(file, 'utf8').replace('score <= limit', 'score <= "5"'))
  commit('broken')
  git('tag', 'broken')
  cpSync(join(golden, 'after.eval'), file)
  commit('two')
  git('tag', 'two')
}, 60_000)
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Commits' names depend on every byte of the example: goldens tell of the revisions' names alone. */
const withoutCommits = (text: string): string => text.replaceAll(/\b[0-9a-f]{7}\b(?=\\?\))/g, 'COMMIT')

describe('between two revisions', () => {
  test.each([
    ['text', []],
    ['markdown', ['--markdown']],
  ])('as %s', async (form, flags) => {
    // The tag is that of a tree with a link to the file: it is one file.
    const { code, out, err } = assay(['diff', 'one', 'two', '--evals', 'evals/shop.eval', ...flags])
    expect(err).toBe('')
    expect(code).toBe(0)
    await expect(withoutCommits(out)).toMatchFileSnapshot(join(golden, form === 'text' ? 'diff.txt' : 'diff.md'))
  })

  test('as JSON', () => {
    const { code, out } = assay(['diff', 'one..two', '--evals', 'evals/shop.eval', '--json'])
    const found = JSON.parse(out)
    expect(code).toBe(0)
    expect(found.summary).toEqual({
      ...{ new: 1, removed: 2, renamed: 0, series: 3, verdicts: 1, redaction: 0, mode: 0, metadata: 0 },
      ...{ rules: 1, tests: 1 },
    })
    expect(found.before).toMatchObject({ revision: 'one', commit: expect.stringMatching(/^[0-9a-f]{40}$/) })
  })
})

describe('with the working tree', () => {
  test('nothing differs from what is checked out, whatever folder the command runs in', () => {
    for (const cwd of [folder, join(folder, 'evals')]) {
      const { code, out } = assay(['diff', 'HEAD', '--exit-code'], cwd)
      expect(out).toMatch(/^HEAD \([0-9a-f]{7}\) → the working tree: no change of meaning\n$/)
      expect(code).toBe(0)
    }
  })

  test('a file that is moved means the same', () => {
    const [from, to] = [join(folder, 'evals', 'shop.eval'), join(folder, 'evals', 'moved.eval')]
    renameSync(from, to)
    try {
      expect(assay(['diff', 'two', '--exit-code']).code).toBe(0)
      expect(assay(['diff', 'two', '--exit-code', '--evals', 'evals/shop.eval'])).toMatchObject({ code: 1 })
    } finally {
      renameSync(to, from)
    }
  })

  test('a pull request is compared with where it parted', () => {
    git('checkout', '-q', 'side')
    try {
      const compared = assay(['diff', 'main', '--merge-base', '--json'])
      expect(JSON.parse(compared.out).evals).toMatchObject([{ id: 'side/it', change: 'new' }])
      expect(assay(['diff', 'main...side', '--json']).out).toContain('"side/it"')
      expect(JSON.parse(assay(['diff', 'main', '--json']).out).evals.length).toBeGreaterThan(1)
    } finally {
      git('checkout', '-q', 'main')
    }
  })
})

describe('what cannot be compared', () => {
  test('definitions that do not check are told with the revision', () => {
    const { code, out, err } = assay(['diff', 'broken'])
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toMatch(/error\[E0201\].*\n.*┌─ broken \([0-9a-f]{7}\):evals\/shop\.eval:10:/)
    expect(err).toContain('The definitions of broken')
  })

  test.each([
    [['nowhere'], 'there is no revision nowhere here'],
    [['--evals', 'evals', 'one'], '--evals takes all that stands behind it, one too'],
    [['--output=x'], "unknown option '--output=x'"],
    [['one..two', 'main'], 'a range is two revisions already'],
    [['one', '--evals', '/'], '/ is outside of the repository'],
    [['one', 'two', '--evals', 'nothing'], 'no .eval files in nothing on either side'],
    [['one', '--json', '--markdown'], 'take one'],
  ])('%j', (args, message) => {
    const { code, err } = assay(['diff', ...args])
    expect(err).toContain(message)
    expect(code).toBe(2)
  })

  test('without a revision, what is not committed; and nothing to compare with before the first commit', () => {
    expect(assay(['diff', '--evals', 'evals']).out).toMatch(/^HEAD \(\w+\) → the working tree: /)
    const empty = mkdtempSync(join(tmpdir(), 'assay-diff-empty-'))
    spawnSync('git', ['init', '-q'], { cwd: empty, env: gitEnv })
    const { code, err } = assay(['diff'], empty)
    rmSync(empty, { recursive: true })
    expect({ code, err }).toEqual({
      code: 2,
      err: 'assay diff: this repository has no commit yet: there is nothing to compare with\n',
    })
  })

  test('a folder outside of any repository', () => {
    const { code, err } = assay(['diff', 'HEAD'], tmpdir())
    expect(err).toBe('assay diff: this folder is not in a git repository\n')
    expect(code).toBe(2)
  })
})
