/** The words and numbers of a backtest, for text and Markdown alike. */
import type { Direction, Flip } from '../../engine/backtest/backtest.ts'
import type { EvalComparison, Rate } from '../../engine/backtest/compare.ts'
import type { Difference } from '../../engine/statistics/newcombe-difference.ts'
import { describeWhy } from '../../engine/testing/describe.ts'
import type { BacktestReport, BacktestRow } from './report.ts'

export const count = (value: number): string => value.toLocaleString('en-GB')

export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** `91.0% (90.4 to 91.5)`; `none` of nothing. */
export function rateText({ rate, lower, upper }: Rate): string {
  return rate === null ? 'none' : `${percent(rate)}% (${percent(lower)} to ${percent(upper)})`
}

/** `−3.2 pp (−3.9 to −2.5)`. */
export function differenceText({ difference, lower, upper }: Difference): string {
  return `${signed(difference)} pp (${signed(lower)} to ${signed(upper)})`
}

function percent(rate: number): string {
  return (rate * 100).toFixed(1)
}

function signed(difference: number): string {
  const text = Math.abs(difference * 100).toFixed(1)
  return text === '0.0' ? text : `${difference < 0 ? '−' : '+'}${text}`
}

export const DIRECTIONS: readonly { direction: Direction; text: string }[] = [
  { direction: 'pass_to_fail', text: 'pass → fail' },
  { direction: 'fail_to_pass', text: 'fail → pass' },
  { direction: 'lost', text: 'no longer decided' },
  { direction: 'gained', text: 'decided now' },
]

/** `32 pass → fail, 4 fail → pass (p 0.001)`; null when nothing flipped. */
export function flipsText({ flips, flipsP }: EvalComparison): string | null {
  const parts = DIRECTIONS.filter(({ direction }) => flips[direction] > 0).map(
    ({ direction, text }) => `${count(flips[direction])} ${text}`,
  )
  if (parts.length === 0) return null
  const chance = flipsP === null ? '' : flipsP < 0.001 ? ' (p < 0.001)' : ` (p ${flipsP.toFixed(3)})`
  return `${parts.join(', ')}${chance}`
}

export function exampleText(flip: Flip, row: BacktestRow): string {
  const subject = flip.spanId === '' ? `trace ${flip.traceId}` : `trace ${flip.traceId} span ${flip.spanId}`
  const why = describeWhy(flip, row.scoreType)
  const show = (outcome: Flip['before']): string => (outcome === 'none' ? 'out of scope' : outcome)
  return `${subject}  ${show(flip.before)} → ${show(flip.after)}${why === null ? '' : `  ${why}`}`
}

export function warningsOf(row: BacktestRow): string[] {
  return row.warnings.map((warning) => (warning === 'matched_nothing' ? matchedNothing(row) : WARNINGS[warning]))
}

const WARNINGS = {
  failed_everything: 'failed everything that it decided',
  undecided_everywhere: 'decided nothing: every verdict is unknown or an error',
} as const

function matchedNothing({ filtered, filteredUnknown }: BacktestRow): string {
  if (filtered === 0) return 'matched nothing: no such subject was there'
  const open = filteredUnknown === 0 ? '' : `, ${count(filteredUnknown)} of them for want of a field`
  return `matched nothing: its scope left out all ${count(filtered)}${open}`
}

/** What it was run on, and how fast: sentences. */
export function factsOf(report: BacktestReport): string[] {
  const { traces, spans, openTraces, judged, evaluationMs, masked, notJudged, source, window } = report
  const period = [window.fromUs, window.toUs].map((us) => `${new Date(us / 1000).toISOString().slice(0, 16)}Z`)
  const facts = [`${counted(traces, 'trace')}, ${counted(spans, 'span')} of ${period.join(' to ')}, from ${source}`]
  if (openTraces > 0) facts.push(`${counted(openTraces, 'trace')} left out: not settled yet`)
  if (judged > 0) {
    const perSecond = Math.round(judged / (Math.max(evaluationMs, 1) / 1000))
    facts.push(
      `${counted(judged, 'verdict')} in ${(evaluationMs / 1000).toFixed(2)} s of evaluation: ${count(perSecond)} subjects/s`,
    )
  }
  if (masked.taken + masked.unknown > 0)
    facts.push(
      `texts were stored masked: ${counted(masked.taken, 'verdict')} taken from the store, ${count(masked.unknown)} unknown`,
    )
  if (notJudged.length > 0) facts.push(`not judged, as they need a judge: ${notJudged.join(', ')}`)
  return facts
}
