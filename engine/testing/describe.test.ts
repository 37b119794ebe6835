import { expect, test } from 'vitest'
import { describeScore } from './describe.ts'

test.each([
  [1 / 3, '0.3333'],
  [0.99999, '0.99999'],
  [12_345, '12345'],
  [12_345.678, '12345.678'],
  [1_234.56, '1234.56'],
  [0, '0'],
  [-2 / 3, '-0.6667'],
])('a score of %s is told as %s', (score, text) => {
  expect(describeScore(score, null)).toBe(text)
})

test('a duration and money are told with their unit', () => {
  expect(describeScore(1.23456, { kind: 'duration' })).toBe('1.235 ms')
  expect(describeScore(0.000123456, { kind: 'money', currency: 'USD' })).toBe('0.0001235 USD')
})
