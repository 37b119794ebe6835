import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findConfig } from './find-config.ts'
import { loadConfig } from './load-config.ts'
import { lineOf } from './problem.ts'
import { readConfig } from './read-file.ts'
import { resolveConfig } from './resolve.ts'
import { settings } from './settings.ts'

/** As `assay check` reads a file: for what it says by itself. */
function read(text: string) {
  const file = { name: 'assay.yaml', folder: '/project', read: readConfig(text, settings) }
  return resolveConfig(settings, { flags: {}, env: {}, file }, { uses: () => false })
}

describe('a file', () => {
  test('has defaults for everything', () => {
    for (const text of ['', '# nothing yet\n', 'cost: {}', 'cost:\n'])
      expect(read(text)).toMatchObject({
        ok: true,
        config: { http: { port: 3000 }, cost: { perEval: null, total: null, prices: {} } },
      })
  })

  test('in full', () => {
    const text = `cost:
  perEval: 2.5G
  total: 10_000_000_000
  prices:
    openai/gpt-5-mini: { input: 0.25, output: 2 }
`
    expect(read(text)).toMatchObject({
      ok: true,
      config: { cost: { perEval: 2.5e9, total: 1e10, prices: { 'openai/gpt-5-mini': { input: 0.25, output: 2 } } } },
    })
  })

  test.each([
    ['an unknown key', 'costs:\n  perEval: 1', '1:1 there is no `costs`, did you mean `cost`?'],
    ['one further in', 'cost:\n  perEvil: 1', '2:3 there is no `cost.perEvil`, did you mean `perEval`?'],
    ['one like no other', 'cost:\n  x: 1', '2:3 there is no `cost.x`; there are `perEval`, `total`, `prices`'],
    [
      'one of a price',
      'cost:\n  prices:\n    a/b: { input: 1, output: 1, inpt: 1 }',
      '3:33 there is no `cost.prices.a/b.inpt`, did you mean `input`?',
    ],
    [
      'a value of another kind',
      'cost:\n  perEval: many',
      '2:12 `cost.perEval` takes a number above 0, such as 5000, 655k, 10M or 2G',
    ],
    [
      'a limit of nothing',
      'cost:\n  total: 0',
      '2:10 `cost.total` takes a number above 0, such as 5000, 655k, 10M or 2G',
    ],
    ['a list', 'cost:\n  - perEval', '2:3 `cost` has to be a mapping of keys to values'],
    ['a text', 'hello', '1:1 the configuration has to be a mapping of keys to values'],
    [
      'a price below nothing',
      'cost:\n  prices:\n    a/b:\n      input: -1\n      output: 1',
      '4:14 `cost.prices.a/b.input` has to be at least 0',
    ],
    [
      'a price that lacks',
      'cost:\n  prices:\n    a/b:\n      input: 1',
      '4:7 `cost.prices.a/b.output` has to be a number',
    ],
    ['a key written twice', 'cost:\n  total: 1\n  total: 2', '3:3 map keys must be unique'],
    [
      'aliases without end',
      `a: &a [x]\nb: &b [${'*a,'.repeat(30)}]\nc: [${'*b,'.repeat(30)}]`,
      '1:1 its aliases stand for too much',
    ],
    [
      'what is no YAML',
      'cost: [',
      '1:8 flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('%s is told with its place', (_name, text, told) => {
    const parsed = read(text)
    const problems = parsed.ok ? [] : parsed.problems
    expect(problems.map(lineOf)).toEqual([`assay.yaml:${told.replace(' ', ': ')}`])
  })
})

describe('the file', () => {
  let folder = ''
  const put = (name: string, text = ''): void => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-config-'))
    put('assay.yaml', 'cost:\n  perEval: 1k\n')
    put('repo/.git/HEAD')
    put('repo/evals/a.eval')
    put('other/.git/HEAD')
    put('other/assay.yaml', 'cost:\n  perEval: 5k\n')
    put('other/deep/er/b.eval')
    put('loose/c.eval')
    put('wrong/assay.yaml', 'cots: 1\n')
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test('is looked for up to the root of the repository, and no further', () => {
    expect(findConfig(join(folder, 'repo/evals/a.eval'))).toBeNull()
    expect(findConfig(join(folder, 'repo/evals'), folder)).toBeNull()
    expect(findConfig(join(folder, 'other/deep/er/b.eval'))).toBe(join(folder, 'other/assay.yaml'))
    expect(findConfig(join(folder, 'other/not/there.eval'))).toBe(join(folder, 'other/assay.yaml'))
  })

  test('outside of a repository, up to the working directory', () => {
    expect(findConfig('loose/c.eval', folder)).toBe(join(folder, 'assay.yaml'))
    expect(findConfig(join(folder, 'loose'), join(folder, 'loose'))).toBeNull()
    expect(findConfig(folder, '/')).toBe(join(folder, 'assay.yaml'))
  })

  test('is loaded, or told what is wrong with it', async () => {
    const loaded = await loadConfig([join(folder, 'other/deep'), join(folder, 'other')])
    expect(loaded).toMatchObject({ ok: true, config: { cost: { perEval: 5000 } } })
    expect(await loadConfig([join(folder, 'repo')])).toEqual({ ok: true, path: null, config: null })
    const wrong = join(folder, 'wrong/assay.yaml')
    expect(await loadConfig([join(folder, 'wrong')])).toEqual({
      ok: false,
      problems: [`${wrong}:1:1: there is no \`cots\`, did you mean \`cost\`?`],
    })
    expect(await loadConfig([join(folder, 'other'), join(folder, 'repo')])).toMatchObject({ ok: false })
  })
})
