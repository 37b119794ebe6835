import { writeFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { messageOf } from '../../engine/message-of.ts'
import { diagnosticsText } from '../diagnostics-text.ts'
import { exitCodes } from '../exit-codes.ts'
import { shownPath } from '../loaded-plan.ts'
import { coverageTable, percentShown, percentText } from './coverage-report.ts'
import { jsonOfErrors, jsonReport } from './json-report.ts'
import { junitOfErrors, junitReport } from './junit.ts'
import { runTestFiles, type TestRun } from './run-test-files.ts'
import type { TestFlags } from './test-flags.ts'
import { type Paint, PLAIN, textReport } from './text-report.ts'
import { watchTests } from './watch-tests.ts'

/** Prints, and returns the exit code. */
export async function runTestCommand(paths: readonly string[], flags: TestFlags): Promise<number> {
  const minPercent = flags.minCoverage === undefined ? null : parsePercent(flags.minCoverage)
  if (minPercent === undefined)
    return usage(`--min-coverage expects a percentage such as 80%, not ${flags.minCoverage}`)
  const once = (): TestRun => runTestFiles(paths, flags)
  if (flags.watch !== true) return tell(once(), flags, minPercent)

  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  let lastCode: number = exitCodes.ok
  const run = (): TestRun => {
    // Only a terminal has a screen to clear; a log keeps all runs.
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[3J\u001b[H')
    const outcome = once()
    lastCode = tell(outcome, flags, minPercent)
    if (flags.json !== true) process.stdout.write('Watching; Ctrl-C ends it.\n')
    return outcome
  }
  await watchTests(paths, run, stop.signal)
  process.off('SIGINT', onSignal)
  process.off('SIGTERM', onSignal)
  return lastCode
}

function tell(run: TestRun, flags: TestFlags, minPercent: number | null): number {
  const { loaded } = run
  const pathOf = (file: string): string => shownPath(loaded, file)
  if (!run.ok) {
    if (flags.json === true) process.stdout.write(jsonOfErrors(loaded))
    const problem = writeJunit(flags, () => junitOfErrors(loaded.diagnostics, { pathOf, elapsedMs: 0 }))
    return problem ?? run.exitCode
  }
  const { report, elapsedMs } = run
  // The other warnings are of what is written, and `assay check`'s to tell: this one is of what tests give.
  const told = loaded.diagnostics.filter(({ code }) => code === 'W0430')
  if (told.length > 0) process.stderr.write(`${diagnosticsText({ ...loaded, diagnostics: told }, process.stderr)}\n`)
  const coverage = flags.coverage === true || minPercent !== null ? run.coverage() : null
  if (flags.json === true) process.stdout.write(jsonReport(report, coverage, loaded, elapsedMs))
  else if (report.tests.length > 0 || flags.filter === undefined) {
    const verbose = flags.verbose === true
    process.stdout.write(textReport(report, loaded, elapsedMs, { paint: paintFor(process.stdout), verbose }))
    if (coverage !== null) process.stdout.write(`\n${coverageTable(coverage)}`)
  }
  const problem = writeJunit(flags, () => junitReport(report, { pathOf, elapsedMs }))
  if (problem !== null) return problem
  if (report.tests.length === 0 && flags.filter !== undefined)
    return usage(`no test's name, package or evals contain ${JSON.stringify(flags.filter)}`)
  const isTooLow = minPercent !== null && coverage !== null && percentShown(coverage) < minPercent
  if (isTooLow)
    process.stderr.write(`assay test: coverage is ${percentText(coverage)}, and at least ${minPercent}% is asked for\n`)
  return report.failed > 0 || isTooLow ? exitCodes.findings : exitCodes.ok
}

/** An exit code where it could not be written. */
function writeJunit({ junit }: TestFlags, text: () => string): number | null {
  if (junit === undefined) return null
  try {
    writeFileSync(junit, text())
    return null
  } catch (error) {
    return usage(`cannot write ${junit}: ${messageOf(error)}`)
  }
}

/** `80%` or `80`; undefined for what is no percentage. */
function parsePercent(text: string): number | undefined {
  const percent = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN
  return percent <= 100 ? percent : undefined
}

function usage(message: string): number {
  process.stderr.write(`assay test: ${message}\n`)
  return exitCodes.usage
}

function paintFor(stream: NodeJS.WriteStream): Paint {
  if (!stream.isTTY) return PLAIN
  const paint = (style: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(style, text, { stream, validateStream: true })
  return { bad: paint(['red', 'bold']), good: paint('green'), dim: paint('gray'), strong: paint('bold') }
}
