/** The cookbook and the files of examples/cookbook are one: each file is shown once, as it is, and its tests show every outcome. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadEvals } from '../cli/load-evals.ts'
import { coverageOf } from '../engine/testing/coverage.ts'
import { runTests } from '../engine/testing/run-tests.ts'
import { examplesOn, withExamples } from '../scripts/embed-examples.ts'

const root = dirname(import.meta.dirname)
const folder = 'examples/cookbook'
const files = readdirSync(join(root, folder))
  .filter((name) => name.endsWith('.eval'))
  .map((name) => `${folder}/${name}`)
  .sort()
const page = readFileSync(join(root, 'docs', 'language', 'cookbook.md'), 'utf8')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Of what this version compiles and does not run, no test can expect anything. */
const NOT_RUN = ['helpful_fell', 'refusals_rise', 'unusually_slow']

describe('the page', () => {
  test('shows each file of the folder once', () => {
    expect(examplesOn(page).sort()).toEqual(files)
    expect(files.length).toBeGreaterThanOrEqual(20)
  })

  test('shows them as they are', () => {
    expect(page.match(/^```eval$/gm)).toHaveLength(files.length)
    expect(withExamples(page, read) === page).toBe(true)
  })

  test('would be written anew when a file changes', () => {
    const other = withExamples(page, (path) => (path === files[0] ? 'package other\n' : read(path)))
    expect(other).not.toBe(page)
    expect(other).toContain('```eval\npackage other\n```\n')
  })
})

describe.each(files)('%s', (file) => {
  const { plan, diagnostics } = loadEvals([join(root, file)])

  test('checks without a word', () => {
    expect(diagnostics.map(({ code, line, message }) => `${code} line ${line}: ${message}`)).toEqual([])
  })

  test('shows by its tests every outcome of its evals, and its alerts firing and quiet', () => {
    if (plan === null) throw new Error('does not check')
    const report = runTests(plan)
    expect(report.tests.filter(({ ok }) => !ok)).toEqual([])
    const shown = coverageOf(plan, report, new Set([join(root, file)]))
    const open = [...shown.evals, ...shown.alerts].filter((one) => Object.values(one).includes('open'))
    expect(open.map(({ id }) => id.split('/')[1]).filter((name) => !NOT_RUN.includes(name!))).toEqual([])
    expect(shown.evals.some(({ pass, fail }) => pass === 'shown' && fail === 'shown')).toBe(true)
  })
})
