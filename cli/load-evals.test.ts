import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadEvals } from './load-evals.ts'
import { packFolder } from './pack-folder.ts'

const FAST = 'online eval fast {\n  on: trace\n  pass: duration <= 8s\n}\n'
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-load-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function write(name: string, text: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}

function codes(paths: string[]): string[] {
  return loadEvals(paths).diagnostics.map((diagnostic) => diagnostic.code)
}

describe('loading', () => {
  test('folders are read with all below them, in order, but not what is hidden or installed', () => {
    write('b.eval', `package b\n${FAST}`)
    write('deep/er/a.eval', `package a\n${FAST}`)
    write('.hidden/c.eval', 'nonsense')
    write('node_modules/d.eval', 'nonsense')
    write('readme.md', 'nonsense')
    const loaded = loadEvals([folder])
    expect(loaded.diagnostics).toEqual([])
    expect(loaded.files).toEqual([join(folder, 'b.eval'), join(folder, 'deep/er/a.eval')])
    expect(loaded.plan?.evals.map((found) => found.id).sort()).toEqual(['a/fast', 'b/fast'])
    expect([...loaded.sources.keys()]).toEqual(loaded.files)
  })

  test('a file that is named twice, or reached by a link, is read once', () => {
    const path = write('a.eval', `package a\n${FAST}`)
    symlinkSync(path, join(folder, 'z.eval'))
    const loaded = loadEvals([folder, path, relative('.', path)])
    expect(loaded.files).toHaveLength(1)
    expect(loaded.diagnostics).toEqual([])
  })

  test('relative imports are resolved from the importing file', () => {
    write('shared/limits.eval', 'package limits\nconst slow = 3s\n')
    const path = write(
      'team/a.eval',
      'package a\nimport limits from "../shared/limits.eval"\nonline eval it {\n  on: trace\n  pass: duration < limits.slow\n}\n',
    )
    const loaded = loadEvals([path])
    expect(loaded.diagnostics).toEqual([])
    expect(loaded.plan?.files).toHaveLength(2)
    // The same file imported and given is one file.
    expect(loadEvals([folder]).plan?.files).toHaveLength(2)
  })

  test('packs have one name, however they are reached', () => {
    const path = write(
      'a.eval',
      'package a\nimport pii from "assay:pii"\nonline eval it {\n  on: llm_call\n  pass: not (output.text matches pii.email)\n  missing: fail\n}\n',
    )
    const imported = loadEvals([path])
    expect(imported.plan?.files).toContain('assay:pii')
    expect(imported.plan?.patterns).toMatchObject([{ name: 'pii.email', builtin: 'pii.email' }])
    const both = loadEvals([path, join(packFolder, 'pii.eval')])
    expect(both.diagnostics).toEqual([])
    expect(both.plan?.files.filter((file) => file === 'assay:pii')).toHaveLength(1)
    expect(both.shownAs.get('assay:pii')).toBe(join(packFolder, 'pii.eval'))
  })

  test.each([
    ['../../etc/passwd', 'E0105'],
    ['/etc/passwd', 'E0105'],
    ['assay:../package', 'E0105'],
    ['assay:', 'E0105'],
    ['limits.eval', 'E0105'],
  ])('import "%s" is refused', (specifier, code) => {
    const path = write('a.eval', `package a\nimport x from "${specifier}"\n${FAST}`)
    expect(codes([path])).toEqual([code])
  })
})

test('fixtures of tests below a folder are left out where that is asked for, and read where they are named', () => {
  write('good.eval', `package good\n${FAST}`)
  for (const name of ['golden', 'fixtures']) {
    mkdirSync(join(folder, name))
    write(join(name, 'wrong.eval'), 'package wrong\nnothing of the kind')
  }
  expect(loadEvals([folder]).plan).toBeNull()
  expect(loadEvals([folder], { leavesOutFixtures: true })).toMatchObject({ files: [join(folder, 'good.eval')] })
  expect(loadEvals([folder], { leavesOutFixtures: true }).plan?.evals).toHaveLength(1)
  expect(loadEvals([join(folder, 'golden')], { leavesOutFixtures: true }).plan).toBeNull()
})

describe('what cannot be read is a diagnostic', () => {
  test('no such path', () => {
    const loaded = loadEvals([join(folder, 'nothing')])
    expect(loaded.plan).toBeNull()
    expect(loaded.diagnostics).toMatchObject([{ code: 'E0001', line: 0, file: join(folder, 'nothing') }])
  })

  test.each([
    ['NUL bytes', new Uint8Array([112, 0, 1, 2]), 'E0002'],
    ['another encoding', new Uint8Array([0xff, 0xfe, 0x41, 0x80]), 'E0002'],
    ['too large', `# ${'x'.repeat(1_000_001)}`, 'E0003'],
  ])('%s', (_name, content, code) => {
    write('a.eval', content)
    write('good.eval', `package good\n${FAST}`)
    expect(codes([folder])).toEqual([code])
    expect(loadEvals([folder]).plan).toBeNull()
  })

  test('a folder that is called like a file, and an import of a folder', () => {
    mkdirSync(join(folder, 'x.eval'))
    write('a.eval', `package a\nimport x from "./x.eval"\n${FAST}`)
    expect(codes([folder])).toEqual(['E0001', 'E0105'])
  })

  test('a text with a byte order mark and carriage returns is a text', () => {
    write('a.eval', `\uFEFFpackage a\r\n${FAST.replaceAll('\n', '\r\n')}`)
    expect(codes([folder])).toEqual([])
  })
})
