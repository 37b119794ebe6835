/** What running the tests of a plan gave. */
import type { Explanation } from '../evaluate/explain/tree.ts'
import type { Evidence, Reason } from '../model/result.ts'

export interface ExpectationOutcome {
  readonly ok: boolean
  /** 1-based, in the test's file. */
  readonly line: number
  /** The eval or alert that it is about. */
  readonly target: string
  /** `fail because output.text`, `firing at 10m`. */
  readonly expected: string
  /** What came out, in the same words. */
  readonly actual: string
  /** Why it came out so: the reason, the score, where the matches are; null when there is nothing to say. */
  readonly why: string | null
  readonly score?: number
  readonly reason?: Reason
  readonly evidence?: readonly Evidence[]
  /** `expect fast: todo`: nothing was expected, and it is no failure. */
  readonly todo?: true
  /** Of an eval that came out otherwise than expected: its expression, with the value of each part. */
  readonly tree?: Explanation
}

export interface TestOutcome {
  readonly name: string
  readonly package: string
  readonly file: string
  readonly line: number
  /** False exactly when `status` is `failed`. */
  readonly ok: boolean
  /** `todo`: it says so, or an expectation of it does, and nothing else failed. */
  readonly status: 'passed' | 'failed' | 'todo'
  /** Why it is to do, as `expect todo "…"` says; null when it is, and no reason is given. */
  readonly todo?: string | null
  readonly durationMs: number
  readonly expectations: readonly ExpectationOutcome[]
}

export interface TestReport {
  readonly tests: readonly TestOutcome[]
  readonly passed: number
  readonly failed: number
  readonly todo: number
  /** Tests that did not run, as `bail` stopped at the first failure. */
  readonly skipped: number
}
