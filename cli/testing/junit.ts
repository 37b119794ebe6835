/** JUnit's XML as CI systems read it: `testsuites` of a `testsuite` a file, with a `testcase` a test. */
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import { explanationText } from '../../engine/evaluate/explain/text.ts'
import type { ExpectationOutcome, TestOutcome, TestReport } from '../../engine/testing/report.ts'

export interface JunitSettings {
  /** A file as its reader knows it. */
  readonly pathOf: (file: string) => string
  readonly elapsedMs: number
}

export function junitReport({ tests, failed, todo }: TestReport, { pathOf, elapsedMs }: JunitSettings): string {
  const files = Map.groupBy(tests, (test) => pathOf(test.file))
  const suites = [...files].map(([file, own]) => suiteOf(file, own))
  const counts = { name: 'assay test', tests: tests.length, failures: failed, skipped: todo, errors: 0 }
  return document(element('testsuites', { ...counts, time: seconds(elapsedMs) }, suites))
}

/** Of files that do not check: nothing could be tested, and a build that reads the report alone must not be green. */
export function junitOfErrors(diagnostics: readonly Diagnostic[], { pathOf, elapsedMs }: JunitSettings): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const suites = [...Map.groupBy(errors, (one) => pathOf(one.file))].map(([file, own]) => {
    const cases = own.map(({ code, message, line, column }) =>
      element('testcase', { name: `check ${code}`, classname: file, file, line, time: 0 }, [
        element('error', { message: `${code}: ${message}`, type: code }, [escaped(`${file}:${line}:${column}`)]),
      ]),
    )
    const counts = { tests: own.length, failures: 0, skipped: 0, errors: own.length }
    return element('testsuite', { name: file, ...counts, time: 0, file }, cases)
  })
  const counts = { name: 'assay test', tests: errors.length, failures: 0, skipped: 0, errors: errors.length }
  return document(element('testsuites', { ...counts, time: seconds(elapsedMs) }, suites))
}

function suiteOf(file: string, tests: readonly TestOutcome[]): string {
  const count = (status: TestOutcome['status']): number => tests.filter((test) => test.status === status).length
  const timeMs = tests.reduce((total, test) => total + test.durationMs, 0)
  const attributes = {
    name: file,
    tests: tests.length,
    failures: count('failed'),
    skipped: count('todo'),
    errors: 0,
    time: seconds(timeMs),
    file,
  }
  return element(
    'testsuite',
    attributes,
    tests.map((test) => caseOf(file, test)),
  )
}

function caseOf(file: string, test: TestOutcome): string {
  const { name, package: classname, line, durationMs, expectations, status } = test
  const attributes = { name, classname, file, line, time: seconds(durationMs) }
  switch (status) {
    case 'passed':
      return element('testcase', attributes, [])
    case 'todo':
      return element('testcase', attributes, [
        element('skipped', { message: typeof test.todo === 'string' ? `to do: ${test.todo}` : 'to do' }, []),
      ])
    case 'failed': {
      const failures = expectations.filter((one) => !one.ok)
      return element(
        'testcase',
        attributes,
        failures.map((one) => failureOf(file, one)),
      )
    }
  }
}

function failureOf(file: string, { line, target, expected, actual, why, tree }: ExpectationOutcome): string {
  const lines = [
    `${file}:${line}`,
    ...(why === null ? [] : [why]),
    ...(tree === undefined ? [] : [explanationText(tree)]),
  ]
  const message = `${target}: expected ${expected}, got ${actual}`
  return element('failure', { message, type: 'expectation' }, [escaped(lines.join('\n'))])
}

function document(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: readonly string[],
): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
    .join('')
  return content.length === 0 ? `<${name}${written}/>` : `<${name}${written}>\n${content.join('\n')}\n</${name}>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 has no form for most control characters, however they are escaped: they are shown by their code. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)
    .replace(/[^\P{Cc}\n\t]|[\uFFFE\uFFFF]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6)
}
