import type { Coverage } from '../../engine/testing/coverage.ts'
import type { TestReport } from '../../engine/testing/report.ts'
import type { LoadedEvals } from '../load-evals.ts'
import { shownPath } from '../loaded-plan.ts'
import { percentShown } from './coverage-report.ts'

/** Where files do not check: no test was run. */
export function jsonOfErrors(loaded: LoadedEvals): string {
  const errors = loaded.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ code, message, file, line, column }) => ({ code, message, file: shownPath(loaded, file), line, column }))
  const summary = { tests: 0, passed: 0, failed: 0, todo: 0, skipped: 0, errors: errors.length }
  return `${JSON.stringify({ tests: [], errors, summary }, null, 2)}\n`
}

/** `coverage`: null where nobody asked for it. */
export function jsonReport(
  { tests, passed, failed, todo, skipped }: TestReport,
  coverage: Coverage | null,
  loaded: LoadedEvals,
  elapsedMs: number,
): string {
  const placed = <T extends { readonly file: string }>(one: T): T => ({ ...one, file: shownPath(loaded, one.file) })
  return `${JSON.stringify(
    {
      tests: tests.map(placed),
      ...(coverage !== null && {
        coverage: {
          percent: percentShown(coverage),
          ...coverage,
          evals: coverage.evals.map(placed),
          alerts: coverage.alerts.map(placed),
        },
      }),
      summary: { tests: tests.length, passed, failed, todo, skipped, errors: 0, durationMs: elapsedMs },
    },
    null,
    2,
  )}\n`
}
