/** The words of a scorecard, the same however it is rendered. */
import type { ValueType } from '../../dsl/plan.ts'
import { formatDuration, formatPercent, formatValue } from '../alerting/rule-text.ts'
import { groupLabels } from '../group-text.ts'
import { NO_PRICE } from '../no-price.ts'
import type { Cell, OpenAlert, Scorecard } from './scorecard-json.ts'

const minute = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')

/** `2026-11-14 09:00 to 2026-11-21 09:00 UTC`. */
export const periodText = ({ period }: Scorecard): string => `${minute(period.fromMs)} to ${minute(period.toMs)} UTC`

/** `support/weekly, 2026-11-14 09:00 to 2026-11-21 09:00 UTC`. */
export const scorecardTitle = (scorecard: Scorecard): string =>
  `${scorecard.title ?? scorecard.id}, ${periodText(scorecard)}`

/** `against the 7d before`; null where there is nothing to compare with. */
export function beforeText({ before }: Scorecard): string | null {
  return before === null ? null : `the ${formatDuration(before.toMs - before.fromMs)} before`
}

/** `env prod`; empty without labels. */
export const groupText = (group: Readonly<Record<string, string>>): string => groupLabels(group).join(', ')

/** `pass_rate(fast) env prod`; `scorecard` says which package needs no name. */
export function cellName({ fn, evalId, group }: Cell, { id }: Scorecard): string {
  const packageName = `${id.split('/')[0]}/`
  const name = evalId.startsWith(packageName) ? evalId.slice(packageName.length) : evalId
  const by = groupText(group)
  return `${fn}(${name})${by === '' ? '' : ` ${by}`}`
}

export function valueText({ fn, value, type }: Cell): string {
  if (value === null) return fn === 'spend' ? NO_PRICE : 'nothing to measure'
  return formatValue(value, type)
}

export const intervalText = ({ interval, type }: Cell): string =>
  interval === null ? '' : `${formatValue(interval.low, type)} to ${formatValue(interval.high, type)}`

/** Of ratios in points. */
function deltaText(delta: number, type: ValueType): string {
  const shown = type.kind === 'ratio' ? `${Number((delta * 100).toFixed(2))}pp` : formatValue(delta, type)
  return delta > 0 ? `+${shown}` : shown
}

/** `≈`: it may be chance. */
export function changeText({ change, type }: Cell): string {
  if (change === null) return ''
  // What was counted and stayed the same did so, whatever chance is.
  const isSure = change.isClear || (change.delta === 0 && change.interval === null)
  return `${isSure ? '' : '≈ '}${deltaText(change.delta, type)}`
}

export function changeIntervalText({ change, type }: Cell): string {
  if (change === null || change.interval === null) return ''
  return `${deltaText(change.interval.low, type)} to ${deltaText(change.interval.high, type)}`
}

export const coverageText = ({ coverage, fn }: Cell): string =>
  coverage === null || fn === 'coverage' || fn === 'spend' ? '' : formatPercent(coverage)

/** `4.1 [3.9 to 4.3] by 60 labels`: what people make of it. */
export function correctedText({ corrected, type }: Cell): string {
  if (corrected === null) return ''
  const { value, interval, labelled } = corrected
  const range = `${formatValue(interval.low, type)} to ${formatValue(interval.high, type)}`
  return `${formatValue(value, type)} [${range}] by ${labelled === 1 ? '1 label' : `${labelled} labels`}`
}

/** `Judges cost 1.25 USD, +0.25 USD against the 7d before`; null where nothing is judged, or nothing but what is free. */
export function spendText(scorecard: Scorecard): string | null {
  const { spend } = scorecard
  if (spend === null || (spend.now === 0 && (spend.before ?? 0) === 0)) return null
  if (spend.now === null) return `What judges cost: ${NO_PRICE}`
  const type: ValueType = { kind: 'money', currency: 'USD' }
  const change =
    spend.before === null ? '' : `, ${deltaText(spend.now - spend.before, type)} against ${beforeText(scorecard)}`
  return `Judges cost ${formatValue(spend.now, type)}${change}`
}

export function alertText({ alertId, title, severity, group, sinceMs, acknowledgedBy }: OpenAlert): string {
  const by = groupText(group)
  const taken = acknowledgedBy === null ? '' : `, acknowledged by ${acknowledgedBy}`
  return `[${severity}] ${title ?? alertId}${by === '' ? '' : ` (${by})`} since ${minute(sinceMs)} UTC${taken}`
}

export type Worst = Scorecard['worst'][number]

export const worstText = ({ evalId, traceId, score }: Worst): string =>
  `${evalId}${score === null ? '' : `, score ${Number(score.toPrecision(4))}`}: trace ${traceId}`

/** `baseUrl` has no slash at its end; '' gives a path, for pages of the same place. */
export const worstUrl = ({ traceId, spanId }: Worst, baseUrl: string): string =>
  `${baseUrl}/traces/${traceId}${spanId === '' ? '' : `?span=${spanId}`}`

export const cellsOf = ({ rows }: Scorecard): Cell[] => rows.flatMap(({ cells }) => cells)
