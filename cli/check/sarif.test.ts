/** SARIF as code scanning takes it: held to the published schema. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { beforeAll, describe, expect, test } from 'vitest'
import { CODES, type Code, OTHER_EXAMPLE } from '../../dsl/diagnostics/codes.ts'
import { compileText } from '../../dsl/testing.ts'
import type { CheckedEvals } from '../load-evals.ts'
import { type CheckReport, reportOf } from './report.ts'
import { sarifReport } from './sarif.ts'

const schemaFile = new URL('../../test/fixtures/sarif/sarif-schema-2.1.0.json', import.meta.url)
let problemsOf: (log: unknown) => string

beforeAll(() => {
  // The schema's pattern of languages has a bracket too many, which a `u` regex refuses.
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
  formats.default(ajv)
  const validate = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')))
  problemsOf = (log) => (validate(log) ? '' : ajv.errorsText(validate.errors))
})

function reportOn(files: Record<string, string>): CheckReport {
  const loaded: CheckedEvals = {
    counts: null,
    costs: [],
    diagnostics: Object.entries(files).flatMap(([path, text]) =>
      compileText(text, { 'other.eval': OTHER_EXAMPLE, 'example.eval': text }).diagnostics.map((found) => ({
        ...found,
        file: path,
      })),
    ),
    files: Object.keys(files),
    sources: new Map(Object.entries(files)),
    shownAs: new Map(),
  }
  return reportOf(loaded)
}

const examples = Object.fromEntries((Object.keys(CODES) as Code[]).map((code) => [`${code}.eval`, CODES[code].example]))

describe('SARIF', () => {
  test('of every code keeps to the schema', () => {
    const report = reportOn(examples)
    expect(new Set(report.diagnostics.map((diagnostic) => diagnostic.code)).size).toBeGreaterThan(70)
    expect(problemsOf(JSON.parse(sarifReport(report, process.cwd())))).toBe('')
  })

  test('the schema refuses what is none', () => {
    const log = JSON.parse(sarifReport(reportOn(examples), process.cwd()))
    log.runs[0].results[0].level = 'fatal'
    expect(problemsOf(log)).toContain('must be equal to one of the allowed values')
  })

  test('rules tell the stories, results point at them', () => {
    const [run] = JSON.parse(sarifReport(reportOn(examples), process.cwd())).runs
    const { rules } = run.tool.driver
    expect(rules.map((rule: { id: string }) => rule.id).sort()).toEqual(Object.keys(CODES).sort())
    expect(rules.find((rule: { id: string }) => rule.id === 'E0207')).toMatchObject({
      shortDescription: { text: CODES.E0207.title },
      fullDescription: { text: CODES.E0207.story },
      defaultConfiguration: { level: 'error' },
    })
    for (const { ruleId, ruleIndex } of run.results) expect(rules[ruleIndex].id).toBe(ruleId)
  })

  test('a place counts in UTF-16 units, and a fix replaces exactly what it says', () => {
    const text = 'package shop\nonline eval it {\n  title: "😀"  onwer: "@x"\n  on: trace\n  pass: duration <= 8s\n}\n'
    const [run] = JSON.parse(sarifReport(reportOn({ 'evals/a b.eval': text }), process.cwd())).runs
    expect(run.columnKind).toBe('utf16CodeUnits')
    const [result] = run.results
    const artifactLocation = { uri: 'evals/a%20b.eval', uriBaseId: '%SRCROOT%' }
    const region = { startLine: 3, startColumn: 16, endLine: 3, endColumn: 21 }
    expect(result).toMatchObject({
      ruleId: 'E0108',
      level: 'error',
      locations: [{ physicalLocation: { artifactLocation, region } }],
      fixes: [
        {
          artifactChanges: [
            { artifactLocation, replacements: [{ deletedRegion: region, insertedContent: { text: 'owner' } }] },
          ],
        },
      ],
    })
  })

  test('what lies outside of the root has an address of its own', () => {
    const [run] = JSON.parse(sarifReport(reportOn({ '/else where/x.eval': '' }), process.cwd())).runs
    expect(run.results[0].locations[0].physicalLocation.artifactLocation).toEqual({
      uri: 'file:///else%20where/x.eval',
    })
  })
})
