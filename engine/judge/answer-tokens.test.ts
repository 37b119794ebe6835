import { expect, test } from 'vitest'
import { meanAnswerTokens } from './answer-tokens.ts'

test.each([
  ['one answer each', [100, 200], 1, 150],
  ['three answers each', [300, 600], 3, 150],
  ['some from the cache, and some that say nothing', [100, 0, undefined, 300], 1, 200],
  ['all from the cache', [0, 0], 1, null],
  ['none', [], 2, null],
])('the mean tokens of an answer, of results of %s', (_, outputTokens, answers, mean) => {
  expect(meanAnswerTokens(outputTokens, answers)).toBe(mean)
})
