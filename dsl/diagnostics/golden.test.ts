/** One file a code: the example of its story, and the report that people get of it. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileText } from '../testing.ts'
import { CODES, type Code, OTHER_EXAMPLE, severityOf } from './codes.ts'
import { renderDiagnostics } from './render.ts'

const folder = new URL('../golden/', import.meta.url)
const codes = Object.keys(CODES) as Code[]
/** Before the tests run: a snapshot that is not there would be written by its own test, and pass. */
const goldenFiles = readdirSync(folder).filter((name) => name.endsWith('.txt'))
/** What no text of a file has, or none that anybody would like to read: limits of size have tests of their own. */
const WITHOUT_EXAMPLE = ['E0001', 'E0002', 'E0003', 'E0017', 'E0020', 'E0308']

/** Too long to read: the golden file has their first and last line. Those of no text are in `cli/unreadable.test.ts`. */
const LONG: [Code, string[]][] = [
  ['E0017', ['package shop', ...Array.from({ length: 1002 }, (_, index) => `const c${index} = d${index}`)]],
  [
    'E0020',
    ['package shop', ...Array.from({ length: 40 }, (_, index) => `const c${index} = c${index + 1}`), 'const c40 = 1'],
  ],
  ['E0308', ['package shop', ...Array.from({ length: 1001 }, (_, index) => `pattern p${index} = /word${index}/`)]],
]

describe('each code', () => {
  test.each(LONG)('%s', async (code, lines) => {
    const text = `${lines.join('\n')}\n`
    const { diagnostics } = compileText(text)
    const [first, ...more] = diagnostics.filter((diagnostic) => diagnostic.code === code)
    if (first === undefined) throw new Error(`there is no ${code}`)
    expect(more).toEqual([])
    const report = renderDiagnostics([first], new Map([['shop.eval', text]]))
    const shown = `${[...lines.slice(0, 3), `… ${lines.length} lines`, lines.at(-1)].join('\n')}\n`
    await expect(`${shown}${'─'.repeat(80)}\n${report}`).toMatchFileSnapshot(new URL(`${code}.txt`, folder).pathname)
  })

  test.each(codes.filter((code) => CODES[code].example !== ''))('%s', async (code) => {
    const { example } = CODES[code]
    const { plan, diagnostics } = compileText(example, { 'other.eval': OTHER_EXAMPLE, 'example.eval': example })
    // One cause, one diagnostic: the example of a code has nothing else.
    expect(new Set(diagnostics.map((diagnostic) => diagnostic.code))).toEqual(new Set([code]))
    expect(diagnostics.every((diagnostic) => diagnostic.severity === severityOf(code))).toBe(true)
    expect(plan === null).toBe(severityOf(code) === 'error')
    const report = renderDiagnostics(
      diagnostics,
      new Map([
        ['shop.eval', example],
        ['other.eval', OTHER_EXAMPLE],
        ['example.eval', example],
      ]),
    )
    await expect(`${example}${'─'.repeat(80)}\n${report}`).toMatchFileSnapshot(new URL(`${code}.txt`, folder).pathname)
  })

  test('has a golden file, and no golden file is left over', () => {
    const expected = codes.map((code) => `${code}.txt`)
    expect([...goldenFiles].sort()).toEqual(expected.sort())
  })

  test('has an example, but for what is not in a text', () => {
    expect(codes.filter((code) => CODES[code].example === '').sort()).toEqual(WITHOUT_EXAMPLE)
  })

  test.each(codes)('%s has a title and a story', (code) => {
    expect(code).toMatch(/^[EW]\d{4}$/)
    expect(CODES[code].title).toMatch(/^[a-z`].*[^.]$/)
    expect(CODES[code].story.length).toBeGreaterThan(40)
  })
})

describe('rendering', () => {
  test('signs that move a cursor or turn the direction of writing are shown as dots', () => {
    const text = 'package shop\nonline eval it { on: trace  pass: nme == "\u001b[2A\u202eno\r\u009b" }\n'
    const report = renderDiagnostics(compileText(text).diagnostics, new Map([['shop.eval', text]]))
    expect(report).toContain('pass: nme == "·[2A·no··" }')
    expect(report).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
  })

  test('a machine fix applied removes its cause', () => {
    const fixable = codes.filter((code) => {
      const { diagnostics } = compileText(CODES[code].example, { 'other.eval': OTHER_EXAMPLE })
      return diagnostics.some((diagnostic) => diagnostic.fix?.edit !== undefined)
    })
    expect(fixable.length).toBeGreaterThan(4)
    for (const code of fixable) {
      const text = CODES[code].example
      const [diagnostic] = compileText(text, { 'other.eval': OTHER_EXAMPLE }).diagnostics
      const edit = diagnostic?.fix?.edit
      if (edit === undefined) throw new Error(`${code} has no edit in front`)
      const fixed = `${text.slice(0, edit.start)}${edit.text}${text.slice(edit.end)}`
      expect(
        compileText(fixed, { 'other.eval': OTHER_EXAMPLE }).diagnostics.map((after) => after.code),
        code,
      ).not.toContain(code)
    }
  })

  test('long lines are cut around the place', () => {
    const text = `package shop\nonline eval it {\n  on: trace\n  pass: ${'duration > 1s and '.repeat(40)}durration > 1s\n}\n`
    const { diagnostics } = compileText(text)
    const report = renderDiagnostics(diagnostics, new Map([['shop.eval', text]]))
    const lines = report.split('\n')
    expect(Math.max(...lines.slice(0, 4).map((line) => line.length))).toBeLessThan(220)
    const caret = lines[3]?.indexOf('^') ?? -1
    expect(lines[2]?.slice(caret, caret + 9)).toBe('durration')
  })

  test('tabs keep the carets in place', () => {
    const text = 'package shop\nonline eval it {\n\ton: trace\n\tpass:\tdurration > 1s\n}\n'
    const report = renderDiagnostics(compileText(text).diagnostics, new Map([['shop.eval', text]]))
    const [, , source = '', carets = ''] = report.split('\n')
    expect(source.indexOf('durration')).toBe(carets.indexOf('^'))
  })

  test('a file without a text is told without an excerpt', () => {
    const report = renderDiagnostics(compileText('x').diagnostics, new Map())
    expect(report).toContain('shop.eval:1:1')
  })
})
