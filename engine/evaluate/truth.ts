/**
 * Kleene's three truth values, and which reason is reported when several operands are unknown.
 *
 * A wrong type at run time is also an unknown truth value while the expression is worked out, with a reason that outranks
 * the others; the eval's verdict is then `error`. So `false and <error>` is false, as `false and <missing>` is: what the
 * known part decides, it decides whatever the rest would have been.
 */
import type { Reason } from '../model/result.ts'

export const FALSE = 0
export const TRUE = 1
export const UNKNOWN = 2

export type Truth = typeof FALSE | typeof TRUE | typeof UNKNOWN

export function truthOf(value: boolean): Truth {
  return value ? TRUE : FALSE
}

/** Errors first, then by what the reader can do about it. The order is part of the language: it never depends on operands' order. */
const RANK: Readonly<Record<Reason['code'], number>> = {
  wrong_type: 0,
  judge_unreachable: 1,
  judge_malformed: 2,
  given_up: 3,
  not_captured: 4,
  truncated: 5,
  refused: 6,
  abstained: 7,
  over_budget: 8,
  nothing_to_measure: 9,
  pass_because: 10,
}

export function isError(reason: Reason): boolean {
  return RANK[reason.code] <= RANK.given_up
}

/** The one of two reasons that is reported: commutative and associative. */
export function stronger(a: Reason, b: Reason): Reason {
  if (a === b) return a
  const byCode = RANK[a.code] - RANK[b.code]
  if (byCode !== 0) return byCode < 0 ? a : b
  return textOf(a) <= textOf(b) ? a : b
}

function textOf(reason: Reason): string {
  if ('field' in reason && reason.field !== undefined) return reason.field
  return 'detail' in reason ? (reason.detail ?? '') : ''
}
