/** `assay check` as a user runs it: in a process of its own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const FAST = 'online eval fast {\n  on: trace\n  pass: duration <= 8s\n}\n'
let folder = ''

// Processes share the machine with whatever else runs on it: these tests are about what they say, not how soon.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-check-'))
  writeFileSync(join(folder, 'good.eval'), `package good\n${FAST}`)
  writeFileSync(join(folder, 'warned.eval'), `package warned\n${FAST.replace('\n}', '\n  missing: fail\n}')}`)
  writeFileSync(
    join(folder, 'bad.eval'),
    `package bad\nonline eval it {\n  onwer: "@x"\n  on: trace\n  pass: durration <= 8\n}\n`,
  )
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

function assay(
  args: string[],
  environment: Record<string, string> = {},
  input = '',
): { status: number | null; out: string; err: string } {
  // What the machine says of itself would change the output: each test says what it wants.
  const { FORCE_COLOR: _, GITHUB_ACTIONS: __, GITHUB_WORKSPACE: ___, ...inherited } = process.env
  const env = { ...inherited, ...environment }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
    env,
    input,
  })
  return { status, out: stdout, err: stderr }
}

describe('assay check', () => {
  test('says that all is well', () => {
    expect(assay(['check', 'good.eval'])).toEqual({
      status: 0,
      out: '1 file checked: 1 eval, 0 alerts, 0 tests, no problems\n',
      err: '',
    })
  })

  test('says which evals of spans wait for their trace', () => {
    const around = `package late
online eval soon { on: llm_call in ours  pass: duration <= 8s }
online eval of_slow { on: llm_call where fails(whole)  pass: duration <= 8s }
online eval whole { on: ours  pass: duration <= 8s }
scope ours = trace where env == "prod"
`
    const { out } = assay(['check', '--stdin-filename', 'late.eval'], {}, around)
    expect(out).toBe(
      '1 file checked: 3 evals, 0 alerts, 0 tests, no problems\njudged when their trace settles, not as their span arrives: late/of_slow\n',
    )
    const json = JSON.parse(assay(['check', '--json', '-'], {}, around).out)
    expect(json.summary.settling).toEqual(['late/of_slow'])
  })

  test('tells all errors at once, and ends with 1', () => {
    const { status, out, err } = assay(['check'])
    expect(status).toBe(1)
    expect(err).toBe('')
    expect(out).toContain('error[E0108]: an online eval has no `onwer:`, did you mean `owner`?')
    expect(out).toContain('error[E0203]: a `trace` has no field `durration`, did you mean `duration`?')
    expect(out).toContain('┌─ bad.eval:5:9')
    expect(out).toMatch(
      /3 files checked: 2 errors, 1 warning\n`assay explain E0108` tells more; `assay check --fix` makes the edits that are safe\n$/,
    )
  })

  test('warnings alone are no failure', () => {
    const { status, out } = assay(['check', 'warned.eval'])
    expect(status).toBe(0)
    expect(out).toContain('warning[W0208]')
    expect(out).toContain('1 warning\n')
  })

  test('prints JSON', () => {
    const { status, out } = assay(['check', '--json', 'bad.eval'])
    expect(status).toBe(1)
    const report = JSON.parse(out)
    expect(report.summary).toEqual({
      files: 1,
      evals: 0,
      alerts: 0,
      scorecards: 0,
      tests: 0,
      judged: [],
      unjudged: [],
      settling: [],
      errors: 2,
      warnings: 0,
    })
    expect(report.diagnostics[0]).toMatchObject({
      code: 'E0108',
      severity: 'error',
      file: 'bad.eval',
      line: 3,
      column: 3,
      range: { start: { line: 3, column: 3, offset: 31 }, end: { line: 3, column: 8, offset: 36 } },
      fix: {
        applicability: 'machine',
        edits: [{ file: 'bad.eval', range: { start: { offset: 31 }, end: { offset: 36 } }, text: 'owner' }],
      },
    })
  })

  test('prints SARIF and annotations, and the latter unasked in GitHub Actions', () => {
    const sarif = assay(['check', '--format', 'sarif', 'bad.eval'])
    expect(sarif.status).toBe(1)
    expect(JSON.parse(sarif.out).runs[0].results).toHaveLength(2)
    const github = assay(['check', '--format', 'github', 'bad.eval'])
    expect(github.status).toBe(1)
    expect(github.out).toMatch(/^::error file=bad\.eval,line=3,/)
    const inActions = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder }
    expect(assay(['check', 'bad.eval'], inActions).out).toMatch(
      /1 file checked: 2 errors\n::error file=bad\.eval,line=3,/,
    )
    expect(assay(['check', '--format', 'text', 'bad.eval'], inActions).out).not.toContain('::error')
  })

  test('reads the standard input under a name', () => {
    const text =
      'package draft\nimport good from "./good.eval"\nonline eval it {\n  on: llm_call\n  pass: fails(good.fast)\n}\n'
    expect(assay(['check', '--stdin-filename', 'draft.eval'], {}, text).out).toContain('no problems')
    expect(assay(['check', '-'], {}, 'package p\nonline').out).toContain('┌─ stdin.eval:2:')
    expect(assay(['check', '-', 'good.eval'], {}, text).status).toBe(2)
  })

  test('is plain in a pipe, and without colours when asked', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for escape sequences is the point.
    const escapes = /\u001b/
    expect(assay(['check']).out).not.toMatch(escapes)
    expect(assay(['check'], { NO_COLOR: '1' }).out).not.toMatch(escapes)
    expect(assay(['check'], { FORCE_COLOR: '1' }).out).toMatch(escapes)
  })

  test.each([
    [['check', 'nothing'], 2],
    [['check', 'nothing', 'bad.eval'], 1],
    [['check', '--nope'], 2],
    [['check', '--format', 'xml'], 2],
    [['explain', 'E9999'], 2],
    [['explain'], 0],
  ])('%j ends with %d', (args, status) => {
    const result = assay(args)
    expect(result.status).toBe(status)
    expect(result.err + result.out).not.toMatch(/\n\s+at .*:\d+/)
  })

  test('nothing to check ends with 2', () => {
    const empty = mkdtempSync(join(tmpdir(), 'assay-empty-'))
    const { status, err } = assay(['check', empty])
    rmSync(empty, { recursive: true })
    expect(status).toBe(2)
    expect(err).toContain('no .eval files found')
  })
})

describe('assay check --fix', () => {
  const BAD = '\uFEFFpackage shop\nonline eval it {\n  onwer: "@x"\n  on: trace\n  pass: durration <= 8\n}\n'
  const BETTER = BAD.replace('onwer', 'owner').replace('durration', 'duration')

  test('edits what is safe, says so, and tells what is left', () => {
    const file = join(folder, 'fix', 'it.eval')
    mkdirSync(join(folder, 'fix'))
    writeFileSync(file, BAD, { mode: 0o600 })
    const shown = assay(['check', '--diff', 'fix'])
    expect(shown).toMatchObject({ status: 1, err: expect.stringContaining('2 problems would be fixed in 1 file') })
    expect(shown.out).toContain('-  onwer: "@x"\n+  owner: "@x"\n')
    expect(assay(['check', '--fix', '--dry-run', 'fix'])).toEqual(shown)
    expect(readFileSync(file, 'utf8')).toBe(BAD)
    const { status, out } = assay(['check', '--fix', 'fix'])
    expect(status).toBe(1)
    expect(out).toContain('fixed E0108 in fix/it.eval:3: write `owner:`\n')
    expect(out).toContain('2 problems fixed in 1 file\n')
    expect(out).toContain('error[E0201]')
    expect(readFileSync(file, 'utf8')).toBe(BETTER)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'fix'))).toEqual(['it.eval'])
    expect(assay(['check', '--fix', 'fix']).out).toContain('nothing to fix by itself')
    rmSync(join(folder, 'fix'), { recursive: true })
  })

  test('beside a form for machines, what was done is told on the other stream', () => {
    writeFileSync(join(folder, 'one.eval'), BAD)
    const { out, err } = assay(['check', '--fix', '--format', 'json', 'one.eval'])
    rmSync(join(folder, 'one.eval'))
    expect(JSON.parse(out).summary).toMatchObject({ errors: 1 })
    expect(err).toContain('2 problems fixed')
  })
})

describe('assay explain', () => {
  test('tells the story and the example', () => {
    const { status, out } = assay(['explain', 'e0207'])
    expect(status).toBe(0)
    expect(out).toContain('error[E0207]: an eval can be undecided')
    expect(out).toContain('    online eval polite {')
  })
})

test('the help lists every command in one voice', () => {
  const { status, out } = assay(['--help'])
  expect(status).toBe(0)
  const [, listed = ''] = /\n(Write evals:\n[\s\S]*?)\n\nExamples:/.exec(out) ?? []
  const groups = [...listed.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading)
  expect(groups).toEqual(['Write evals', 'Run them', 'Change them', 'Operate Assay', 'Commands'])
  // A command is indented by two; what is wrapped, by more.
  const commands = [...listed.matchAll(/^ {2}(\S+)(?: [<[]\S+)* {2,}(.*)$/gm)].map(([, name, text]) => ({ name, text }))
  expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(['up', 'check', 'explain', 'test', 'run']))
  expect(commands.filter(({ text }) => !/^[a-z]/.test(text ?? ''))).toEqual([])
})

test('the standard packs are without problems', () => {
  const packs = fileURLToPath(new URL('../../evals', import.meta.url))
  expect(readFileSync(join(packs, 'latency.eval'), 'utf8')).toContain('package latency')
  const { status, out } = assay(['check', packs])
  expect(out).toContain('no problems')
  expect(status).toBe(0)
})
