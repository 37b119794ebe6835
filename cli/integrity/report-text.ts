/** A check of the store against the log, for people. */
import { type DayCounts, findingsOf, type VerifyReport } from '../../engine/integrity/report.ts'

const COLUMNS = ['records', 'stored', 'storedElsewhere', 'empty', 'deadLettered', 'expired', 'missing', 'lag'] as const
const HEADINGS: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  records: 'records',
  stored: 'stored',
  storedElsewhere: 'elsewhere',
  empty: 'empty',
  deadLettered: 'dead letters',
  expired: 'expired',
  missing: 'missing',
  lag: 'lag',
}
const LISTED = 10

export function reportText(report: VerifyReport): string {
  const { from, to, days, durationMs, duplicates, orphans } = report
  const lines = [`Log against store, ${from} to ${to}:`, ...table(days)]
  const { spans, results } = duplicates.awaitingMerge
  if (spans + results > 0) lines.push(`${spans} spans and ${results} results wait to be merged: queries leave them out`)
  const findings = findingsOf(report)
  for (const finding of findings) lines.push(`✗ ${finding}`)
  for (const { tenant, eval: evalId, traceId, spanId } of orphans.examples.slice(0, LISTED)) {
    lines.push(`    ${evalId} of trace ${traceId}${spanId === undefined ? '' : ` span ${spanId}`}, tenant ${tenant}`)
  }
  const seconds = (durationMs / 1_000).toFixed(1)
  if (findings.length === 0)
    lines.push(`✓ everything acknowledged is stored, waits, or lies in dead-letters (${seconds} s)`)
  return `${lines.join('\n')}\n`
}

function table(days: readonly DayCounts[]): string[] {
  if (days.length === 0) return ['  the log has no records of these days']
  const rows = days.map((day) => [
    `${day.topic}/${day.partition}`,
    day.day,
    ...COLUMNS.map((name) => String(day[name])),
  ])
  const all = [['partition', 'day', ...COLUMNS.map((name) => HEADINGS[name])], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all.map(
    (row) =>
      `  ${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')}`,
  )
}
