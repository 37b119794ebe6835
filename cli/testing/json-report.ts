import type { Coverage } from '../../engine/testing/coverage.ts'
import type { TestReport } from '../../engine/testing/report.ts'
import type { LoadedEvals } from '../load-evals.ts'
import { shownPath } from '../loaded-plan.ts'
import { percentShown } from './coverage-report.ts'

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
      summary: { tests: tests.length, passed, failed, todo, skipped, durationMs: elapsedMs },
    },
    null,
    2,
  )}\n`
}
