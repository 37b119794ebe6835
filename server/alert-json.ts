import { tracePath } from '../engine/alerting/example-json.ts'
import { resultUnitOf, scoreInResultUnit } from '../engine/evaluate/score.ts'
import type { AlertStates, StoredTransition } from '../storage/alerts/alert-states.ts'
import { whyToJson } from './alert-why-json.ts'

const isoOf = (ms: number): string => new Date(ms).toISOString()

/** What was found out about an incident. */
export type Investigations = Pick<AlertStates, 'investigation'>

/** A transition as the API shows it. */
export function transitionToJson(
  transition: StoredTransition,
  tenant: string,
  states: Investigations,
  publicUrl: string | null = null,
) {
  const { alertId, evalId, group, title, owner, severity, mode, to, cause, atMs, sinceMs, rule, numbers, why } =
    transition
  const { type } = numbers.measure
  const inUnit = (value: number): number => scoreInResultUnit(value, type) ?? value
  return {
    alert: alertId,
    eval: evalId,
    group,
    title,
    owner,
    severity,
    mode,
    state: to,
    cause,
    at: isoOf(atMs),
    since: isoOf(sinceMs),
    incident: transition.incidentId ?? null,
    rule,
    value: numbers.value === null ? null : inUnit(numbers.value),
    threshold: inUnit(numbers.threshold),
    unit: resultUnitOf(type),
    why: why === null ? null : whyToJson(why, inUnit),
    traces: transition.examples.map(({ traceId }) => traceId),
    examples: transition.examples.map((example) => ({ ...withoutAbsent(example), ...placeOf(example, publicUrl) })),
    investigation: states.investigation(tenant, transition.incidentId),
    accepted: transition.accepted ?? null,
  }
}

/** `url`: absolute, where it is known under which address others reach this instance. */
function placeOf(example: StoredTransition['examples'][number], publicUrl: string | null) {
  const path = tracePath(example)
  return { path, url: publicUrl === null ? null : `${publicUrl}${path}` }
}

/** What is undefined is left out. */
function withoutAbsent({ agentName, score, reason, ...example }: StoredTransition['examples'][number]) {
  return {
    ...example,
    ...(agentName !== undefined && { agentName }),
    ...(score !== undefined && { score }),
    ...(reason !== undefined && { reason }),
  }
}
