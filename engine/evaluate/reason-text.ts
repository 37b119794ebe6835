import type { Reason } from '../model/result.ts'

/** `not captured: output.text`. */
export function describeReason(reason: Reason): string {
  switch (reason.code) {
    case 'not_captured':
      return `${reason.field} is missing`
    case 'truncated':
      return reason.field === undefined ? 'what it reads is cut' : `${reason.field} is cut`
    case 'refused':
      return 'the judge refused'
    case 'abstained':
      return reason.detail === undefined ? 'the judge abstained' : `the judge abstained: ${reason.detail}`
    case 'over_budget':
      return 'its budget is spent'
    case 'nothing_to_measure':
    case 'wrong_type':
      return reason.detail
    case 'judge_unreachable':
      return `the judge could not be reached: ${reason.detail}`
    case 'judge_malformed':
      return `the judge's answer was malformed: ${reason.detail}`
    case 'given_up':
      return `judging it was given up: ${reason.detail}`
    case 'pass_because':
      return `passes because ${reason.detail}`
  }
}
