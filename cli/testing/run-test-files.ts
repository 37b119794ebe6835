/** Loads files, runs their tests, and says what came of it. */
import type { TestPlan } from '../../dsl/plan.ts'
import { type Coverage, coverageOf } from '../../engine/testing/coverage.ts'
import type { TestReport } from '../../engine/testing/report.ts'
import { runTests } from '../../engine/testing/run-tests.ts'
import type { LoadedEvals } from '../load-evals.ts'
import { loadPlan } from '../loaded-plan.ts'
import { TraceFiles } from '../trace-files.ts'

export interface TestOptions {
  /** Tests whose name, package or expected evals contain it, in any case. */
  readonly filter?: string
  readonly bail?: boolean
}

export type TestRun = { readonly loaded: LoadedEvals; readonly traceFiles: readonly string[] } & (
  | { readonly ok: true; readonly report: TestReport; readonly coverage: () => Coverage; readonly elapsedMs: number }
  /** Told on stderr. */
  | { readonly ok: false; readonly exitCode: number }
)

export function runTestFiles(paths: readonly string[], { filter, bail }: TestOptions): TestRun {
  const startedMs = performance.now()
  const files = new TraceFiles()
  const outcome = loadPlan(paths, { readTraceFile: files.read })
  const { loaded } = outcome
  if (!outcome.ok) return { ok: false, exitCode: outcome.exitCode, loaded, traceFiles: files.paths }
  const { plan } = outcome
  const report = runTests(plan, {
    traceOf: files.traceOf,
    clockMs: () => performance.now(),
    ...(filter !== undefined && { filter: (test: TestPlan) => isAbout(test, filter.toLowerCase()) }),
    ...(bail === true && { bail }),
  })
  const coverage = (): Coverage => coverageOf(plan, report, new Set(loaded.files))
  return { ok: true, report, coverage, elapsedMs: performance.now() - startedMs, loaded, traceFiles: files.paths }
}

function isAbout(test: TestPlan, text: string): boolean {
  const targets = test.expect.map((one) =>
    one.kind === 'verdict' ? one.evalId : one.kind === 'alert' ? one.alertId : one.target,
  )
  return [test.name, test.package, ...targets].some((name) => name.toLowerCase().includes(text))
}
