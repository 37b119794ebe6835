/** What to say of a silence that no alert knows of: a name that is misspelt silences nothing, and nobody would notice. */
import type { AlertPlan } from '../../dsl/plan.ts'
import { nearest } from '../../dsl/suggest.ts'
import { type Matched, type Matchers, matchesText } from '../../engine/alerting/silence.ts'

const NAMES_SHOWN = 5

/** `fired`: those that ever did, who may be gone from the definitions and fire still. Null where the silence matches one. */
export function silenceWarning(
  matchers: Matchers,
  alerts: readonly AlertPlan[],
  fired: readonly Matched[],
): string | null {
  const known = [...alerts.map(matchedOf), ...fired]
  const has = (alert: Matched, part: Part): boolean => {
    const pattern = matchers[part]
    return pattern === undefined || matchesText(pattern, textOf(alert, part))
  }
  if (known.some((alert) => PARTS.every((part) => has(alert, part)))) return null
  const wrong = PARTS.filter((part) => !known.some((alert) => has(alert, part)))
  const part = wrong.find((one) => matchers[one] !== undefined)
  if (part === undefined) return 'no alert matches all of it at once: it silences nothing until one does'
  const asked = matchers[part] ?? ''
  const names = [...new Set(known.map((alert) => textOf(alert, part)).filter((name) => name !== ''))].sort()
  const near = nearest(asked, names)
  const hint =
    near !== null
      ? `did you mean ${near}?`
      : names.length === 0
        ? 'no alert is in force'
        : `there are ${names.slice(0, NAMES_SHOWN).join(', ')}${names.length > NAMES_SHOWN ? ', …' : ''}`
  return `no alert has ${part} ${asked}: it silences nothing until one does; ${hint}`
}

const PARTS = ['alert', 'eval', 'severity', 'owner'] as const
type Part = (typeof PARTS)[number]

/** Labels are of groups, which nobody knows before they come. */
const matchedOf = ({ id, on, severity, owner }: AlertPlan): Matched => ({
  alertId: id,
  evalId: on.kind === 'eval' ? on.evalId : id,
  severity,
  owner,
  group: {},
})

function textOf(alert: Matched, part: Part): string {
  switch (part) {
    case 'alert':
      return alert.alertId
    case 'eval':
      return alert.evalId
    case 'severity':
      return alert.severity
    case 'owner':
      return alert.owner ?? ''
  }
}
