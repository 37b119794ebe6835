/** No text and no place makes a feature throw, and what is found lies inside the text. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { actionsFor } from './actions.ts'
import { completionsAt } from './completion.ts'
import { hoverAt } from './hover.ts'
import { meaningsIn } from './names.ts'
import { definitionAt, targetAt, usesOf } from './navigation.ts'
import { foldsOf, searchSymbols, symbolsOf } from './outline.ts'
import { renameAt } from './rename.ts'
import { workspaceOf } from './testing.ts'

vi.setConfig({ testTimeout: 120_000 })

const root = join(import.meta.dirname, '..', '..')
const SOURCES = ['dsl/golden/language.eval', 'examples/support-agent/evals/support.eval', 'evals/latency.eval'].map(
  (path) => readFileSync(join(root, path), 'utf8'),
)

/** All features at one place of a text. */
function ask(text: string, offset: number): void {
  const workspace = workspaceOf({ 'shop.eval': text, 'other.eval': 'package other\nimport shop from "./shop.eval"\n' })
  const document = workspace.document('shop.eval')
  const analysis = workspace.analysis('shop.eval')
  const module = workspace.module('shop.eval')
  if (document === null || analysis === null || module === null) throw new Error('the workspace has lost its file')
  const spans = [
    ...completionsAt(document, module, offset, ['assay:pii']).map((item) => item.span),
    ...[...meaningsIn(document, module)].map((meaning) => meaning.span),
    ...symbolsOf(document).flatMap((symbol) => [symbol.span, symbol.nameSpan]),
    ...foldsOf(document).map((fold) => fold.span),
    ...workspace
      .diagnostics('shop.eval')
      .flatMap((diagnostic) =>
        actionsFor(document, diagnostic).flatMap((action) => action.edits.map((edit) => edit.span)),
      ),
  ]
  const hover = hoverAt(document, analysis, offset)
  if (hover !== null) spans.push(hover.span)
  for (const { start, end } of spans) {
    expect(start).toBeGreaterThanOrEqual(0)
    expect(end).toBeGreaterThanOrEqual(start)
    expect(end).toBeLessThanOrEqual(text.length)
  }
  searchSymbols(workspace, 'a')
  definitionAt(workspace, 'shop.eval', offset)
  const found = targetAt(workspace, 'shop.eval', offset)
  if (found === null) return
  for (const use of usesOf(workspace, found.target))
    expect(use.span.end).toBeLessThanOrEqual(workspace.textOf(use.path)?.length ?? 0)
  const renaming = renameAt(workspace, 'shop.eval', offset, 'another_name')
  if (renaming.ok) expect(renaming.edits.length).toBeGreaterThan(0)
}

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const junk = fc.constantFrom(
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '"',
  '"""',
  '/',
  '#',
  ':',
  ',',
  '.',
  'on:',
  'pass:',
  'where',
  'in',
  'template',
  'online eval',
  '=',
  '12abc',
  '🙂',
  '\n',
  '\r\n',
  '\u2028',
  '',
)

describe('features on what is no good file', () => {
  test('cut, torn and filled with junk', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOURCES), place, place, junk, place, (source, from, length, inserted, at) => {
        const start = Math.floor(source.length * from)
        const text = `${source.slice(0, start)}${inserted}${source.slice(start + Math.floor(length ** 4 * (source.length - start)))}`
        ask(text, Math.floor(text.length * at))
        ask(text, Math.min(text.length, start + inserted.length))
      }),
      { numRuns: 200 },
    )
  })

  test('as somebody types it, letter by letter', () => {
    const source = SOURCES[0] ?? ''
    for (let end = 0; end < source.length; end += 37) ask(source.slice(0, end), end)
  })

  test('any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), place, (text, at) => {
        ask(text, Math.floor(text.length * at))
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['brackets', '('.repeat(20_000)],
    ['clauses', `package a\nonline eval it {\n${'  on: trace\n'.repeat(3000)}`],
    ['words', 'a.b '.repeat(20_000)],
    ['declarations', `package a\n${Array.from({ length: 1500 }, (_, n) => `const c${n} = ${n}s\n`).join('')}`],
  ])('very many %s', (_name, text) => {
    ask(text, text.length)
    ask(text, text.length >> 1)
  })
})
