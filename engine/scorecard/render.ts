/** A scorecard in words: lines for messages, Markdown for pages. */
import type { ValueType } from '../../dsl/plan.ts'
import { formatValue } from '../alerting/rule-text.ts'
import type { Cell, Scorecard } from './scorecard.ts'

const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')

/** `support/weekly, 2026-11-14 09:00 to 2026-11-21 09:00 UTC`. */
export const scorecardTitle = ({ id, title, period }: Scorecard): string =>
  `${title ?? id}, ${day(period.fromMs)} to ${day(period.toMs)} UTC`

function nameOf({ fn, evalId, group }: Cell): string {
  const labels = Object.entries(group).map(([label, value]) => `${label} ${value}`)
  return `${fn}(${evalId})${labels.length === 0 ? '' : ` ${labels.join(', ')}`}`
}

function valueText({ value, type }: Cell): string {
  return value === null ? 'nothing to measure' : formatValue(value, type)
}

const intervalText = ({ interval, type }: Cell): string =>
  interval === null ? '' : `${formatValue(interval.low, type)} to ${formatValue(interval.high, type)}`

/** Of ratios in points. `≈`: it may be chance. */
function changeText({ change, type }: Cell): string {
  if (change === null) return ''
  const sign = change.delta > 0 ? '+' : ''
  const shown = type.kind === 'ratio' ? `${Number((change.delta * 100).toFixed(2))}pp` : formatValue(change.delta, type)
  return `${change.isClear ? '' : '≈ '}${sign}${shown}`
}

const coverageType: ValueType = { kind: 'ratio' }

function coverageText({ coverage, fn }: Cell): string {
  return coverage === null || fn === 'coverage' ? '' : formatValue(coverage, coverageType)
}

export function scorecardLines(scorecard: Scorecard): string[] {
  const cells = scorecard.rows.flatMap((row) => row.cells)
  const lines = cells.map((cell) => {
    const details = [
      ...(cell.interval === null ? [] : [`[${intervalText(cell)}]`]),
      `of ${cell.n}`,
      ...(cell.change === null ? [] : [`${changeText(cell)} against before`]),
      ...(coverageText(cell) === '' ? [] : [`coverage ${coverageText(cell)}`]),
    ]
    // Before `of 5` a comma, or a mean would read as so many out of five.
    return `${nameOf(cell)}: ${valueText(cell)}${cell.interval === null ? ',' : ''} ${details.join(', ')}`
  })
  const worst = scorecard.worst.map(({ evalId, traceId }) => `failed ${evalId}: trace ${traceId}`)
  return [...lines, ...worst]
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|')

export function scorecardMarkdown(scorecard: Scorecard): string {
  const cells = scorecard.rows.flatMap((row) => row.cells)
  const rows = cells.map((cell) =>
    [nameOf(cell), valueText(cell), intervalText(cell), changeText(cell), coverageText(cell), String(cell.n)].map(
      escapeCell,
    ),
  )
  const head = ['value', 'now', '95% interval', 'against before', 'coverage', 'of']
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const worst = scorecard.worst.map(({ evalId, traceId }) => `- ${evalId}: trace ${traceId}`)
  const failing = worst.length === 0 ? [] : ['', '### Failing traces', '', ...worst]
  return [`## ${scorecardTitle(scorecard)}`, '', ...table, ...failing, ''].join('\n')
}
