import { expect, test } from 'vitest'
import type { PatternPlan } from '../../dsl/plan.ts'
import { createRe2Matcher, hasBoundedLength } from './re2-matcher.ts'

const plan = (source: string, more: Partial<PatternPlan> = {}): PatternPlan => ({
  name: source,
  source,
  caseInsensitive: false,
  check: null,
  builtin: null,
  ...more,
})

const found = (source: string, text: string, more: Partial<PatternPlan> = {}): string[] =>
  createRe2Matcher(plan(source, more))
    .find(text)
    .map(({ start, end }) => text.slice(start, end))

test.each<[string, string, string[]]>([
  ['[0-9]+', 'a 12 b 345', ['12', '345']],
  ['cat|category', 'category cat', ['cat', 'cat']],
  ['x*', 'abc', []],
  ['x*', 'axxb', ['xx']],
  // The group is the match, the rest is context.
  ['id: (?P<value>[0-9]+)', 'id: 12, id: 345', ['12', '345']],
  ['id: (?<value>[0-9]+)', 'id: 12', ['12']],
  ['(?:^|,)(?P<value>[a-z]+)(?:,|$)', 'ab,cd,ef', ['ab', 'cd', 'ef']],
  // A branch without the group is a look-alike: consumed, and nothing inside it counts.
  ['order [0-9]+|(?P<value>[0-9]{4})', 'order 123456, 7890', ['7890']],
  ['a(?P<value>1)|b(?P<value2>2)', 'a1 b2', ['1', '2']],
  // Other groups mean nothing.
  ['(?P<area>[0-9])-(?P<values>[0-9])', '1-2', ['1-2']],
])('/%s/ in %j finds %j', (source, text, expected) => {
  expect(found(source, text)).toEqual(expected)
})

test('whether it matches agrees with what is found', () => {
  const matcher = createRe2Matcher(plan('order [0-9]+|(?P<value>[0-9]{4})'))
  expect(matcher.test('order 123456')).toBe(false)
  expect(matcher.test('order 123456 7890')).toBe(true)
})

test('ignoring case', () => {
  expect(found('secret', 'Secret SECRET', { caseInsensitive: true })).toEqual(['Secret', 'SECRET'])
})

test('a value that begins within a failed candidate is found', () => {
  const text = 'order 5123 4111 1111 1111 1111'
  expect(found('[0-9]{4}(?: [0-9]{4}){3}', text, { check: 'luhn' })).toEqual(['4111 1111 1111 1111'])
})

test('a source that is not RE2 throws: the checker has refused it before', () => {
  expect(() => createRe2Matcher(plan('(?=a)b'))).toThrow()
})

test.each([
  ['[0-9]{4}', true],
  ['a?b{2,9}(c|d)', true],
  ['\\+[+*]x', true],
  ['[]*]', true],
  ['a+', false],
  ['(ab)*', false],
  ['a{2,}', false],
  ['[^a]*', false],
])('/%s/ has matches of bounded length: %s', (source, expected) => {
  expect(hasBoundedLength(source)).toBe(expected)
})

test('when locating would take too long, the rest of the text counts as a match: it could not be cleared', () => {
  // Each search for the next `foo` looks ahead to the end for a `bar`.
  const text = 'foo'.repeat(40_000)
  const ranges = createRe2Matcher(plan('foo.*?bar|foo')).find(text)
  expect(ranges.length).toBeLessThan(100)
  expect(ranges[0]).toEqual({ start: 0, end: 3 })
  expect(ranges.at(-1)?.end).toBe(text.length)
})

test('a pattern of bounded length is located to the end of any text', () => {
  expect(createRe2Matcher(plan('foo')).find('foo'.repeat(40_000))).toHaveLength(40_000)
})

test('the memory of the DFA is bounded, and the answers stay right', () => {
  // Remembers the last 18 letters: up to 2^18 states.
  const matcher = createRe2Matcher(plan('a[ab]{18}c'))
  let text = ''
  let state = 7
  for (let i = 0; i < 20_000; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    text += state & 65_536 ? 'a' : 'b'
  }
  const before = process.memoryUsage().heapUsed
  expect(matcher.test(text)).toBe(false)
  expect(matcher.test(`${text}a${'b'.repeat(18)}c`)).toBe(true)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
})
