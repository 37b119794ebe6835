import { expect, test } from 'vitest'
import { knownCost, sumOfKnown } from './no-price.ts'

test.each([
  ['nothing was paid for', 0, 0, 0],
  ['all of it has a price', 12.5, 0, 12.5],
  ['some of it has a price', 12.5, 3, 12.5],
  ['none of it has a price', 0, 3, null],
])('what is known of a cost when %s', (_, microUsd, unpriced, known) => {
  expect(knownCost(microUsd, unpriced)).toBe(known)
})

test.each([
  ['none', [], 0],
  ['free ones', [0, 0], 0],
  ['known ones', [1, 2], 3],
  ['some that are known', [null, 2], 2],
  ['none that is known', [null, null], null],
  ['a free one and one that is not known', [0, null], null],
])('the sum of %s', (_, costs, sum) => {
  expect(sumOfKnown(costs)).toBe(sum)
})
