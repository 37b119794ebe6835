import { expect, test } from 'vitest'
import { formatCost } from './format.ts'

test.each([
  [0.5, 100, '$0.5000'],
  [0, 100, '$0'],
  [0, 0, '–'],
  [null, 0, '–'],
  [null, 100, 'no price known'],
])('%d USD for %d tokens is %s: what is free is not what nobody knows the price of', (usd, tokens, text) => {
  expect(formatCost(usd, tokens)).toBe(text)
})
