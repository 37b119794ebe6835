/** Why an alert with a limit fires: the number and the limit. */
import { wilsonInterval } from '../statistics/wilson-interval.ts'
import { formatRule } from './rule-text.ts'
import type { RunAlert } from './run-alert.ts'
import type { AlertNumbers, TransitionCause } from './transition.ts'
import type { AlertWhy, Estimate } from './why.ts'

const ALPHA = 0.05

export function whyOfThreshold(
  { when }: RunAlert,
  numbers: AlertNumbers,
  cause: TransitionCause,
  silentForMs: number,
): AlertWhy {
  const { cmp, value, threshold } = numbers
  return {
    rule: formatRule(when),
    baseline: null,
    now: estimateOf(numbers),
    detection:
      cause === 'no_data' && numbers.count === 0
        ? { kind: 'silence', silentForMs }
        : { kind: 'threshold', cmp, value, limit: threshold },
    change: null,
    strata: [],
    judge: null,
    deploy: null,
    definitions: [],
  }
}

/** Shares have an interval; counts are what they are. */
function estimateOf({ measure, value, count, total }: AlertNumbers): Estimate | null {
  if (value === null) return null
  const isShare = measure.kind === 'rate' || measure.kind === 'coverage' || measure.kind === 'share'
  return {
    value,
    interval: isShare && total > 0 ? intervalOf(count, total) : null,
    n: isShare ? total : count,
  }
}

function intervalOf(k: number, n: number): { low: number; high: number } {
  const { lower, upper } = wilsonInterval({ k, n, alpha: ALPHA })
  return { low: lower, high: upper }
}
