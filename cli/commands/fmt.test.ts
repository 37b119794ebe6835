/** `assay fmt` as a user runs it: in a process of its own. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const ROUGH = 'package a # why\nonline eval b {on:trace\tpass:duration<=8s}'
const FINE = `package a${' '.repeat(34)}# why

online eval b {
  on:       trace
  pass:     duration <= 8s
}
`
const BROKEN = 'package c\nonline eval d { on: trace\n'
let folder = ''

// Processes share the machine with whatever else runs on it: these tests are about what they say, not how soon.
vi.setConfig({ testTimeout: 60_000 })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-fmt-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
}

function get(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

function assay(args: string[], input = ''): { status: number | null; out: string; err: string } {
  const { FORCE_COLOR: _, ...env } = process.env
  const command = [main, 'fmt', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: folder, env, input })
  return { status, out: stdout, err: stderr }
}

test('formats what needs it, and leaves a broken file alone without stopping', () => {
  put('a.eval', ROUGH)
  put('b.eval', BROKEN)
  put('c.eval', FINE.replace('package a', 'package e'))
  const { status, out, err } = assay([])
  expect(status).toBe(1)
  expect(out).toBe('formatted a.eval\n')
  expect(err).toContain('error[E0016]')
  expect(err).toContain('left as it is: b.eval\n')
  expect(err).toContain('1 file formatted, 1 file in the one style already, 1 file left as it is\n')
  expect([get('a.eval'), get('b.eval')]).toEqual([FINE, BROKEN])
  expect(readdirSync(folder)).toEqual(['a.eval', 'b.eval', 'c.eval'])
})

test('--check lists what would change, and writes nothing', () => {
  put('a.eval', ROUGH)
  put('c.eval', FINE)
  expect(assay(['--check', '.'])).toEqual({
    status: 1,
    out: 'would change a.eval\n',
    err: '1 file would change, 1 file in the one style already; `assay fmt` formats, `assay fmt --diff` shows what it would change\n',
  })
  expect(get('a.eval')).toBe(ROUGH)
  expect(assay(['--check', 'c.eval']).status).toBe(0)
})

test('--diff shows what would change, and writes nothing', () => {
  put('a.eval', ROUGH)
  const { status, out } = assay(['--diff', 'a.eval'])
  expect(status).toBe(0)
  expect(out).toContain('--- a/a.eval\n+++ b/a.eval\n@@ -1,2 +1,6 @@\n-package a # why\n')
  expect(assay(['--diff', '--check', 'a.eval']).status).toBe(1)
  expect(get('a.eval')).toBe(ROUGH)
})

test('- goes from standard input to standard output', () => {
  expect(assay(['-'], ROUGH)).toEqual({ status: 0, out: FINE, err: '' })
  expect(assay(['--check', '-'], ROUGH)).toEqual({ status: 1, out: '', err: '' })
  const broken = assay(['-'], BROKEN)
  expect(broken).toMatchObject({ status: 1, out: '' })
  expect(broken.err).toContain('stdin.eval')
})

test('a link stays a link, and a file keeps its permissions', () => {
  put('real.txt', ROUGH)
  chmodSync(join(folder, 'real.txt'), 0o640)
  symlinkSync('real.txt', join(folder, 'a.eval'))
  expect(assay(['a.eval']).status).toBe(0)
  expect(lstatSync(join(folder, 'a.eval')).isSymbolicLink()).toBe(true)
  expect(statSync(join(folder, 'real.txt')).mode & 0o777).toBe(0o640)
  expect(get('real.txt')).toBe(FINE)
})

test('takes a byte order mark away, and says so', () => {
  put('a.eval', `\uFEFF${FINE}`)
  expect(assay(['--check']).out).toBe('would change a.eval\n')
  expect(assay([]).status).toBe(0)
  expect(get('a.eval')).toBe(FINE)
})

test('what cannot be read is told', () => {
  put('nul.eval', 'package a\0')
  const { status, err } = assay(['nul.eval', 'nowhere.eval'])
  expect(status).toBe(1)
  expect(err).toContain('E0002')
  expect(err).toContain('E0001')
})

test('a path that is nowhere is a wrong command line, as it is of `assay check`', () => {
  expect(assay(['nowhere.eval'])).toMatchObject({ status: 2, err: expect.stringContaining('no such file or folder') })
})

test('nothing to format, and a wrong command line', () => {
  expect(assay([])).toMatchObject({ status: 2, out: '' })
  expect(assay(['-', 'a.eval'])).toMatchObject({ status: 2, out: '' })
  expect(assay(['--width', '80'])).toMatchObject({ status: 2, out: '' })
})
