/**
 * Inputs of a megabyte, each of one kind, end in a moment. What is held here is processor time, with room for slow machines: a
 * way through that is quadratic takes minutes.
 */
import { describe, expect, test } from 'vitest'
import { applyFixes } from './apply-fixes.ts'
import { renderDiagnostics } from './diagnostics/render.ts'
import { formatText } from './format/format.ts'
import { compileProject } from './project.ts'
import { codesOf, compileText } from './testing.ts'

const SIZE = 1_000_000
const MAX_CPU_SECONDS = 12

function filled(before: string, part: string, after: string): string {
  return before + part.repeat(Math.floor((SIZE - before.length - after.length) / part.length)) + after
}

/** Declarations until the file is full. */
function many(declaration: (index: number) => string): string {
  const lines = ['package p']
  for (let index = 0, length = 0; length < SIZE; index++) {
    const line = declaration(index)
    length += line.length + 1
    lines.push(line)
  }
  return lines.join('\n').slice(0, SIZE)
}

describe('a megabyte of', () => {
  test.each([
    ['single quotes', filled('', "'", '')],
    ['one rubric', filled('package p\nonline eval e {\n  title: """', 'a\n', '"""\n}\n')],
    ['one regex of groups', filled('package p\npattern a = /', '(?:[ab])*', '/\n')],
    ['regexes', many((index) => `pattern p${index} = /(?:(?:a{${(index % 30) + 1}}){10})x${index}/`)],
    ['regexes that are long when written out', many((index) => `pattern p${index} = /(?:[ab]{0,30}c){30}x${index}/`)],
    ['large regexes', many((index) => `pattern p${index} = /${'(?:[ab]{0,30}c){30}'.repeat(50)}x${index}/`)],
    ['allowances', many((index) => `pattern p${index} = /[a-z]+/ # assay-allow W0310: number ${index}`)],
    ['scopes, each of the one behind', many((index) => `scope s${index} = s${index + 1}`)],
    [
      'evals that ask the one behind',
      many((index) => `online eval e${index} { on: trace pass: passes(e${index + 1}) }`),
    ],
    [
      'alerts on what is not there',
      many((index) => `alert a${index} { on: e0 when: count(fail) >= 1 over 10m severity: page }`),
    ],
    ['unknown names', many((index) => `const c${index} = d${index}`)],
  ])('%s', { timeout: 120_000 }, (_name, text) => {
    const before = process.cpuUsage()
    const { diagnostics } = compileText(text)
    renderDiagnostics(diagnostics.slice(0, 1000), new Map([['shop.eval', text]]))
    formatText(text)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(MAX_CPU_SECONDS)
  })
})

test('repairing a file of nothing but mistakes ends', { timeout: 120_000 }, () => {
  const text = filled('', "'", '')
  const before = process.cpuUsage()
  applyFixes(new Map([['shop.eval', text]]), (texts) => compileText(texts.get('shop.eval') ?? '').diagnostics)
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1e6).toBeLessThan(MAX_CPU_SECONDS)
})

describe('a chain of more than 32 is told of, whichever way it is written', () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index)
  const both = (lines: string[]): [string, string] => [lines.join('\n'), [...lines].reverse().join('\n')]
  test.each([
    ['constants behind', both([...numbers.map((index) => `const c${index} = c${index + 1}`), 'const c100 = 1'])[0]],
    ['scopes', both([...numbers.map((index) => `scope s${index} = s${index + 1}`), 'scope s100 = trace'])[0]],
    ['scopes in front', both([...numbers.map((index) => `scope s${index} = s${index + 1}`), 'scope s100 = trace'])[1]],
    [
      'definitions',
      both([...numbers.map((index) => `define d${index} = d${index + 1}`), 'define d100 = duration < 1s'])[0],
    ],
    [
      'definitions in front',
      both([...numbers.map((index) => `define d${index} = d${index + 1}`), 'define d100 = duration < 1s'])[1],
    ],
    [
      'evals',
      [
        ...numbers.map((index) => `online eval e${index} { on: trace pass: passes(e${index + 1}) }`),
        'online eval e100 { on: trace pass: true }',
      ].join('\n'),
    ],
  ])('%s', (_name, text) => {
    expect(codesOf(`package shop\n${text}\n`)).toContain('E0020')
  })

  test('imports', () => {
    const readImport = (_from: string, specifier: string): { path: string; text: string } => {
      const number = Number(/\d+/.exec(specifier)?.[0])
      return { path: specifier, text: `package p\nimport next from "./${number + 1}.eval"\n` }
    }
    const text = 'package p\nimport next from "./0.eval"\n'
    const { diagnostics } = compileProject({ files: [{ path: 'p.eval', text }], readImport })
    expect(diagnostics.map(({ code }) => code)).toContain('E0020')
  })
})

test('a regex of more than ten thousand characters is refused, and no message repeats one', () => {
  for (const regex of ['a'.repeat(10_001), '(a|b)*'.repeat(100_000), '('.repeat(9_000), 'a{1000}'.repeat(11)]) {
    const [problem, ...more] = compileText(`package shop\npattern p = /${regex}/\n`).diagnostics
    expect(more).toEqual([])
    expect(problem).toMatchObject({ code: 'E0304' })
    expect(problem?.message.length).toBeLessThan(200)
  }
  expect(codesOf(`package shop\npattern p = /${'a'.repeat(10_000)}/\n`)).toEqual([])
})

test('a file of more than a thousand different patterns is refused', () => {
  const patterns = Array.from({ length: 1001 }, (_, index) => `pattern p${index} = /word${index}/\n`).join('')
  expect(codesOf(`package shop\n${patterns}`)).toEqual(['E0308'])
})
