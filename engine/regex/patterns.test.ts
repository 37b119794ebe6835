import { expect, test } from 'vitest'
import type { PatternPlan } from '../../dsl/plan.ts'
import { compilePatterns } from './patterns.ts'

const plan = (name: string, source: string, more: Partial<PatternPlan> = {}): PatternPlan => ({
  name,
  source,
  caseInsensitive: false,
  check: null,
  builtin: null,
  ...more,
})

test('a group answers for its own patterns only', () => {
  const set = compilePatterns([plan('a', 'cat'), plan('b', 'dog', { caseInsensitive: true })])
  expect(set.anyMatch(set.group([0]), 'a dog')).toBe(false)
  expect(set.anyMatch(set.group([0, 1]), 'a DOG')).toBe(true)
  expect(set.anyMatch(set.group([]), 'a dog')).toBe(false)
})

test('matches come in order of their starts, with UTF-16 offsets', () => {
  const set = compilePatterns([plan('digits', '[0-9]+'), plan('word', 'cat')])
  expect(set.find(set.group([0, 1]), '😀 cat 12 cat')).toEqual([
    { pattern: 'word', start: 3, end: 6 },
    { pattern: 'digits', start: 7, end: 9 },
    { pattern: 'word', start: 10, end: 13 },
  ])
})

test('a match that fails its checksum does not count, a later one does', () => {
  const set = compilePatterns([plan('card', '[0-9]{16}', { check: 'luhn' })])
  const group = set.group([0])
  expect(set.anyMatch(group, 'order 4111111111111112')).toBe(false)
  const text = 'order 4111111111111112, card 4111111111111111'
  expect(set.anyMatch(group, text)).toBe(true)
  expect(set.find(group, text)).toEqual([{ pattern: 'card', start: 29, end: 45 }])
})

test('patterns without a literal are asked in sets of ten, to the same answers', () => {
  // Twelve patterns in two sets; the names say what each matches.
  const sources = ['[0-9]{2}:[0-9]{2}', '[A-Z]{4,}', '\\$[0-9]+', '[a-c]{3}', '[x-z]{2}', '[0-9]+%', '\\b[a-z]{9}\\b']
  const more = ['[A-C][0-9]', '[!?]{2}', '[\\[({][0-9]', '[eé]{2}', '(?P<value>[0-9])[.;]']
  const plans = [...sources, ...more].map((source, index) => plan(source, source, { caseInsensitive: index === 3 }))
  const set = compilePatterns(plans)
  const all = set.group(plans.map((_plan, index) => index))
  const alone = plans.map((_plan, index) => set.group([index]))
  const texts = [
    '10:30',
    'ABCD',
    '$5 and 7%',
    'ABC',
    'xyz',
    'something',
    'A1 (2 !!',
    'née ée',
    '4;',
    '4',
    '',
    'nothing he',
  ]
  for (const text of texts) {
    const expected = alone.flatMap((group) => set.find(group, text)).sort((a, b) => a.start - b.start)
    expect(set.find(all, text)).toEqual(expected)
    expect(set.anyMatch(all, text)).toBe(expected.length > 0)
  }
})

test('a pack name alone does not make a pattern fast: the text must be the reviewed one', () => {
  const set = compilePatterns([plan('pii.email', 'cat', { builtin: 'pii.email' })])
  expect(set.anyMatch(set.group([0]), 'a cat')).toBe(true)
})

test('a group of another set is a bug', () => {
  expect(() => compilePatterns([]).anyMatch({ indices: [] }, 'x')).toThrow(TypeError)
})

test('an index outside the plan is a bug', () => {
  expect(() => compilePatterns([]).group([0])).toThrow(RangeError)
})
