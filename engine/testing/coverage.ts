/** Which outcomes of each eval and alert the tests show: an expectation that holds shows the one that it names. */
import type { AlertPlan, EvalPlan, Plan } from '../../dsl/plan.ts'
import type { TestReport } from './report.ts'

/** `impossible`: no test could, as the eval is always decided. */
export type Shown = 'shown' | 'open' | 'impossible'

export interface EvalCoverage {
  readonly id: string
  readonly file: string
  readonly line: number
  readonly pass: Shown
  readonly fail: Shown
  readonly unknown: Shown
}

export interface AlertCoverage {
  readonly id: string
  readonly file: string
  readonly line: number
  readonly firing: Shown
  /** Inactive, pending or resolved. */
  readonly quiet: Shown
}

export interface Coverage {
  readonly evals: readonly EvalCoverage[]
  readonly alerts: readonly AlertCoverage[]
  /** Evals and alerts of which no test shows anything. */
  readonly untested: readonly string[]
  /** Outcomes shown, of those that are possible. */
  readonly shown: number
  readonly possible: number
}

/** Of the evals and alerts of `files`: those that are only imported have tests of their own where they are declared. */
export function coverageOf(plan: Plan, { tests }: TestReport, files: ReadonlySet<string>): Coverage {
  const outcomes = new Map<string, Set<string>>()
  for (const { target, actual, ok, todo } of tests.flatMap((test) => test.expectations)) {
    if (!ok || todo === true) continue
    const known = outcomes.get(target) ?? new Set()
    outcomes.set(target, known.add(/^\w*/.exec(actual)?.[0] ?? ''))
  }
  const shownBy = (id: string, ...words: string[]): Shown =>
    words.some((word) => outcomes.get(id)?.has(word) === true) ? 'shown' : 'open'
  const own = <T extends EvalPlan | AlertPlan>(plans: readonly T[]): T[] =>
    plans.filter(({ file }) => files.has(file)).sort((a, b) => (a.id < b.id ? -1 : 1))

  const evals = own(plan.evals).map(
    ({ id, file, line, missing }): EvalCoverage => ({
      id,
      file,
      line,
      pass: shownBy(id, 'pass'),
      fail: shownBy(id, 'fail'),
      unknown: missing?.kind === 'unknown' ? shownBy(id, 'unknown') : 'impossible',
    }),
  )
  const alerts = own(plan.alerts).map(
    ({ id, file, line }): AlertCoverage => ({
      id,
      file,
      line,
      firing: shownBy(id, 'firing'),
      quiet: shownBy(id, 'inactive', 'pending', 'resolved'),
    }),
  )
  const cells = [
    ...evals.map(({ id, pass, fail, unknown }) => ({ id, cells: [pass, fail, unknown] })),
    ...alerts.map(({ id, firing, quiet }) => ({ id, cells: [firing, quiet] })),
  ]
  const count = (wanted: Shown): number => cells.flatMap((row) => row.cells).filter((cell) => cell === wanted).length
  return {
    evals,
    alerts,
    untested: cells.filter((row) => !row.cells.includes('shown')).map(({ id }) => id),
    shown: count('shown'),
    possible: count('shown') + count('open'),
  }
}
