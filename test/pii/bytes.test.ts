import { expect, test } from 'vitest'
import { compilePatterns } from '../../engine/regex/patterns.ts'
import { REVIEWED_PATTERNS } from '../../engine/regex/reviewed-matcher.ts'
import { readCorpus } from './corpus.ts'
import { userPatterns } from './hostile-texts.ts'
import { compilePack } from './pack.ts'

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

test('the pack is what stands by its names', () => {
  const { patterns } = compilePack()
  expect(patterns).toEqual([...REVIEWED_PATTERNS.values()])
})

test('what a pattern finds in a text it does not rule out by the bytes of the text', () => {
  const plans = [...REVIEWED_PATTERNS.values(), ...userPatterns().map(({ plan }) => plan)]
  const set = compilePatterns(plans)
  const groups = plans.map((_plan, index) => set.group([index]))
  let found = 0
  for (const { text } of [...readCorpus('development'), ...readCorpus('held-out')]) {
    // With separators of two and three bytes, and something before and behind.
    for (const variant of [text, text.replaceAll(' ', '\u00a0').replaceAll('-', '\u2011')]) {
      for (const group of groups) {
        if (!set.anyMatch(group, variant)) continue
        found++
        if (!set.mayMatchBytes(group, `\x0a\x80${latin1(variant)}\xff`)) expect.fail(`ruled out: ${variant}`)
      }
    }
  }
  expect(found).toBeGreaterThan(1_000)
})

test.each([
  ['caf\u00e9 [0-9]', 'un caf\u00e9 3', true],
  ['caf\u00e9 [0-9]', 'un cafe 3', false],
  ['(?:foo|bar)[0-9]', 'a bar7', true],
  ['(?:foo|bar)[0-9]', 'a baz7', false],
  ['[0-9]{3}', 'none', true],
])('the literals of /%s/ in %s: %s', (source, text, expected) => {
  const set = compilePatterns([{ name: source, source, caseInsensitive: false, check: null, builtin: null }])
  expect(set.mayMatchBytes(set.group([0]), latin1(text))).toBe(expected)
})
