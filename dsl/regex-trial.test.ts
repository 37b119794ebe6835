/** Counted, not timed: the same on every machine. */
import { describe, expect, test } from 'vitest'
import { compileProject } from './project.ts'
import { bytesPerStep, isSlowOnHostileText } from './regex-trial.ts'
import { widthOf } from './regex-width.ts'
import { codesOf } from './testing.ts'

describe('slow on a hostile text', () => {
  test.each(['a[ab]{16}[cd]', 'a[ab]{16}[bc]', 'foo.{0,40}bar', 'order .{0,200}refund', 'x.{1000}y', '(?i)ab.{30}c'])(
    '%s',
    (source) => {
      expect(isSlowOnHostileText(source, false)).toBe(true)
      expect(bytesPerStep(source, false)).toBe(bytesPerStep(source, false))
    },
  )

  test.each([
    'sk-[A-Za-z0-9]{40}',
    'AKIA[A-Z0-9]{16}',
    '[a-z0-9.]+@[a-z0-9]+\\.[a-z]{2,}',
    '\\d{4}-\\d{2}-\\d{2}',
    '\\d{13,19}',
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    'eyJ[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]{10,}',
    '(?i)password\\s*[:=]\\s*\\S{8,}',
    'foo.*bar',
    'foo[^f]{0,40}bar',
    '(?:a|b)*a(?:a|b){11}c',
    '(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)',
    '^[ab]{20}$',
    '',
  ])('%s is not', (source) => {
    expect(isSlowOnHostileText(source, false)).toBe(false)
  })
})

describe('what needs no trial is', () => {
  test.each([
    ['plain text', 0],
    ['abc[a-z]x', 1],
    ['sk-[A-Za-z0-9]{40}', 1],
    ['AKIA[A-Z0-9]{16}', 16],
    ['a{16}b', 0],
    ['a{2,16}b', 14],
    ['(?:ab|[cd]){3}', 3],
    ['(?:ab|cd){3}', 3],
    ['\\p{L}{4}\\.', 4],
    ['[[:alpha:]]{5}', 5],
    ['a.*b.*', 2],
    ['(?P<value>\\d{4}),{3}', 4],
    ['(', null],
  ])('%s has a width of %j', (source, width) => {
    expect(widthOf(source)).toBe(width)
  })

  test('cheap in truth: no narrow pattern of any kind is found slow', () => {
    const atoms = ['a', 'b', '[ab]', '.', '[^a]', '(?:a|b)', '\\w', 'ab']
    const repeats = ['', '{2}', '*', '+', '?', '{1,3}']
    let seed = 7
    const pick = <T>(list: readonly T[]): T => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      return list[(seed >> 8) % list.length] as T
    }
    let tried = 0
    for (let round = 0; round < 400; round++) {
      const source = Array.from({ length: 6 }, () => `${pick(atoms)}${pick(repeats)}`).join('')
      if ((widthOf(source) ?? 99) > 10) continue
      tried++
      expect(bytesPerStep(source, false), source).toBeLessThan(128)
    }
    expect(tried).toBeGreaterThan(100)
  })
})

test('standard packs are exempt', () => {
  const text = 'package p\npattern near = /foo.{0,40}bar/\n'
  const codesAs = (path: string): string[] =>
    compileProject({ files: [{ path, text }], readImport: () => null }).diagnostics.map(({ code }) => code)
  expect(codesAs('own.eval')).toEqual(['W0313'])
  expect(codesAs('assay:p')).toEqual([])
})

test('a file is warned of its slow patterns, twenty at most', () => {
  const slow = Array.from({ length: 25 }, (_, index) => `pattern p${index} = /foo${index}.{0,40}bar/\n`).join('')
  const codes = codesOf(`package shop\n${slow}`)
  expect(codes.filter((code) => code === 'W0313')).toHaveLength(20)
})
