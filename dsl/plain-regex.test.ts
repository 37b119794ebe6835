import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { isPlainRegex } from './plain-regex.ts'

const pieces = [
  ...'abzAZ019_ .@%,:;=~!"\'<>&#/-|()[]{}?*+^$\\é',
  '(?:',
  '(?i)',
  '(?P<n>',
  '[a-z]',
  '[^0-9]',
  '[z-a]',
  '[a-z-]',
  '[+-]',
  '[]a]',
  '[\\w.]',
  '\\d',
  '\\b',
  '\\.',
  '\\1',
  '\\z',
  '{2}',
  '{2,}',
  '{3,1}',
  '{20,40}',
  '{999}',
  '{1001}',
  '*?',
  '+?',
]

function isRe2(source: string): boolean {
  try {
    RE2JS.compile(source)
    return true
  } catch {
    return false
  }
}

test('what is plain is RE2', () => {
  const source = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(source, (text) => {
      fc.pre(isPlainRegex(text))
      expect(isRe2(text), text).toBe(true)
    }),
    { numRuns: 3_000, maxSkipsPerRun: 1_000 },
  )
})

test.each(['sk-[A-Za-z0-9]{20}', '[a-z.]+@[a-z]+\\.[a-z]{2,}', '(?:refund|cancel)(?: of)? order \\d+', '^\\w+\\b', ''])(
  '/%s/ is plain',
  (source) => {
    expect(isPlainRegex(source)).toBe(true)
  },
)

test.each(['(', ')', '(a', '*', 'a**', '^*', '[z-a]', 'a{3,1}', '(?:a{100}){100}', 'a{999}b{999}', '\\1', '(?=a)'])(
  '/%s/ is left to RE2',
  (source) => {
    expect(isPlainRegex(source)).toBe(false)
  },
)
