/** What the language means, in the language: every `semantics/*.eval` checks, and its own tests pass. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileProject } from '../../dsl/project.ts'
import { runTests } from './run-tests.ts'

const folder = join(import.meta.dirname, 'semantics')

test.each(readdirSync(folder))('%s', (path) => {
  const text = readFileSync(join(folder, path), 'utf8')
  const { plan, diagnostics } = compileProject({ files: [{ path, text }], readImport: () => null })
  expect(
    diagnostics.filter((one) => one.severity === 'error').map(({ code, line, message }) => ({ code, line, message })),
  ).toEqual([])
  const report = runTests(plan!)
  const failures = report.tests.flatMap((one) => one.expectations.filter((outcome) => !outcome.ok))
  expect(failures).toEqual([])
  expect(report.passed).toBeGreaterThan(0)
})
