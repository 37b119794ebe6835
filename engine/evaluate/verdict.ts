/** From the truth of `pass` to a verdict. */
import type { MissingPolicy } from '../../dsl/plan.ts'
import type { Reason, Verdict } from '../model/result.ts'
import { isError, TRUE, type Truth, UNKNOWN } from './truth.ts'

export interface Decision {
  readonly verdict: Verdict
  readonly reason: Reason | undefined
}

const PASS: Decision = { verdict: 'pass', reason: undefined }
const FAIL: Decision = { verdict: 'fail', reason: undefined }

/**
 * `why` is read where the truth is unknown. A `missing:` clause decides about missing fields alone: a text that was cut or a
 * judge that abstained stays unknown, and an error stays an error, whatever it says.
 */
export function decide(truth: Truth, why: Reason, missing: MissingPolicy | null): Decision {
  if (truth !== UNKNOWN) return truth === TRUE ? PASS : FAIL
  if (isError(why)) return { verdict: 'error', reason: why }
  if (why.code !== 'not_captured' || missing === null || missing.kind === 'unknown')
    return { verdict: 'unknown', reason: why }
  if (missing.kind === 'fail') return { verdict: 'fail', reason: why }
  return { verdict: 'pass', reason: { code: 'pass_because', detail: missing.because } }
}

const GRAVITY: Readonly<Record<Verdict | 'none', number>> = { none: 0, pass: 1, unknown: 2, error: 3, fail: 4 }

/** For sorting. */
export const gravestFirst = (a: Verdict | 'none', b: Verdict | 'none'): number => GRAVITY[b] - GRAVITY[a]

/** The verdict over several subjects: fail if any fails, then error, unknown, else pass; `none` when there are none. */
export function graver<V extends Verdict | 'none'>(a: V, b: V): V {
  return GRAVITY[a] >= GRAVITY[b] ? a : b
}
