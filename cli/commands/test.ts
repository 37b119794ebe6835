/** `assay test`: the tests inside `.eval` files, without network and on virtual time. */
import type { Command } from 'commander'
import { explanationText } from '../../engine/evaluate/explain/text.ts'
import type { ExpectationOutcome, TestOutcome, TestReport } from '../../engine/testing/report.ts'
import { runTests } from '../../engine/testing/run-tests.ts'
import { exitCodes } from '../exit-codes.ts'
import type { LoadedEvals } from '../load-evals.ts'
import { loadPlan, shownPath } from '../loaded-plan.ts'
import { TraceFiles } from '../trace-files.ts'

export function registerTest(program: Command): void {
  program
    .command('test')
    .description('run the tests in .eval files')
    .argument('[paths...]', 'files, or folders with all .eval files below them', ['.'])
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Tests need no network: judges say what \`given NAME judge returns …\` says, and alerts run on virtual time.

Examples:
  assay test evals
  assay test --json evals | jq .summary

Exit codes: 0 all passed, 1 a test failed or a file does not check, 2 nothing to test.`,
    )
    .action((paths: string[], options: { json?: boolean }) => {
      process.exitCode = testFiles(paths, options.json === true)
    })
}

function testFiles(paths: readonly string[], json: boolean): number {
  const files = new TraceFiles()
  const outcome = loadPlan(paths, { readTraceFile: files.read })
  if (!outcome.ok) return outcome.exitCode
  const { plan, loaded } = outcome
  const startedMs = performance.now()
  const report = runTests(plan, { traceOf: files.traceOf, clockMs: () => performance.now() })
  const elapsedMs = performance.now() - startedMs
  process.stdout.write(json ? jsonReport(report, loaded) : textReport(report, loaded, elapsedMs))
  return report.failed > 0 ? exitCodes.findings : exitCodes.ok
}

function jsonReport({ tests, passed, failed }: TestReport, loaded: LoadedEvals): string {
  const shown = tests.map((test) => ({ ...test, file: shownPath(loaded, test.file) }))
  return `${JSON.stringify({ tests: shown, summary: { tests: tests.length, passed, failed } }, null, 2)}\n`
}

function textReport({ tests, passed, failed }: TestReport, loaded: LoadedEvals, elapsedMs: number): string {
  const failures = tests.filter((test) => !test.ok).map((test) => describeFailure(test, loaded))
  const count = `${tests.length} ${tests.length === 1 ? 'test' : 'tests'}`
  const files = `${loaded.files.length} ${loaded.files.length === 1 ? 'file' : 'files'}`
  const time = `${(elapsedMs / 1000).toFixed(2)} s`
  const summary =
    tests.length === 0
      ? `no tests in ${files}: add \`test "…" { given trace { … } expect NAME: pass }\``
      : failed === 0
        ? `${count} in ${files}: all passed (${time})`
        : `${count} in ${files}: ${passed} passed, ${failed} failed (${time})`
  return [...failures, `${summary}\n`].join('\n')
}

function describeFailure(test: TestOutcome, loaded: LoadedEvals): string {
  const path = shownPath(loaded, test.file)
  const lines = test.expectations.filter((one) => !one.ok).flatMap((one) => describeExpectation(path, one))
  return `FAIL  ${test.name}  ${path}:${test.line}\n${lines.join('\n')}\n`
}

function describeExpectation(path: string, outcome: ExpectationOutcome): string[] {
  const { line, target, expected, actual, why, tree } = outcome
  return [
    `  ${path}:${line}  ${target}`,
    `    expected  ${expected}`,
    `    got       ${actual}`,
    ...(why === null ? [] : [`    why       ${why}`]),
    ...(tree === undefined
      ? []
      : explanationText(tree)
          .split('\n')
          .map((text) => `    ${text}`)),
  ]
}
