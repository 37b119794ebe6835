import { expect, test } from 'vitest'
import { promptOf, readTyped, type Typed } from './typed.ts'

const GRADES = { low: 1, high: 5, isRatio: false }
const RATIO = { low: 0, high: 1, isRatio: true }
const score = (said: number): Typed => ({ kind: 'said', said: { score: said } })
const USAGE: Typed = { kind: 'wrong', why: 'A number is a score; p is pass, f is fail, s skips, q ends.' }

test.each([
  ['4', GRADES, score(4)],
  [' 3.5 ', GRADES, score(3.5)],
  ['9', GRADES, { kind: 'wrong', why: '9 is no score here: they are 1 to 5.' }],
  ['-4', GRADES, { kind: 'wrong', why: '-4 is no score here: they are 1 to 5.' }],
  ['50%', GRADES, USAGE],
  ['0.5', RATIO, score(0.5)],
  ['50%', RATIO, score(0.5)],
  ['50', RATIO, { kind: 'wrong', why: '50 is no score here: they are 0 to 1, or as 50%.' }],
  ['101%', RATIO, { kind: 'wrong', why: '101% is no score here: they are 0 to 1, or as 50%.' }],
  ['-400.5', null, score(-400.5)],
  ['P', null, { kind: 'said', said: { verdict: 'pass' } }],
  ['f', RATIO, { kind: 'said', said: { verdict: 'fail' } }],
  ['s', GRADES, { kind: 'skip' }],
  ['q', GRADES, { kind: 'quit' }],
  ['good', GRADES, USAGE],
] as const)('%j of %j', (line, scores, typed) => {
  expect(readTyped(line, scores)).toEqual(typed)
})

test('the prompt says which scores there are', () => {
  expect([GRADES, RATIO, null].map(promptOf)).toEqual([
    'score (1 to 5), p, f, s or q: ',
    'score (0 to 1, or as 50%), p, f, s or q: ',
    'score, p, f, s or q: ',
  ])
})
