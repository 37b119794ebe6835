/** The fast path (gates, then V8) finds exactly what the declared patterns find on re2js. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GATES, openGates } from '../../engine/regex/gates.ts'
import { createRe2Matcher } from '../../engine/regex/re2-matcher.ts'
import { createReviewedMatcher, reviewedName } from '../../engine/regex/reviewed-matcher.ts'
import { readCorpus } from './corpus.ts'
import { compilePack } from './pack.ts'

const SEED = 20261121

const corpus = readCorpus('development')
const values = corpus.flatMap((item) => item.values.map(({ start, end }) => item.text.slice(start, end)))
const texts = corpus.map((item) => item.text)

/** Pieces at which the patterns branch; strings of them come close to matching far more often than random text does. */
const PIECES = [
  ...[
    '0',
    '1',
    '00',
    '12',
    '123',
    '2024',
    '4111',
    '0123',
    '+',
    '+1',
    '(',
    ')',
    ' ',
    '.',
    '-',
    '/',
    ':',
    ',',
    '::',
    '_',
    '@',
  ],
  ...[
    '\n',
    '\\n',
    '\\',
    '"',
    "'",
    '=',
    '#',
    'x',
    'ext',
    '\u00a0',
    '\u2011',
    '\u2013',
    '\u202f',
    '\u{1F600}',
    'é',
    '\u212a',
    'ſ',
  ],
  ...[
    'a',
    'A',
    'f0',
    'DE',
    'GB29',
    'NWBK',
    'eyJ',
    'sk-',
    'ghp_',
    'AKIA',
    'SG.',
    ':AA',
    'key-',
    'dapi',
    'com',
    '.com',
    'fe80',
    '2001:db8',
  ],
  ...[
    'phone',
    'Tel',
    'call me at',
    'my number is',
    'version ',
    'Chrome/',
    '10.',
    '192.168.',
    '203.0.113.',
    '255',
    '256',
    '99',
  ],
  ...['abcdefghijklmnopqrst', '0123456789', 'ABCDEFGHIJ'],
]

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 2, arbitrary: fc.constantFrom(...values) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
)
const assembled = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''))

/** A real value with one character removed, replaced or put in. */
const mutated = fc
  .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(1), fc.constantFrom('', ...PIECES))
  .map(([text, at, removed, put]) => {
    const index = at % (text.length + 1)
    return text.slice(0, index) + put + text.slice(index + removed)
  })

describe.each(compilePack().patterns)('$name', (plan) => {
  const fast = createReviewedMatcher(plan)
  const declared = createRe2Matcher({ ...plan, builtin: null })
  const name = reviewedName(plan)
  if (name === null) throw new Error(`${plan.name} is not the reviewed text`)

  const agree = (text: string): void => {
    const found = declared.find(text)
    expect(fast.find(text)).toEqual(found)
    expect(fast.test(text)).toBe(found.length > 0)
    expect(declared.test(text)).toBe(found.length > 0)
    if (found.length > 0) expect(openGates(text, GATES[name])).toBe(GATES[name])
  }

  test('on the corpus', () => {
    for (const text of texts) agree(text)
  })

  test('on strings of telling pieces', () => {
    fc.assert(
      fc.property(assembled, (text) => {
        agree(text)
      }),
      { seed: SEED, numRuns: 1_500 },
    )
  })

  test('on texts with one change', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        agree(text)
      }),
      { seed: SEED, numRuns: 1_500 },
    )
  })
})
