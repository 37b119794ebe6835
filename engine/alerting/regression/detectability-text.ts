/** What an alert on changes can see, in lines of plain text. */
import type { ValueType } from '../../../dsl/plan.ts'
import { formatDuration, formatPercent, formatValue } from '../rule-text.ts'
import type { RegressionAlert } from '../run-alert.ts'
import type { Detectability } from './detectability.ts'
import { tauOf } from './unit.ts'

export function detectabilityLines(
  alert: Pick<RegressionAlert, 'when' | 'by'>,
  detectability: Detectability,
): string[] {
  const { type } = alert.when.measure
  const { baseline, perHour, phi, falseAlarms, drops, isBlind, why } = detectability
  const budget = falseAlarmsText(falseAlarms)
  if (baseline === null) return [`blind: ${why}`, budget]
  const seen = drops.map(({ drop, hours }) => `${dropText(drop, type)} ${hoursText(hours)}`)
  // Of a quantile it is told for subjects that all get worse by so much.
  const of = tauOf(alert.when.measure) === null ? '' : alert.when.worse === 'higher' ? 'all rise by ' : 'all fall by '
  return [
    ...(isBlind ? [`blind: ${why}`] : []),
    `baseline ${formatValue(baseline, type)}, ${Number(perHour.toPrecision(3))} an hour, varies ${Number(phi.toPrecision(2))} times as much as coins; ${budget}`,
    `sees ${of}${seen.join(', ')}`,
    // Which groups come, and with how much, nobody knows before.
    ...(alert.by.length > 0 ? ['told for a group that has all of this traffic; one with less sees it later'] : []),
  ]
}

export function falseAlarmsText({ ratio, perMs, monitors }: Detectability['falseAlarms']): string {
  const shared = monitors === 1 ? '' : `, shared by ${monitors} alerts`
  return `false alarms ${formatPercent(ratio)} per ${formatDuration(perMs)}${shared}`
}

const dropText = (drop: number, type: ValueType): string =>
  type.kind === 'ratio' ? `${Number((drop * 100).toPrecision(3))}pp` : formatValue(drop, type)

function hoursText(hours: number): string {
  if (!Number.isFinite(hours)) return 'never'
  if (hours >= 72) return `in ${Math.round(hours / 24)} days`
  return `in ${hours < 10 ? Number(hours.toPrecision(2)) : Math.round(hours)} h`
}
