/** Why an alert with a limit fires: the number and the limit, and what moved since the windows before. */
import { firstBadVersionOf } from './bad-version.ts'
import { partsAreOf } from './beyond-text.ts'
import { meanInterval, quantileInterval, shareInterval } from './intervals.ts'
import { silentSinceMs } from './judge.ts'
import { type PartCounts, sumOf, sumsOfParts } from './part-counts.ts'
import { mergeBins } from './quantile-bins.ts'
import { quantileOf } from './regression/unit.ts'
import { formatRule } from './rule-text.ts'
import type { RunAlert } from './run-alert.ts'
import type { AlertState } from './state.ts'
import type { AlertNumbers, TransitionCause } from './transition.ts'
import type { AlertWhy, Estimate } from './why.ts'
import { notSplit, splitOf } from './why-split.ts'
import { windowMsOf } from './window.ts'
import { isSplit } from './window-parts.ts'

/** What is to be said of every alert. */
export function plainWhy(
  state: AlertState,
  alert: RunAlert,
  numbers: AlertNumbers,
  cause: TransitionCause,
  atMs: number,
): AlertWhy {
  const { cmp, value, threshold } = numbers
  const isSilence = cause === 'no_data' && numbers.count === 0
  return {
    rule: formatRule(alert.when),
    baseline: null,
    now: estimateOf(state, numbers, atMs),
    detection: isSilence
      ? { kind: 'silence', silentForMs: atMs - silentSinceMs(state) }
      : { kind: 'threshold', cmp, value, limit: threshold },
    ...notSplit(isSilence ? 'silence' : 'nothing_before'),
    judge: null,
    deploy: null,
    definitions: [],
  }
}

export function whyOfThreshold(state: AlertState, alert: RunAlert, plain: AlertWhy, atMs: number): AlertWhy {
  const { versions, strata } = state.window
  const windowMs = windowMsOf(alert)
  const beginMs = atMs - windowMs
  const { phase } = state
  const heldMs = phase.kind === 'pending' || phase.kind === 'firing' ? phase.sinceMs : atMs
  const deploy = firstBadVersionOf(versions, alert, { beginMs, sinceMs: heldMs, windowMs })
  // What was before the end of an incident is the incident.
  if (phase.kind === 'firing') return { ...plain, ...notSplit('over'), deploy }
  if (!isSplit(alert.when)) return { ...plain, ...notSplit('total'), deploy }
  // What held for as long as `for` asks is no measure of what was before it.
  const before = sumsOfParts(strata, ({ lastMs }) => lastMs <= heldMs - windowMs)
  const now = sumsOfParts(strata, ({ lastMs }) => lastMs > beginMs)
  const shareOf = partsAreOf(alert)
  return {
    ...plain,
    baseline: shareOf === undefined ? wholeOf(alert, before) : null,
    ...splitOf(before, now, shareOf),
    deploy,
  }
}

function wholeOf({ when: { measure } }: RunAlert, before: ReturnType<typeof sumsOfParts>): Estimate | null {
  const sums = sumOf(before.values())
  const { n, sum } = sums
  if (n === 0) return null
  const isMean = measure.kind === 'score' || measure.kind === 'value'
  return { value: sum / n, interval: isMean ? meanInterval(sums) : shareInterval(sum, n), n }
}

/** Shares, means and quantiles have an interval; counts and sums are what they are, and so are the smallest and the largest. */
function estimateOf(
  { window }: AlertState,
  { measure, value, count, total, windowMs }: AlertNumbers,
  atMs: number,
): Estimate | null {
  if (value === null) return null
  switch (measure.kind) {
    case 'rate':
    case 'coverage':
    case 'share':
      return { value, interval: shareInterval(count, total), n: total }
    case 'count':
    case 'subjects':
      return { value, interval: null, n: count }
    case 'score':
    case 'value': {
      const tau = quantileOf(measure.fn)
      if (tau !== null) {
        const bins = mergeBins(window.buckets.flatMap((bucket) => bucket.bins ?? []))
        return { value, interval: quantileInterval(bins, tau), n: count }
      }
      if (measure.fn !== 'mean') return { value, interval: null, n: count }
      return { value, interval: meanAround(value, window.strata, atMs - windowMs), n: count }
    }
  }
}

/** The parts know their squares, in steps that may begin a little before the window. */
function meanAround(value: number, strata: PartCounts, beginMs: number): Estimate['interval'] {
  const sums = sumOf(sumsOfParts(strata, ({ lastMs }) => lastMs > beginMs).values())
  const found = meanInterval(sums)
  if (found === null) return null
  const half = (found.high - found.low) / 2
  return { low: value - half, high: value + half }
}
