/** Alerts over stored traces in words: what would have fired, and what those on changes can see. */

import { budgetOf } from '../../engine/alerting/budget.ts'
import { detectabilityToJson } from '../../engine/alerting/regression/detectability-json.ts'
import { falseAlarmsText, detectabilityLines as linesOf } from '../../engine/alerting/regression/detectability-text.ts'
import { formatDuration, formatValue } from '../../engine/alerting/rule-text.ts'
import { type AnomalyAlert, isAnomaly, isRegression, type RunAlert } from '../../engine/alerting/run-alert.ts'
import type { AlertBacktest, Incident } from '../../engine/backtest/alerts.ts'
import { groupLabels } from '../../engine/group-text.ts'

const SHOWN_INCIDENTS = 5
const MINUTE_MS = 60_000

const timeOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')

/** `quiet`, `would have fired twice`. */
export function firedText({ incidents, subjects }: AlertBacktest): string {
  if (subjects === 0) return 'nothing to look at'
  const times = incidents.length
  return times === 0 ? 'quiet' : `would have fired ${times === 1 ? 'once' : times === 2 ? 'twice' : `${times} times`}`
}

/** `2026-11-20 10:43 for 12m: 3`, the first few. */
export function incidentLines({ incidents, alert }: AlertBacktest): string[] {
  const lines = incidents.slice(0, SHOWN_INCIDENTS).map((incident) => incidentText(incident, alert.when.measure.type))
  const more = incidents.length - lines.length
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

function incidentText(
  { group, fromMs, toMs, cause, value }: Incident,
  type: Parameters<typeof formatValue>[1],
): string {
  const labels = groupLabels(group).map((label) => `${label}, `)
  const lasted =
    toMs === null
      ? 'to the end'
      : `for ${formatDuration(Math.max(MINUTE_MS, Math.round((toMs - fromMs) / MINUTE_MS) * MINUTE_MS))}`
  const said = cause === 'no_data' ? ': silence' : value === null ? '' : `: ${formatValue(value, type)}`
  return `${labels.join('')}${timeOf(fromMs)} ${lasted}${said}`
}

/** What an alert on changes or anomalies sees; empty for others. */
export function detectabilityLines({ alert, detectability, usual }: AlertBacktest): string[] {
  if (isAnomaly(alert)) return anomalyLines(alert, usual)
  return isRegression(alert) && detectability !== null ? linesOf(alert, detectability) : []
}

/** What is known of it without any traffic. */
export function budgetText(alert: RunAlert): string {
  const { ratio, perNs } = budgetOf(alert)
  return falseAlarmsText({ ratio, perMs: perNs / 1e6, monitors: alert.monitors ?? 1 })
}

function anomalyLines(alert: AnomalyAlert, usual: AlertBacktest['usual']): string[] {
  if (usual === null)
    return ['blind: too little traffic to know what is usual at this hour of the week', budgetText(alert)]
  const { type, kind } = alert.when.measure
  const over = formatDuration(alert.when.overNs / 1e6)
  const [low, high] = [formatValue(usual.low, type), formatValue(usual.high, type)]
  // What counts or shares something is never below nothing.
  if (usual.low < 0 && kind !== 'score' && kind !== 'value')
    return [
      `usual at this hour: up to ${high}; ${budgetText(alert)}`,
      `sees more than that within ${over}, and no drop`,
    ]
  return [`usual at this hour: ${low} to ${high}; ${budgetText(alert)}`, `sees what lies outside of it within ${over}`]
}

export const isBlind = ({ alert, detectability, usual }: AlertBacktest): boolean =>
  detectability === null ? isAnomaly(alert) && usual === null : detectability.isBlind

export const subjectsText = ({ subjects }: AlertBacktest): string =>
  subjects === 1 ? '1 subject' : `${subjects.toLocaleString('en-GB')} subjects`

export const alertJson = ({
  alert,
  rule,
  subjects,
  isCut,
  incidents,
  detectability,
  usual,
}: AlertBacktest): object => ({
  id: alert.id,
  rule,
  subjects,
  isCut,
  incidents,
  detectability: detectability === null ? null : detectabilityToJson(alert, detectability),
  usual,
})
