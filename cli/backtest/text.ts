/** `assay backtest` for people at a terminal. */
import { detectabilityLines, firedText, incidentLines } from '../alerts/wording.ts'
import type { DiffPaint } from '../diff/text.ts'
import type { BacktestReport, BacktestRow } from './report.ts'
import { differenceText, exampleText, factsOf, flipsText, rateText, warningsOf } from './wording.ts'

export function backtestText(report: BacktestReport, paint: DiffPaint): string {
  const lines = [`${report.before} → ${report.after}`, ...factsOf(report)]
  for (const row of report.rows.filter(({ standing }) => standing !== 'same')) lines.push('', ...rowLines(row, paint))
  lines.push(...alertLines(report, paint))
  const same = report.rows.filter(({ standing }) => standing === 'same')
  if (same.length > 0) lines.push('', `${paint.heading('Same on both sides')}`, ...sameLines(same, paint))
  return `${lines.join('\n')}\n`
}

function alertLines({ alerts }: BacktestReport, paint: DiffPaint): string[] {
  if (alerts.length === 0) return []
  const lines = alerts.flatMap((one) => [
    `  ${one.alert.id}  ${one.incidents.length > 0 ? paint.removed(firedText(one)) : firedText(one)}`,
    ...incidentLines(one).map((line) => paint.aside(`    ${line}`)),
    ...detectabilityLines(one).map((line) => `    ${line}`),
  ])
  return ['', paint.heading('Alerts over this time'), ...lines]
}

function rowLines(row: BacktestRow, paint: DiffPaint): string[] {
  const { before, after, passRateDifference, coverageDifference } = row
  const from = row.from === null ? '' : `, was ${row.from}`
  const standing =
    row.standing === 'changed' ? row.effects.map((effect) => EFFECT_WORDS[effect]).join(', ') : row.standing
  const lines = [`${paint.heading(row.id)}  ${standing}${from}`]
  const rates = [
    { name: 'pass rate', before: before?.passRate, after: after?.passRate, difference: passRateDifference },
    { name: 'coverage', before: before?.coverage, after: after?.coverage, difference: coverageDifference },
  ]
  const flips = flipsText(row)
  for (const { name, before: earlier, after: later, difference } of rates) {
    const sides = [earlier, later].filter((rate) => rate !== undefined).map(rateText)
    const change = difference === null || flips === null ? '' : `  ${differenceText(difference)}`
    lines.push(`  ${name.padEnd(10)} ${sides.join(' → ')}${change}`)
  }
  if (flips !== null) lines.push(`  ${'flips'.padEnd(10)} ${flips}`)
  else if (row.standing === 'changed') lines.push(`  ${'flips'.padEnd(10)} none`)
  for (const flip of row.examples) lines.push(paint.aside(`    ${exampleText(flip, row)}`))
  for (const warning of warningsOf(row)) lines.push(`  ${paint.removed(warning)}`)
  return lines
}

export const EFFECT_WORDS = {
  series: 'series broken',
  verdicts: 'verdicts only',
  redaction: 'redaction',
  mode: 'mode',
  metadata: 'metadata',
} as const

function sameLines(rows: readonly BacktestRow[], paint: DiffPaint): string[] {
  const width = Math.max(...rows.map(({ id }) => id.length))
  return rows.flatMap((row) => {
    if (row.after === null) return []
    const rates = `pass rate ${rateText(row.after.passRate)}, coverage ${rateText(row.after.coverage)}`
    const warnings = warningsOf(row)
    return [`  ${row.id.padEnd(width)}  ${warnings.length === 0 ? rates : paint.removed(warnings.join('; '))}`]
  })
}
