import { expect, test } from 'vitest'
import { saidBy, scoresOf } from './label-keys.ts'

test.each([
  ['p', { kind: 'verdict', verdict: 'pass' }],
  ['F', { kind: 'verdict', verdict: 'fail' }],
  ['3', { kind: 'score', score: 3 }],
  ['6', null],
  ['s', { kind: 'skip' }],
  ['u', { kind: 'undo' }],
  ['Enter', null],
  ['x', null],
])('%s', (key, said) => {
  expect(saidBy(key, { low: 1, high: 5 })).toEqual(said)
})

test('a scale of two digits has no keys', () => {
  expect(scoresOf({ low: 0, high: 100 })).toEqual([])
  expect(saidBy('3', undefined)).toBeNull()
})
