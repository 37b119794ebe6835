/** What happens to broken files: nothing crashes, and one error harms one declaration. */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import { renderDiagnostics } from './diagnostics/render.ts'
import { Source } from './source.ts'
import { lex } from './syntax/lexer.ts'
import { codesOf, compileText } from './testing.ts'

const example = readFileSync(new URL('golden/language.eval', import.meta.url), 'utf8')
const packs = readdirSync(new URL('../evals', import.meta.url))
  .filter((name) => name.endsWith('.eval'))
  .map((name) => readFileSync(new URL(`../evals/${name}`, import.meta.url), 'utf8'))
const tokens = lex(example).map((token) => ({
  start: token.startOffset,
  end: token.startOffset + token.image.length,
  image: token.image,
}))

function errorsOf(text: string): Diagnostic[] {
  return compileText(text).diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
}

/** Codes that speak of form; the rest speak of meaning. */
function ofForm(diagnostic: Diagnostic): boolean {
  return diagnostic.code.startsWith('E00')
}

test('a file that uses the whole language compiles without a word', () => {
  const { plan, diagnostics } = compileText(example)
  expect(plan).not.toBeNull()
  expect(diagnostics.map(({ code, line }) => `${code} ${line}`)).toEqual([])
})

describe('a single token deleted', () => {
  const source = new Source('', example)
  const cases = tokens.map((token) => ({
    token,
    errors: errorsOf(example.slice(0, token.start) + example.slice(token.end)),
  }))

  test('costs at most three errors', () => {
    for (const { token, errors } of cases) {
      const place = source.position(token.start)
      const told = errors.map((error) => `${error.code} ${error.line}: ${error.message}`)
      expect(errors.length, `${token.image} on line ${place.line}:\n${told.join('\n')}`).toBeLessThanOrEqual(3)
    }
  })

  test('is told within two lines, when it is told as an error of form', () => {
    for (const { token, errors } of cases) {
      const { line } = source.position(token.start)
      for (const error of errors.filter(ofForm)) {
        // What belongs to one declaration may be missed at its end only: a block's closing bracket, say.
        expect(
          Math.abs(error.line - line),
          `${token.image} on line ${line}: ${error.code} on ${error.line}: ${error.message}`,
        ).toBeLessThanOrEqual(2)
      }
    }
  })
})

test('a file that is something else does not flood the terminal', () => {
  const codes = codesOf(`package shop\n${'online\n'.repeat(1000)}`)
  expect(codes.length).toBeLessThanOrEqual(201)
  expect(codes.at(-1)).toBe('E0017')
})

test('ten broken clauses give ten errors', () => {
  const evals = Array.from(
    { length: 10 },
    (_, index) => `online eval e${index} {\n  on: trace\n  pass: duration <=\n}\n`,
  )
  expect(codesOf(`package shop\n${evals.join('\n')}`)).toEqual(Array.from({ length: 10 }, () => 'E0004'))
})

describe('deep nesting is a diagnostic', () => {
  test.each([
    ['brackets', `${'('.repeat(10_000)}true${')'.repeat(10_000)}`],
    ['unclosed brackets', '('.repeat(10_000)],
    ['lists', `name in ${'['.repeat(10_000)}`],
    ['negations', `${'not '.repeat(10_000)}true`],
    ['signs', `${'- '.repeat(10_000)}1 < 3`],
    ['calls', `${'length('.repeat(10_000)}name${')'.repeat(10_000)} > 3`],
    ['records', '{ a: '.repeat(10_000)],
    ['a long chain', `true${' and true'.repeat(20_000)}`],
    ['a long sum', `1${' + 1'.repeat(20_000)} > 3`],
    ['defaults', `name${' ?? name'.repeat(20_000)} == "a"`],
    ['a deep regex', `name matches /${'('.repeat(5000)}a${')'.repeat(5000)}/`],
  ])('%s', (_name, expression) => {
    const codes = codesOf(`package shop\nonline eval it {\n  on: trace\n  pass: ${expression}\n}\n`)
    expect(codes.length).toBeGreaterThan(0)
    expect(codes.length).toBeLessThan(10)
  })
})

describe('no input crashes', () => {
  const words = fc.constantFrom(
    ...new Set([
      ...tokens.map((token) => token.image),
      '(',
      '[',
      '{',
      '}',
      '??',
      "'a'",
      '/[/',
      '1.2.3',
      'define',
      'template',
      'scorecard',
      '\n',
    ]),
  )
  const check = (text: string): void => {
    const { plan, diagnostics } = compileText(text)
    expect(plan === null).toBe(diagnostics.some((diagnostic) => diagnostic.severity === 'error'))
    for (const { line, column, message } of diagnostics) {
      expect(line).toBeGreaterThan(0)
      expect(column).toBeGreaterThan(0)
      expect(message).not.toMatch(/undefined|NaN|\[object/)
    }
    expect(renderDiagnostics(diagnostics, new Map([['shop.eval', text]]))).not.toMatch(/undefined|NaN/)
  }

  test('of words of the language in any order', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 60 }), (list) => {
        check(list.join(' '))
      }),
      { numRuns: 1500 },
    )
  })

  test('of words inside of a declaration', () => {
    const head = fc.constantFrom(
      'online eval it {',
      'offline eval it {',
      'alert it {',
      'scorecard it {',
      'test "t" {',
      'scope s =',
      'const c =',
      'pattern p =',
    )
    fc.assert(
      fc.property(head, fc.array(words, { maxLength: 40 }), (start, list) => {
        check(`package shop\n${start} ${list.join(' ')}\n}\n`)
      }),
      { numRuns: 1500 },
    )
  })

  test('of any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        check(text)
      }),
      { numRuns: 1000 },
    )
  })

  test('of the example and the packs with something cut, doubled or put in', () => {
    const texts = fc.constantFrom(example, ...packs)
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(60), words, (text, at, length, word) => {
        const place = at % text.length
        const cut = text.slice(place, place + length)
        check(text.slice(0, place) + text.slice(place + length))
        check(text.slice(0, place) + cut + text.slice(place))
        check(`${text.slice(0, place)} ${word} ${text.slice(place)}`)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a text of a megabyte takes no more than a moment', () => {
  const megabyte = (part: string): string => part.repeat(Math.ceil(1e6 / part.length))
  test.each([
    ['the example, many times', megabyte(example)],
    ['quotes', megabyte('"')],
    ['text blocks', megabyte('"""\n')],
    ['unclosed texts', megabyte('"a\n')],
    ['slashes', megabyte('/')],
    ['unclosed classes', megabyte('/[[:alpha:]')],
    ['unclosed classes on lines', megabyte('/[[:alpha:][[:alpha:][[:alpha:][[:alpha:]\n')],
    ['digits', megabyte('1')],
    ['one name', megabyte('a')],
    ['dots', megabyte('a.')],
    ['keys', megabyte('a: ')],
    ['foreign characters', megabyte('é ')],
    ['words that open declarations', megabyte('online\n')],
    ['a long list', `package p\nonline eval e {\n on: trace\n pass: name in [${megabyte('"a", ')}]\n}`],
    ['many clauses', `package p\nonline eval e {\n${megabyte(' pass: true\n')}}`],
  ])(
    '%s',
    (_name, text) => {
      const before = process.cpuUsage()
      compileText(text)
      const { user, system } = process.cpuUsage(before)
      // Processor time, so that a busy machine does not fail it; quadratic behaviour takes minutes.
      expect((user + system) / 1e6).toBeLessThan(8)
    },
    60_000,
  )
})
