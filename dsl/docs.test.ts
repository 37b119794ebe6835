/** The tour of the language says what the code does: its examples are compiled. The pages made from code: `docs/pages.test.ts`. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLAUSES } from './clauses.ts'
import { compileText } from './testing.ts'

const folder = new URL('../docs/language/', import.meta.url)
const readme = readFileSync(new URL('README.md', folder), 'utf8')

describe('the tour', () => {
  const examples = [...readme.matchAll(/```eval\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(2)
  })

  test.each(examples)('compiles %#', (example) => {
    const codes = compileText(example).diagnostics.map(({ code }) => code)
    expect(codes).toEqual([])
  })

  test.each(Object.entries(CLAUSES))('names every clause of %s', (_kind, { required, optional }) => {
    for (const key of [...required, ...optional]) expect(readme).toMatch(new RegExp(`[\` ]${key}[\` :]`))
  })
})
