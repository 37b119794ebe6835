import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLAUSES } from '../clauses.ts'
import { CODES } from '../diagnostics/codes.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import { METRICS } from '../metrics.ts'
import { FIELDS } from '../schema.ts'
import { EvalGrammar } from '../syntax/grammar.ts'
import { grammarHtml } from './grammar-pages.ts'
import { languagePages } from './pages.ts'
import { railroadSvg } from './railroad-svg.ts'
import { ebnf, grammarRules, type Rail } from './rails.ts'

const folder = new URL('../../docs/language/', import.meta.url)
const pages = languagePages()

// `npm run docs` writes them, and so does `vitest -u`.
test.each(Object.keys(pages))('%s is what the code says', async (name) => {
  expect(readdirSync(folder)).toContain(name)
  await expect(pages[name]).toMatchFileSnapshot(new URL(name, folder).pathname)
})

test('the reference has every field, clause, function and code', () => {
  const reference = readFileSync(new URL('reference.md', folder), 'utf8')
  for (const { path } of FIELDS) expect(reference).toContain(`| \`${path}\``)
  for (const { required, optional } of Object.values(CLAUSES))
    for (const key of [...required, ...optional]) expect(reference).toContain(`| \`${key}:\` |`)
  for (const { name } of METRICS) expect(reference).toContain(`| \`${name}\` |`)
  for (const name of Object.keys(FUNCTION_DOCS)) expect(reference).toContain(`| \`${name}(`)
  for (const code of Object.keys(CODES)) expect(reference).toContain(`| ${code} |`)
})

describe('the grammar', () => {
  const token = (text: string): Rail => ({ kind: 'token', text, literal: true })

  test('has every rule of the parser, and nothing that leads nowhere', () => {
    const names = new EvalGrammar({ validate: false, recover: false })
      .getSerializedGastProductions()
      .map((rule) => 'name' in rule && rule.name)
    expect(new Set(grammarRules().map(({ name }) => name))).toEqual(new Set(['file', ...names]))
    const html = grammarHtml()
    const anchors = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(anchors).toContain(target)
  })

  test('stands by itself: nothing is asked of another host', () => {
    const html = grammarHtml().replaceAll('xmlns="http://www.w3.org/2000/svg"', '')
    expect(html).not.toMatch(/https?:|<script|<link|<img|url\(|@import/)
  })

  test.each<[string, Rail, string]>([
    ['tokens', { kind: 'sequence', items: [token('a'), { kind: 'rule', name: 'b' }] }, "'a' b"],
    [
      'a choice in a sequence',
      { kind: 'sequence', items: [{ kind: 'choice', items: [token('a'), token('b')] }, token('c')] },
      "('a' | 'b') 'c'",
    ],
    ['an option', { kind: 'optional', item: token('a') }, "'a'?"],
    ['any number', { kind: 'repeat', item: token('a'), separator: null, atLeastOne: false }, "'a'*"],
    ['a list', { kind: 'repeat', item: token('a'), separator: token(','), atLeastOne: true }, "'a' (',' 'a')*"],
    [
      'a list that may be empty',
      { kind: 'repeat', item: token('a'), separator: token(','), atLeastOne: false },
      "('a' (',' 'a')*)?",
    ],
  ])('%s', (_name, rail, text) => {
    expect(ebnf(rail)).toBe(text)
  })

  describe.each(grammarRules())('the diagram of $name', ({ rail }) => {
    const svg = railroadSvg(rail, 'a title')
    const boxes = [
      ...svg.matchAll(/<rect class="\w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g),
    ].map(([, x, y, width, height]) => ({
      left: Number(x),
      top: Number(y),
      right: Number(x) + Number(width),
      bottom: Number(y) + Number(height),
    }))
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? []

    test('lies inside of its frame, and its boxes beside each other', () => {
      expect(boxes.length).toBeGreaterThan(0)
      for (const [index, box] of boxes.entries()) {
        expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0)
        expect(box.right).toBeLessThanOrEqual(Number(width))
        expect(box.bottom).toBeLessThanOrEqual(Number(height))
        for (const other of boxes.slice(index + 1)) {
          const apart =
            box.right <= other.left || other.right <= box.left || box.bottom <= other.top || other.bottom <= box.top
          expect(apart).toBe(true)
        }
      }
    })

    test('leads its rails into every box and out of it', () => {
      const ends = new Set([...svg.matchAll(/<path class="rail" d="([^"]+)"/g)].flatMap(([, d]) => endsOf(d as string)))
      for (const { left, right, top, bottom } of boxes) {
        const middle = (top + bottom) / 2
        expect(ends).toContain(place(left, middle))
        expect(ends).toContain(place(right, middle))
      }
    })
  })
})

function place(x: number, y: number): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`
}

/** Where the lines of a path begin and end. */
function endsOf(d: string): string[] {
  const ends: string[] = []
  let x = 0
  let y = 0
  for (const [, command, list] of d.matchAll(/([MmhvHa])([^MmhvHa]*)/g)) {
    const n = (list ?? '').trim().split(/\s+/).map(Number)
    const before = place(x, y)
    if (command === 'M') [x, y] = [n[0] ?? 0, n[1] ?? 0]
    else {
      ends.push(before)
      if (command === 'm') [x, y] = [x + (n[0] ?? 0), y + (n[1] ?? 0)]
      else if (command === 'h') x += n[0] ?? 0
      else if (command === 'v') y += n[0] ?? 0
      else if (command === 'H') x = n[0] ?? 0
      else [x, y] = [x + (n[5] ?? 0), y + (n[6] ?? 0)]
      ends.push(place(x, y))
    }
  }
  return ends
}
