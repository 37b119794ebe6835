/**
 * Twenty thousand broken files, the same at every run: pieces of the packs, the examples and the tests' own files, with tokens and
 * characters taken out, doubled, swapped and put in. Whatever comes out, checking, rendering, formatting and repairing it end well.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { applyFixes } from './apply-fixes.ts'
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import { renderDiagnostics } from './diagnostics/render.ts'
import { formatText } from './format/format.ts'
import { endOf } from './syntax/grammar-base.ts'
import { lex } from './syntax/lexer.ts'
import { compileText } from './testing.ts'

const INPUTS = 20_000
const BATCHES = 10
/** What costs more than the check itself is done of every so many. */
const EVERY = 10

const root = new URL('..', import.meta.url).pathname
const sources = ['evals', 'examples', 'docs', 'dsl/golden']
  .flatMap((folder) => readdirSync(join(root, folder), { withFileTypes: true, recursive: true }))
  .filter((entry) => entry.isFile() && (entry.name.endsWith('.eval') || /^[EW]\d{4}\.txt$/.test(entry.name)))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('─'.repeat(80))[0] ?? '')

/** Each declaration with the comments and blanks in front of it: short enough to check thousands of times. */
const pieces = sources
  .flatMap((text) => text.split(/\n(?=(?:online|offline|alert|test|template|scorecard|const|pattern|scope|define) )/))
  .filter((piece) => piece.length < 3000)

const words = [...new Set(pieces.flatMap((piece) => lex(piece).map((token) => token.image)))].filter(
  (word) => word.length < 40,
)
const CHARACTERS = [...'(){}[]"\'`/\\|#:;,.<>=!?+-*%$& \n\t\r\0é😀\ud800ﬀ\u2028_azAZ09']

class Random {
  #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  below(limit: number): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#seed / 4294967296) * limit)
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

function mutated(text: string, random: Random): string {
  const tokens = lex(text)
  const token = tokens.length === 0 ? undefined : random.of(tokens)
  const other = tokens.length === 0 ? undefined : random.of(tokens)
  const at = random.below(text.length + 1)
  switch (random.below(9)) {
    case 0:
      return token === undefined ? text : text.slice(0, token.startOffset) + text.slice(endOf(token))
    case 1:
      return token === undefined ? text : `${text.slice(0, endOf(token))} ${token.image}${text.slice(endOf(token))}`
    case 2:
      return token === undefined ? text : text.slice(0, token.startOffset) + random.of(words) + text.slice(endOf(token))
    case 3:
      return token === undefined
        ? text
        : `${text.slice(0, token.startOffset)}${random.of(words)} ${text.slice(token.startOffset)}`
    case 4:
      return token === undefined || other === undefined
        ? text
        : text.slice(0, token.startOffset) + other.image + text.slice(endOf(token))
    case 5:
      return text.slice(0, at) + random.of(CHARACTERS) + text.slice(at)
    case 6:
      return text.slice(0, at) + random.of(CHARACTERS) + text.slice(at + 1)
    case 7:
      return text.slice(0, at) + text.slice(at + 1 + random.below(30))
    default:
      return text.slice(0, at)
  }
}

function broken(random: Random): string {
  const parts = Array.from({ length: 1 + random.below(3) }, () => random.of(pieces))
  let text = `package shop\n${parts.join('\n')}`
  const count = 1 + random.below(4)
  for (let index = 0; index < count; index++) text = mutated(text, random)
  return text
}

function problemWith(text: string, diagnostics: readonly Diagnostic[], hasPlan: boolean): string | null {
  if (hasPlan === diagnostics.some((diagnostic) => diagnostic.severity === 'error'))
    return 'a plan and an error, or neither'
  for (const { code, message, line, column, span, notes, label, fix, file } of diagnostics) {
    // What it imports is not broken, and has a text of its own.
    if (file !== 'shop.eval') continue
    if (line < 1 || column < 1) return `${code} stands nowhere`
    if (span !== null && (span.start > text.length || span.end > text.length || span.start < 0))
      return `${code} is outside`
    if (/undefined|NaN|\[object/.test(`${message}${label}${notes.join()}`)) return `${code}: ${message}`
    const edit = fix?.edit
    if (edit !== undefined && (edit.start > edit.end || edit.end > text.length))
      return `${code} edits what is not there`
  }
  return null
}

/** Null when all is well. */
function tried(text: string, thoroughly: boolean): string | null {
  const { plan, diagnostics } = compileText(text)
  const problem = problemWith(text, diagnostics, plan !== null)
  if (problem !== null || !thoroughly) return problem
  renderDiagnostics(diagnostics, new Map([['shop.eval', text]]))
  formatText(text)
  const form = (list: readonly Diagnostic[]): number => list.filter(({ code }) => code.startsWith('E00')).length
  const check = (texts: ReadonlyMap<string, string>): Diagnostic[] =>
    compileText(texts.get('shop.eval') ?? '').diagnostics
  const fixed = applyFixes(new Map([['shop.eval', text]]), check).texts.get('shop.eval') ?? text
  return form(compileText(fixed).diagnostics) > form(diagnostics) ? `repaired for the worse:\n${fixed}` : null
}

test('the material is rich', () => {
  expect(pieces.length).toBeGreaterThan(150)
  expect(words.length).toBeGreaterThan(300)
})

describe('no broken file does harm', () => {
  test.each(Array.from({ length: BATCHES }, (_, batch) => batch))('batch %d', { timeout: 300_000 }, (batch) => {
    const random = new Random(batch + 1)
    for (let index = 0; index < INPUTS / BATCHES; index++) {
      const text = broken(random)
      let outcome: string | null
      try {
        outcome = tried(text, index % EVERY === 0)
      } catch (error) {
        outcome = error instanceof Error ? (error.stack ?? error.message) : String(error)
      }
      expect(outcome === null ? null : `${outcome}\n${'─'.repeat(40)}\n${text}`).toBeNull()
    }
  })
})
