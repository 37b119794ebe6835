/** A scorecard as text and as Markdown. `baseUrl`: of links to traces; null where none is known. */
import type { Cell, Scorecard } from './scorecard-json.ts'
import {
  alertText,
  beforeText,
  cellName,
  cellsOf,
  changeIntervalText,
  changeText,
  correctedText,
  coverageText,
  intervalText,
  periodText,
  scorecardTitle,
  spendText,
  valueText,
  worstText,
  worstUrl,
} from './words.ts'

export { scorecardTitle } from './words.ts'

function cellLine(cell: Cell, scorecard: Scorecard): string {
  const [interval, change, changeInterval] = [intervalText(cell), changeText(cell), changeIntervalText(cell)]
  const details = [
    ...(interval === '' ? [] : [`[${interval}]`]),
    `of ${cell.n}`,
    ...(change === '' ? [] : [`${change}${changeInterval === '' ? '' : ` [${changeInterval}]`} against before`]),
    ...(coverageText(cell) === '' ? [] : [`coverage ${coverageText(cell)}`]),
    ...(cell.corrected === null ? [] : [`corrected ${correctedText(cell)}`]),
  ]
  // Before `of 5` a comma, or a mean would read as so many out of five.
  return `${cellName(cell, scorecard)}: ${valueText(cell)}${interval === '' ? ',' : ''} ${details.join(', ')}`
}

export function scorecardLines(scorecard: Scorecard, baseUrl: string | null = null): string[] {
  const spend = spendText(scorecard)
  return [
    ...cellsOf(scorecard).map((cell) => cellLine(cell, scorecard)),
    ...(spend === null ? [] : [spend]),
    ...scorecard.alerts.map((alert) => `open alert: ${alertText(alert)}`),
    ...scorecard.worst.map((one) => `failed ${worstText(one)}${baseUrl === null ? '' : ` ${worstUrl(one, baseUrl)}`}`),
  ]
}

export const scorecardText = (scorecard: Scorecard, baseUrl: string | null = null): string =>
  `${[scorecardTitle(scorecard), ...scorecardLines(scorecard, baseUrl).map((line) => `  ${line}`)].join('\n')}\n`

const escapeCell = (text: string): string => text.replaceAll(/[\\|<>[\]*`]/g, '\\$&')

export function scorecardMarkdown(scorecard: Scorecard, baseUrl: string | null = null): string {
  const cells = cellsOf(scorecard)
  const isCorrected = cells.some(({ corrected }) => corrected !== null)
  const head = [
    'value',
    'now',
    '95% interval',
    `against ${beforeText(scorecard) ?? 'before'}`,
    'coverage',
    'of',
    ...(isCorrected ? ['corrected by labels'] : []),
  ]
  const rows = cells.map((cell) => {
    const changeInterval = changeIntervalText(cell)
    return [
      cellName(cell, scorecard),
      valueText(cell),
      intervalText(cell),
      `${changeText(cell)}${changeInterval === '' ? '' : ` (${changeInterval})`}`,
      coverageText(cell),
      String(cell.n),
      ...(isCorrected ? [correctedText(cell)] : []),
    ].map(escapeCell)
  })
  const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const spend = spendText(scorecard)
  const list = (heading: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `### ${heading}`, '', ...lines.map((line) => `- ${line}`)]
  const worst = scorecard.worst.map((one) =>
    baseUrl === null ? escapeCell(worstText(one)) : `[${escapeCell(worstText(one))}](${worstUrl(one, baseUrl)})`,
  )
  return [
    `## ${escapeCell(scorecard.title ?? scorecard.id)}`,
    '',
    periodText(scorecard),
    '',
    ...table,
    ...(spend === null ? [] : ['', `${spend}.`]),
    ...list('Open alerts', scorecard.alerts.map(alertText).map(escapeCell)),
    ...list('Worst traces', worst),
    '',
  ].join('\n')
}
