/** What running the tests of a plan gave. */
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
}

export interface TestOutcome {
  readonly name: string
  readonly package: string
  readonly file: string
  readonly line: number
  readonly ok: boolean
  readonly expectations: readonly ExpectationOutcome[]
}

export interface TestReport {
  readonly tests: readonly TestOutcome[]
  readonly passed: number
  readonly failed: number
}
