import { readFileSync } from 'node:fs'
import { Lexer } from 'chevrotain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EvalGrammar } from './grammar.ts'
import { lex } from './lexer.ts'
import { AnyWord, tokenTypes } from './tokens.ts'

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

  test('they are those of chevrotain', () => {
    const reference = new Lexer(tokenTypes, { positionTracking: 'onlyOffset', skipValidations: true })
    const pieces = fc.constantFrom(
      ...[...' \n\t\uFEFF#"\'/{}()[],=<>!?+-*.:;%$&|\\é0123456789', '"""', '//', '/a[/]b/i', "'x'", '"a\\"b"', '\n}'],
      ...[
        '==',
        '!=',
        '<=',
        '>=',
        '??',
        '9.2s',
        '0.25 USD',
        '06:00',
        '95%',
        '3pp',
        '12abc',
        'a.b',
        'pass :',
        'on:',
        'not',
      ],
      ...['attr("a.b"):', 'attr', 'package', 'x', '_a1'],
    )
    const readBoth = (text: string): void => {
      const expected = reference.tokenize(text).tokens
      const found = lex(text)
      expect(found.map(({ image, startOffset }) => [startOffset, image])).toEqual(
        expected.map(({ image, startOffset }) => [startOffset, image]),
      )
      for (const [index, { tokenType }] of expected.entries())
        if (tokenType !== AnyWord) expect(found[index]?.tokenType).toBe(tokenType)
    }
    const fragments = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fragments, fc.string({ unit: 'binary', maxLength: 40 })), (text) => readBoth(text)),
      { numRuns: 3_000 },
    )
    readBoth(readFileSync(new URL('../../evals/pii.eval', import.meta.url), 'utf8'))
  })

  test('offsets lead back to the text', () => {
    const text = 'pass: a <= 8s # c\n "x"'
    for (const token of lex(text)) expect(text.startsWith(token.image, token.startOffset)).toBe(true)
  })
})

test('the lexer and the grammar are without conflicts', () => {
  expect(new Lexer(tokenTypes, { positionTracking: 'onlyOffset' }).lexerDefinitionErrors).toEqual([])
  expect(() => new EvalGrammar({ validate: true, recover: true })).not.toThrow()
})
