/** `assay backtest --markdown`: a comment on a pull request. */
import type { AlertBacktest } from '../../engine/backtest/alerts.ts'
import { detectabilityLines, firedText, incidentLines } from '../alerts/wording.ts'
import { code, escaped, fitting } from '../markdown.ts'
import type { BacktestReport, BacktestRow } from './report.ts'
import { EFFECT_WORDS } from './text.ts'
import { differenceText, exampleText, factsOf, flipsText, rateText, warningsOf } from './wording.ts'

/** By which a workflow finds the comment that it wrote before, to write it anew. */
export const BACKTEST_MARKER = '<!-- assay backtest -->'

export function backtestMarkdown(report: BacktestReport): string {
  const changed = report.rows.filter(({ standing }) => standing !== 'same')
  const head = [
    BACKTEST_MARKER,
    `### Backtest: ${escaped(report.before)} → ${escaped(report.after)}`,
    '',
    ...factsOf(report).map((fact) => `- ${escaped(fact)}`),
    '',
  ].join('\n')
  const same = report.rows.filter(({ standing }) => standing === 'same')
  return fitting(head, [
    ...(changed.length === 0 ? ['\nNo verdict of an online eval changes.\n'] : [table(changed)]),
    ...changed.map(details),
    ...alertsTable(report.alerts),
    ...(same.length === 0
      ? []
      : [`\n<details><summary>Same on both sides: ${same.length}</summary>\n${table(same)}\n</details>\n`]),
  ])
}

function alertsTable(alerts: readonly AlertBacktest[]): string[] {
  if (alerts.length === 0) return []
  const rows = alerts.map((one) => {
    const fired = [firedText(one), ...incidentLines(one)].map(escaped).join('<br>')
    return `| ${code(one.alert.id)} | ${fired} | ${detectabilityLines(one).map(escaped).join('<br>')} |`
  })
  return [`\n| alert | over this time | what it sees |\n| --- | --- | --- |\n${rows.join('\n')}\n`]
}

function table(rows: readonly BacktestRow[]): string {
  const lines = rows.map((row) => {
    const standing =
      row.standing === 'changed' ? row.effects.map((effect) => EFFECT_WORDS[effect]).join(', ') : row.standing
    const sides = (pick: 'passRate' | 'coverage'): string =>
      [row.before, row.standing === 'same' ? null : row.after]
        .flatMap((side) => (side === null ? [] : [rateText(side[pick])]))
        .join(' → ')
    const flips = flipsText(row)
    const difference = row.passRateDifference === null || flips === null ? '' : differenceText(row.passRateDifference)
    const notes = [flips, ...warningsOf(row)].filter((note) => note !== null).join('; ')
    const cells = [code(row.id), standing, sides('passRate'), difference, sides('coverage'), notes]
    return `| ${cells.join(' | ')} |`
  })
  return `\n| eval | | pass rate | difference | coverage | flips |\n| --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}\n`
}

function details(row: BacktestRow): string {
  if (row.examples.length === 0) return ''
  const examples = row.examples.map((flip) => `- ${escaped(exampleText(flip, row))}`)
  return `\n<details><summary>Examples of ${row.id}</summary>\n\n${examples.join('\n')}\n\n</details>\n`
}
