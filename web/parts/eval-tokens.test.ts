import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tokensOf } from './eval-tokens.ts'

test('nothing of a text is lost', () => {
  const folder = join(import.meta.dirname, '..', '..', 'evals')
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.eval'))) {
    const text = readFileSync(join(folder, name), 'utf8')
    const joined = tokensOf(text)
      .map((token) => token.text)
      .join('')
    expect(joined).toBe(text)
  }
})

test.each([
  [
    'on: trace',
    [
      ['clause', 'on'],
      ['keyword', 'trace'],
    ],
  ],
  [
    'pass: duration <= 8s # quick',
    [
      ['clause', 'pass'],
      ['number', '8s'],
      ['comment', '# quick'],
    ],
  ],
  [
    'output.text matches /a\\/b/i',
    [
      ['keyword', 'matches'],
      ['pattern', '/a\\/b/i'],
    ],
  ],
  [
    'title: "A # is no comment"',
    [
      ['clause', 'title'],
      ['string', '"A # is no comment"'],
    ],
  ],
])('%s', (text, expected) => {
  expect(tokensOf(text).flatMap(({ kind, text: word }) => (kind === null ? [] : [[kind, word]]))).toEqual(expected)
})
