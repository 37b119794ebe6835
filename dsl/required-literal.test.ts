import { expect, test } from 'vitest'
import { hasRequiredLiteral } from './required-literal.ts'

test.each([
  ['abc', true],
  ['sk-[A-Za-z0-9]{20,}', true],
  ['[a-z]+@[a-z]+', true],
  ['\\d{6,}', false],
  ['\\b\\w+\\b', false],
  ['.*', false],
  ['a*', false],
  ['a?b?', false],
  ['a+', true],
  ['a{0,3}', false],
  ['a{1,3}', true],
  ['(?:abc)?\\d', false],
  ['(?:abc)+\\d', true],
  ['(?i)abc', true],
  ['(?i:abc)\\d', true],
  ['(?P<name>x)', true],
  ['abc|\\d+', false],
  ['abc|def', true],
  ['(?:a|\\d)(?:b|c)', true],
  ['(?:a|\\d)', false],
  ['[.]', true],
  ['[ab]', false],
  ['[^a]', false],
  ['\\.', true],
  ['\\x41', true],
  ['\\p{Lu}\\pL', false],
  ['[[:alpha:]]\\d', false],
  ['^$', false],
  ['', false],
])('%s: %s', (source, expected) => {
  expect(hasRequiredLiteral(source)).toBe(expected)
})
