/** A new user's first minutes, and what the workflows that are written for them do. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runAssay } from '../../test/support/assay-process.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'assay-init-')))
afterAll(() => rmSync(folder, { recursive: true }))

let repository = ''
let count = 0
beforeEach(() => {
  repository = join(folder, `repository-${count++}`)
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
})

const git = (...args: string[]): void => {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false']
  execFileSync('git', ['-C', repository, ...identity, ...args], { stdio: 'pipe' })
}
const assay = (...args: string[]): ReturnType<typeof runAssay> => runAssay(args, { cwd: repository })
const read = (path: string): string => readFileSync(join(repository, path), 'utf8')

describe('assay init', () => {
  test('in an empty repository gives evals that check, are formatted, and pass their tests', async () => {
    const init = await assay('init')
    expect(init).toMatchObject({ code: 0, stderr: '' })
    expect(init.stdout).toContain('written  evals/agent.eval')
    expect(init.stdout).toContain('written  .github/workflows/evals.yml')
    expect(init.stdout).toContain('nothing tells where your CI runs')
    expect((await assay('check', 'evals')).stdout).toBe('1 file checked: 3 evals, 1 alert, 9 tests, no problems\n')
    expect(await assay('fmt', '--check', 'evals')).toMatchObject({ code: 0 })
    const tests = await assay('test', 'evals', '--min-coverage', '100%')
    expect(tests, tests.stdout).toMatchObject({ code: 0 })
    git('add', '-A')
    git('commit', '-qm', 'evals')
    writeFileSync(join(repository, 'evals/agent.eval'), read('evals/agent.eval').replace('= 10s', '= 8s'))
    const diff = await assay('diff', 'HEAD')
    expect(diff.stdout).toContain('agent/fast')
  })

  test('overwrites nothing, and says so', async () => {
    mkdirSync(join(repository, 'evals'))
    writeFileSync(join(repository, 'evals/agent.eval'), 'package mine\n')
    const init = await assay('init', '--ci', 'none', '--json')
    expect(JSON.parse(init.stdout)).toEqual({
      ci: null,
      evals: 'evals',
      files: [
        { path: 'evals/agent.eval', kind: 'kept' },
        { path: 'evals/README.md', kind: 'written' },
      ],
    })
    expect(read('evals/agent.eval')).toBe('package mine\n')
  })

  test('writes no workflow where there is no repository, or one on a host that it does not know', async () => {
    git('remote', 'add', 'origin', 'https://codeberg.org/acme/shop')
    expect((await assay('init', '--json')).stdout).toContain('"ci": null')
    const elsewhere = mkdtempSync(join(folder, 'no-repository-'))
    const init = await runAssay(['init'], { cwd: elsewhere })
    expect(init.stdout).toContain('No CI workflow: nothing tells where yours runs.')
  })

  test('of a folder that cannot be one ends with 2', async () => {
    writeFileSync(join(repository, 'file'), '')
    expect(await assay('init', 'file')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'assay init: file is not a folder\n',
    })
  })

  test('sees by the remote where the code is hosted', async () => {
    git('remote', 'add', 'origin', 'git@gitlab.com:acme/shop.git')
    expect((await assay('init', 'agents/support')).stdout).toContain('written  .gitlab-ci.yml')
    expect(read('.gitlab/evals.yml')).toContain('EVALS: agents/support/evals\n')
  })
})

/** Runs a shell's commands in the repository, with `assay` on the path. */
function shell(script: string, env: Record<string, string>): { status: number | null; output: string } {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const main = join(import.meta.dirname, '../main.ts')
  writeFileSync(join(bin, 'assay'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 })
  const outcome = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    cwd: repository,
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder, ...env },
  })
  return { status: outcome.status, output: `${outcome.stdout}${outcome.stderr}` }
}

/** A branch that changes a threshold, off `main` at `origin`. */
async function openChange(ci: 'github' | 'gitlab'): Promise<void> {
  await assay('init', '--ci', ci)
  git('add', '-A')
  git('commit', '-qm', 'evals')
  git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  git('switch', '-qc', 'change')
  writeFileSync(join(repository, 'evals/agent.eval'), read('evals/agent.eval').replace('= 10s', '= 11s'))
  git('commit', '-qam', 'slower')
}

describe('the workflow', () => {
  test('for GitHub runs in a pull request, and leaves a summary', async () => {
    await openChange('github')
    const workflow = parse(read('.github/workflows/evals.yml')) as {
      jobs: { evals: { env: { EVALS: string }; steps: { run?: string }[] } }
    }
    const { env, steps } = workflow.jobs.evals
    const runs = steps.flatMap(({ run }) => (run === undefined || run.startsWith('npm install') ? [] : [run]))
    expect(runs).toHaveLength(4)
    for (const run of runs) {
      const summary = join(repository, 'summary.md')
      const outcome = shell(run, { ...env, GITHUB_BASE_REF: 'main', GITHUB_STEP_SUMMARY: summary })
      expect(outcome, outcome.output).toMatchObject({ status: 0 })
    }
    expect(read('summary.md')).toContain('agent/fast')
  })

  test('for GitLab does the same', async () => {
    await openChange('gitlab')
    expect(parse(read('.gitlab-ci.yml'))).toEqual({ include: [{ local: '.gitlab/evals.yml' }] })
    const { variables, script } = (
      parse(read('.gitlab/evals.yml')) as { evals: { variables: { EVALS: string }; script: string[] } }
    ).evals
    const base = execFileSync('git', ['-C', repository, 'rev-parse', 'main'], { encoding: 'utf8' }).trim()
    const commands = script.filter((line) => !line.startsWith('npm install')).join('\n')
    const outcome = shell(commands, { EVALS: variables.EVALS, CI_MERGE_REQUEST_DIFF_BASE_SHA: base })
    expect(outcome, outcome.output).toMatchObject({ status: 0 })
    expect(read('evals-diff.md')).toContain('agent/fast')
  })
})
