/** What `assay test` prints for people. */
import { printable } from '../../dsl/print-literal.ts'
import { explanationText } from '../../engine/evaluate/explain/text.ts'
import type { ExpectationOutcome, TestOutcome, TestReport } from '../../engine/testing/report.ts'
import type { LoadedEvals } from '../load-evals.ts'
import { shownPath } from '../loaded-plan.ts'

export interface Paint {
  readonly bad: (text: string) => string
  readonly good: (text: string) => string
  readonly dim: (text: string) => string
  readonly strong: (text: string) => string
}

export const PLAIN: Paint = { bad: String, good: String, dim: String, strong: String }

export interface TextOptions {
  readonly paint?: Paint
  /** Passed tests are named as well. */
  readonly verbose?: boolean
}

export function textReport(
  report: TestReport,
  loaded: LoadedEvals,
  elapsedMs: number,
  { paint = PLAIN, verbose = false }: TextOptions = {},
): string {
  const passed = verbose ? report.tests.filter(({ status }) => status === 'passed') : []
  const told = report.tests.filter(({ status }) => status !== 'passed')
  const names = passed.map((test) => passedLine(test, loaded, paint))
  const lines = told.flatMap((test) => [...describeTest(test, loaded, paint), ''])
  return [
    ...names,
    ...(names.length > 0 ? [''] : []),
    ...lines,
    `${summaryLine(report, loaded.files.length, elapsedMs, paint)}\n`,
  ].join('\n')
}

function summaryLine(report: TestReport, fileCount: number, elapsedMs: number, paint: Paint): string {
  const { tests, passed, failed, todo, skipped } = report
  const files = counted(fileCount, 'file')
  const time = `(${elapsedMs.toFixed(0)} ms)`
  if (tests.length === 0) return `no tests in ${files}: add \`test "…" { given trace { … } expect NAME: pass }\``
  const count = `${counted(tests.length + skipped, 'test')} in ${files}:`
  if (failed === 0 && todo === 0) return `${count} ${paint.good('all passed')} ${time}`
  const parts = [
    `${passed} passed`,
    ...(failed > 0 ? [paint.bad(`${failed} failed`)] : []),
    ...(todo > 0 ? [`${todo} to do`] : []),
    ...(skipped > 0 ? [`${skipped} not run`] : []),
  ]
  return `${count} ${parts.join(', ')} ${time}`
}

function passedLine(test: TestOutcome, loaded: LoadedEvals, paint: Paint): string {
  return `${paint.good('pass')}  ${printable(test.name)}  ${paint.dim(`${shownPath(loaded, test.file)}:${test.line}`)}`
}

function describeTest(test: TestOutcome, loaded: LoadedEvals, paint: Paint): string[] {
  const path = shownPath(loaded, test.file)
  const place = paint.dim(`${path}:${test.line}`)
  if (test.status === 'failed') {
    const failures = test.expectations.filter((one) => !one.ok)
    return [
      `${paint.bad('FAIL')}  ${paint.strong(printable(test.name))}  ${place}`,
      ...failures.flatMap((one) => describeExpectation(path, one, paint)),
    ]
  }
  const why = typeof test.todo === 'string' ? `: ${printable(test.todo)}` : ''
  const left = test.expectations.filter((one) => one.todo === true || !one.ok)
  const done = left.length === 0 && test.expectations.length > 0 ? '  passes now: take `expect todo` out' : ''
  const now = left.map(({ line, target, expected, actual }) => {
    const wanted = expected === 'todo' ? '' : `, ${expected} expected`
    return `  ${path}:${line}  ${target} is ${actual} now${wanted}`
  })
  return [`todo  ${paint.strong(printable(test.name))}${why}  ${place}${done}`, ...now]
}

function describeExpectation(path: string, outcome: ExpectationOutcome, paint: Paint): string[] {
  const { line, target, expected, actual, why, tree } = outcome
  return [
    `  ${paint.dim(`${path}:${line}`)}  ${target}`,
    `    expected  ${expected}`,
    `    got       ${paint.bad(actual)}`,
    ...(why === null ? [] : [`    why       ${why}`]),
    ...(tree === undefined
      ? []
      : explanationText(tree)
          .split('\n')
          .map((text) => `    ${text}`)),
  ]
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
