import { Lexer } from 'chevrotain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EvalGrammar } from './grammar.ts'
import { lex } from './lexer.ts'
import { tokenTypes } from './tokens.ts'

function names(text: string): string {
  return lex(text)
    .map((token) => token.tokenType.name)
    .join(' ')
}

describe('tokens', () => {
  test.each([
    // A key and its colon are one token, on one line, with dots or blanks.
    ['pass: n', 'KeyValues Name'],
    ['pass : n', 'KeyValues Name'],
    ['agent.name: "a"', 'KeyOther Text'],
    ['pass\n: n', 'Name Foreign Name'],
    ['on:', 'KeyOn'],
    ['one:', 'KeyOther'],
    ['not: in:', 'KeyOther KeyOther'],
    // Reserved words, and words that are free outside of their place.
    ['not n and y', 'Not Name And Name'],
    ['notx', 'Name'],
    ['in.x', 'Name'],
    ['count over by', 'Name OverWord ByWord'],
    // Literals with their units are one token.
    ['500ms 9.2s 10m 24h 7d 1w', 'Duration Duration Duration Duration Duration Duration'],
    ['95% 0.5% 3pp', 'Percent Percent Points'],
    ['0.25 USD', 'Money'],
    ['3   EUR', 'Money'],
    ['3\nEUR', 'Int Name'],
    ['3 USDX', 'Int Name'],
    ['06:00', 'TimeOfDay'],
    ['12 0.5', 'Int Decimal'],
    // A number followed directly by what makes no literal is one bad token.
    ['8sec', 'BadNumber'],
    ['1.2.3', 'BadNumber'],
    ['6:00', 'Int Foreign Int'],
    ['1month', 'BadNumber'],
    ['95%x', 'BadNumber'],
    ['0.95.', 'BadNumber'],
    // Texts.
    ['"a\\"b"', 'Text'],
    ['"open', 'BadText'],
    ['"""a\n"b"\n"""', 'TextBlock'],
    ['"""a\n}\nn', 'BadTextBlock RCurly Name'],
    ["'a'", 'SingleQuoted'],
    // A regex ends at the first slash outside of a class; `]` first in a class is literal; named classes nest.
    ['/a/ b', 'Regex Name'],
    ['/[/]/ b', 'Regex Name'],
    ['/[]/]/ b', 'Regex Name'],
    ['/[^]/]/ b', 'Regex Name'],
    ['/[[:alpha:]/]/ b', 'Regex Name'],
    ['/a\\/b/ c', 'Regex Name'],
    ['/a[b\\]/]c/i d', 'Regex Name'],
    ['/open', 'BadRegex'],
    // Comments, and hashes that are none.
    ['a # b "c', 'Name'],
    ['"a # b"', 'Text'],
    ['/a # b/', 'Regex'],
    ['a && b', 'Name Foreign Name'],
    ['a ?? b', 'Name Coalesce Name'],
  ])('%j is %s', (text, expected) => {
    expect(names(text)).toBe(expected)
  })

  test('every text has tokens', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        lex(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('offsets lead back to the text', () => {
    const text = 'pass: a <= 8s # c\n "x"'
    for (const token of lex(text)) expect(text.startsWith(token.image, token.startOffset)).toBe(true)
  })
})

test('the lexer and the grammar are without conflicts', () => {
  expect(new Lexer(tokenTypes, { positionTracking: 'onlyOffset' }).lexerDefinitionErrors).toEqual([])
  expect(() => new EvalGrammar({ validate: true })).not.toThrow()
})
