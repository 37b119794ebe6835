/** `docs/packs/pii.md` shows figures and code: the figures are the measured ones, and the code checks. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileProject } from '../../dsl/project.ts'
import { compilePatterns } from '../../engine/regex/patterns.ts'
import { readCorpus } from './corpus.ts'
import { measure, scoreTable } from './measure.ts'
import { compilePack } from './pack.ts'

const page = readFileSync(new URL('../../docs/packs/pii.md', import.meta.url), 'utf8')
const pack = readFileSync(new URL('../../evals/pii.eval', import.meta.url), 'utf8')
const { patterns } = compilePack()
const set = compilePatterns(patterns)
const all = set.group(patterns.map((_pattern, index) => index))

test.each(['development', 'held-out'] as const)('shows the figures of the %s half', (half) => {
  expect(page).toContain(scoreTable(measure(readCorpus(half), (text) => set.find(all, text))))
})

test.each([...page.matchAll(/```eval\n([\s\S]*?)```/g)].map((match) => match[1] ?? ''))(
  'its code checks: %s',
  (text) => {
    const { diagnostics } = compileProject({
      files: [{ path: 'page.eval', text }],
      readImport: (_from, specifier) => (specifier === 'assay:pii' ? { path: 'assay:pii', text: pack } : null),
    })
    expect(diagnostics.filter((item) => item.severity === 'error')).toEqual([])
  },
)

test('a look-alike branch does what the page says', () => {
  const source = /pattern loyalty = \/(.*)\/ check luhn/.exec(page)?.[1] ?? ''
  const own = compilePatterns([{ name: 'loyalty', source, caseInsensitive: false, check: 'luhn', builtin: null }])
  const group = own.group([0])
  expect(own.anyMatch(group, 'Order 1234567897')).toBe(false)
  expect(own.find(group, 'order 1234567897, member 1234567897')).toEqual([{ pattern: 'loyalty', start: 25, end: 35 }])
})
