/** Against scikit-learn, rouge_score, bm25s and RapidFuzz (`fixtures/oracle.py` makes the numbers), by hand, and by properties. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bm25 } from './bm25.ts'
import { type CitedStatement, citationQuality, faithfulnessScore } from './claims.ts'
import { lexicalOverlap } from './lexical-overlap.ts'
import { longestCommonSubsequence } from './longest-common-subsequence.ts'
import { loopDetection } from './loop-detection.ts'
import { passHatK } from './pass-hat-k.ts'
import { ndcg, retrievalMetrics } from './retrieval-metrics.ts'
import { stepEfficiency } from './step-efficiency.ts'
import { trajectoryMatch } from './trajectory-match.ts'
import { wordsOf } from './words.ts'

interface Oracle {
  rankings: { relevance: number[]; k: number; ndcg: number; averagePrecision: number; precision: number }[]
  overlaps: { answer: string; reference: string; tokenF1: number; rougeLF1: number }[]
  docs: string[]
  bm25: { query: string; scores: number[] }[]
  paths: { expected: string[]; actual: string[]; lcs: number; edits: number }[]
}
const oracle = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'oracle.json'), 'utf8')) as Oracle
const grades = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 })

describe('as the oracle says', () => {
  test.each(oracle.rankings)('a ranking of $relevance at $k', ({ relevance, k, ...expected }) => {
    const found = retrievalMetrics({ relevance, k })!
    expect(found.ndcg).toBeCloseTo(expected.ndcg, 11)
    expect(found.averagePrecision).toBeCloseTo(expected.averagePrecision, 11)
    expect(found.precision).toBeCloseTo(expected.precision, 11)
  })

  test.each(oracle.overlaps)('the overlap of two texts %#', ({ answer, reference, ...expected }) => {
    const found = lexicalOverlap({ answer, reference })
    expect(found.tokenF1).toBeCloseTo(expected.tokenF1, 11)
    expect(found.rougeLF1).toBeCloseTo(expected.rougeLF1, 11)
  })

  test.each(oracle.bm25)('BM25 of “$query”', ({ query, scores }) => {
    const found = bm25({ query, docs: oracle.docs })
    for (const [i, score] of scores.entries()) expect(found[i]).toBeCloseTo(score, 6)
  })

  test.each(oracle.paths)('two trajectories %#', ({ expected, actual, lcs, edits }) => {
    const found = trajectoryMatch({ expected, actual })
    expect(found.lcsRecall).toBeCloseTo(lcs / expected.length, 12)
    expect(found.editSimilarity).toBeCloseTo(1 - edits / Math.max(expected.length, actual.length), 12)
  })
})

describe('rankings', () => {
  test('by hand', () => {
    expect(retrievalMetrics({ relevance: [0, 3, 1, 2], k: 4 })).toEqual({
      precision: 0.5,
      averagePrecision: 0.5,
      reciprocalRank: 0.5,
      ndcg: (7 / Math.log2(3) + 1 / 2 + 3 / Math.log2(5)) / (7 + 3 / Math.log2(3) + 1 / 2),
    })
  })
  test('without anything relevant, with fewer documents than asked for, with none', () => {
    const none = { precision: 0, averagePrecision: 0, reciprocalRank: 0, ndcg: 0 }
    expect(retrievalMetrics({ relevance: [0, 0], k: 5 })).toEqual(none)
    expect(retrievalMetrics({ relevance: [2, 2], k: 5 })?.precision).toBe(1)
    expect(retrievalMetrics({ relevance: [], k: 5 })).toBeNull()
  })
  test('are between 0 and 1, and the best order has an nDCG of 1', () => {
    fc.assert(
      fc.property(grades, fc.integer({ min: 1, max: 25 }), (relevance, k) => {
        for (const value of Object.values(retrievalMetrics({ relevance, k })!)) {
          expect(value >= 0 && value <= 1 + 1e-12).toBe(true)
        }
        const best = [...relevance].sort((a, b) => b - a)
        if (best[0] !== 0) expect(ndcg({ relevance: best, k })).toBeCloseTo(1, 12)
      }),
    )
  })
})

describe('words', () => {
  test.each([
    ['Order #12, 2024!', ['order', '12', '2024']],
    ['Größe ÉTÉ', ['größe', 'été']],
    ['Cafe\u0301', ['café']],
    ['Привет мир', ['привет', 'мир']],
    ['東京は晴れ', ['東', '京', 'は', '晴', 'れ']],
    ['हिन्दी पाठ', ['हिन्दी', 'पाठ']],
    ['…', []],
  ])('of %s', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  test('found in the context, of any of its texts', () => {
    const found = lexicalOverlap({ answer: 'Berlin is big, Berlin!', context: ['in Berlin', 'IS it?'] })
    expect(found).toEqual({ kPrecision: 0.75, tokenF1: null, rougeLF1: null })
    expect(lexicalOverlap({ answer: '', context: 'x', reference: 'x' })).toEqual({
      kPrecision: null,
      tokenF1: null,
      rougeLF1: null,
    })
    expect(lexicalOverlap({ answer: 'x', reference: '…' })).toMatchObject({ tokenF1: 0, rougeLF1: 0 })
  })

  test('no document of a query that is about nothing has a score', () => {
    expect(bm25({ query: '', docs: ['a', ''] })).toEqual([0, 0])
    expect(bm25({ query: 'a', docs: [] })).toEqual([])
    expect(bm25({ query: 'a', docs: [''] })).toEqual([0])
  })
})

describe('claims', () => {
  test('the share that is supported, of those decided', () => {
    expect(
      faithfulnessScore({ verdicts: ['supported', 'contradicted', 'abstain', 'supported', 'unsupported'] }),
    ).toEqual({
      score: 0.5,
      supported: 2,
      decided: 4,
    })
    expect(faithfulnessScore({ verdicts: ['abstain'] }).score).toBeNull()
  })

  const cited = (isSupported: boolean, ...citations: [boolean, boolean][]): CitedStatement => ({
    isSupported,
    citations: citations.map(([supportsAlone, isSpare]) => ({ supportsAlone, isSpare })),
  })
  test('citations', () => {
    // Supported by both together; by one, with one to spare; not supported; not cited.
    const statements = [
      cited(true, [false, false], [false, false]),
      cited(true, [true, false], [false, true]),
      cited(false, [false, false]),
      cited(false),
    ]
    const { precision, recall, f1 } = citationQuality({ statements })
    expect([precision, recall]).toEqual([3 / 5, 1 / 2])
    expect(f1).toBeCloseTo((2 * 0.6 * 0.5) / 1.1, 12)
    expect(citationQuality({ statements: [cited(false)] })).toEqual({ precision: null, recall: 0, f1: 0 })
    expect(citationQuality({ statements: [] })).toEqual({ precision: null, recall: null, f1: null })
  })
})

describe('loops', () => {
  test.each([
    ['xABABABAy', { period: 2, repeats: 3, start: 1 }],
    ['xAAABBBBy', { period: 1, repeats: 4, start: 4 }],
    ['AAAAAA', { period: 1, repeats: 6, start: 0 }],
    ['ABCABCABC', { period: 3, repeats: 3, start: 0 }],
    ['ABAB', null],
    ['ABCDEFABCDEFABCDEF', null],
    ['', null],
  ])('in %s', (calls, expected) => {
    expect(loopDetection({ signatures: [...calls] })).toEqual(expected)
  })

  test('a loop that was put in is found, and says where', () => {
    const turn = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(
        turn,
        fc.integer({ min: 3, max: 9 }),
        fc.array(fc.constantFrom('x', 'y')),
        (calls, repeats, before) => {
          const signatures = [
            ...before.map((one, i) => one + i),
            ...Array.from({ length: repeats }, () => calls).flat(),
            'z',
          ]
          const found = loopDetection({ signatures })!
          expect(found.repeats).toBeGreaterThanOrEqual(repeats)
          const { period, start } = found
          for (let i = start; i < start + period * (found.repeats - 1); i++) {
            expect(signatures[i]).toBe(signatures[i + period])
          }
        },
      ),
    )
  })
})

describe('trajectories', () => {
  test.each([
    [['a', 'b'], ['a', 'b'], { exact: true, precision: 1, recall: 1, f1: 1, lcsRecall: 1, editSimilarity: 1 }],
    [['a', 'b'], ['b', 'a'], { exact: false, precision: 1, recall: 1, f1: 1, lcsRecall: 0.5, editSimilarity: 0 }],
    [
      ['a', 'b', 'c'],
      ['a', 'x', 'b', 'b'],
      { exact: false, precision: 0.5, recall: 2 / 3, lcsRecall: 2 / 3, editSimilarity: 0.5 },
    ],
    [[], [], { exact: true, precision: 1, recall: 1, f1: 1, lcsRecall: 1, editSimilarity: 1 }],
    [['a'], [], { exact: false, precision: 1, recall: 0, f1: 0, lcsRecall: 0, editSimilarity: 0 }],
  ])('%j expected, %j called', (expected, actual, found) => {
    expect(trajectoryMatch({ expected, actual })).toMatchObject(found)
  })

  test('what is common does not depend on the side, and is no longer than either', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 })
    fc.assert(
      fc.property(path, path, (a, b) => {
        const common = longestCommonSubsequence(a, b)
        expect(common).toBe(longestCommonSubsequence(b, a))
        expect(common).toBeLessThanOrEqual(Math.min(a.length, b.length))
        expect(longestCommonSubsequence(a, [...a, ...b])).toBe(a.length)
      }),
    )
  })

  test('steps', () => {
    expect(stepEfficiency({ reference: 4, actual: 8, success: true })).toBe(0.5)
    expect(stepEfficiency({ reference: 4, actual: 3, success: true })).toBe(1)
    expect(stepEfficiency({ reference: 4, actual: 4, success: false })).toBe(0)
    expect(stepEfficiency({ reference: 0, actual: 0, success: true })).toBe(1)
  })
})

describe('tries', () => {
  test('by hand', () => {
    const { passHatK: all, passAtK: some } = passHatK({
      tasks: [
        { n: 4, c: 2 },
        { n: 4, c: 4 },
      ],
      k: 2,
    })
    expect(all).toBeCloseTo((1 / 6 + 1) / 2, 12)
    expect(some).toBeCloseTo((5 / 6 + 1) / 2, 12)
  })
  test('more tries fail together more often, and one of them succeeds more often', () => {
    const task = fc
      .integer({ min: 5, max: 40 })
      .chain((n) => fc.record({ n: fc.constant(n), c: fc.integer({ min: 0, max: n }) }))
    fc.assert(
      fc.property(fc.array(task, { minLength: 1, maxLength: 10 }), (tasks) => {
        const [one, five] = [passHatK({ tasks, k: 1 }), passHatK({ tasks, k: 5 })]
        expect(one.passHatK).toBeCloseTo(one.passAtK, 10)
        expect(five.passHatK).toBeLessThanOrEqual(one.passHatK + 1e-12)
        expect(five.passAtK).toBeGreaterThanOrEqual(one.passAtK - 1e-12)
      }),
    )
  })
  test('more than were made cannot be drawn', () => {
    expect(() => passHatK({ tasks: [{ n: 2, c: 1 }], k: 3 })).toThrow(RangeError)
  })
})
