/** Alerts over stored traces in words: what would have fired, and what those on changes can see. */

import { detectabilityLines as linesOf } from '../../engine/alerting/regression/detectability-text.ts'
import { formatDuration, formatValue } from '../../engine/alerting/rule-text.ts'
import type { AlertBacktest, Incident } from '../../engine/backtest/alerts.ts'

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
  const labels = Object.entries(group).map(([name, of]) => `${name} ${of === '' ? 'unknown' : of}, `)
  const lasted =
    toMs === null
      ? 'to the end'
      : `for ${formatDuration(Math.max(MINUTE_MS, Math.round((toMs - fromMs) / MINUTE_MS) * MINUTE_MS))}`
  const said = cause === 'no_data' ? ': silence' : value === null ? '' : `: ${formatValue(value, type)}`
  return `${labels.join('')}${timeOf(fromMs)} ${lasted}${said}`
}

/** What an alert on changes sees; empty for others. */
export const detectabilityLines = ({ alert, detectability }: AlertBacktest): string[] =>
  detectability === null ? [] : linesOf(alert, detectability)

/** JSON has no infinity: what is never seen takes null hours. */
export const alertJson = ({ alert, rule, subjects, isCut, incidents, detectability }: AlertBacktest): object => ({
  id: alert.id,
  rule,
  subjects,
  isCut,
  incidents,
  detectability:
    detectability === null
      ? null
      : {
          ...detectability,
          drops: detectability.drops.map(({ drop, hours }) => ({ drop, hours: Number.isFinite(hours) ? hours : null })),
        },
})
