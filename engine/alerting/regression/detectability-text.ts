/** What an alert on changes can see, in lines of plain text. */
import type { ValueType } from '../../../dsl/plan.ts'
import { formatDuration, formatPercent, formatValue } from '../rule-text.ts'
import type { RunAlert } from '../run-alert.ts'
import type { Detectability } from './detectability.ts'

export function detectabilityLines(alert: Pick<RunAlert, 'when'>, detectability: Detectability): string[] {
  const { type } = alert.when.measure
  const { baseline, perHour, phi, falseAlarms, drops, isBlind, why } = detectability
  const { ratio, perMs, monitors } = falseAlarms
  const shared = monitors === 1 ? '' : `, shared by ${monitors} alerts`
  const budget = `false alarms ${formatPercent(ratio)} per ${formatDuration(perMs)}${shared}`
  if (baseline === null) return [`blind: ${why}`, budget]
  const seen = drops.map(({ drop, hours }) => `${dropText(drop, type)} in ${hoursText(hours)}`)
  return [
    ...(isBlind ? [`blind: ${why}`] : []),
    `baseline ${formatValue(baseline, type)}, ${Number(perHour.toPrecision(3))} an hour, varies ${Number(phi.toPrecision(2))} times as much as coins; ${budget}`,
    `sees ${seen.join(', ')}`,
  ]
}

const dropText = (drop: number, type: ValueType): string =>
  type.kind === 'ratio' ? `${Number((drop * 100).toPrecision(3))}pp` : formatValue(drop, type)

function hoursText(hours: number): string {
  if (!Number.isFinite(hours)) return 'never'
  if (hours >= 72) return `${Math.round(hours / 24)} days`
  return `${hours < 10 ? Number(hours.toPrecision(2)) : Math.round(hours)} h`
}
