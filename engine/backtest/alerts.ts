/**
 * The alerts of a plan over stored traces, by the very state machine that runs live: which would have fired, and what those on changes
 * can see. A verdict counts as if it had come when its subject began; one of an offline eval when it was judged, as live.
 */
import type { Plan } from '../../dsl/plan.ts'
import { type AlertGroups, evaluateGroups, initialGroups, stepGroups } from '../alerting/groups.ts'
import type { JudgedWindow } from '../alerting/judge.ts'
import { observationOf } from '../alerting/observation.ts'
import { type Detectability, detectabilityOf } from '../alerting/regression/detectability.ts'
import { fitReference, isFitDue } from '../alerting/regression/reference.ts'
import { formatRule } from '../alerting/rule-text.ts'
import { isRegression, type RunAlert, runAlertsOf, watchedEvalId } from '../alerting/run-alert.ts'
import { withMeasureEvals } from '../alerting/scope-evals.ts'
import type { AlertTransition } from '../alerting/transition.ts'
import type { Observation } from '../alerting/window.ts'
import { fieldsReadBy } from '../evaluate/masked.ts'
import type { OptionalField } from '../evaluate/subject.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { createStoredJudge, type StoredVerdicts } from './judge-stored.ts'
import { restrictPlan } from './restrict-plan.ts'

export interface Incident {
  group: Readonly<Record<string, string>>
  fromMs: number
  /** Null where it still fired at the end. */
  toMs: number | null
  cause: 'condition' | 'no_data'
  value: number | null
}

export interface AlertBacktest {
  alert: RunAlert
  rule: string
  subjects: number
  /** The first ones were looked at, and there were more than fit. */
  isCut: boolean
  incidents: Incident[]
  /** Of alerts on changes; null for others. */
  detectability: Detectability | null
  /** Of alerts on anomalies: what is usual at the hour of the end; null for others, and where too little came. */
  usual: { low: number; high: number } | null
}

export interface AlertsBacktest {
  readonly fields: readonly OptionalField[]
  wanted(traces: readonly (readonly Span[])[]): string[]
  add(traces: readonly (readonly Span[])[], stored: StoredVerdicts): void
  finish(fromMs: number, toMs: number): AlertBacktest[]
}

/** Of an alert, the subjects that are kept to be sorted by time: about 100 MB of them. */
const MAX_SUBJECTS = 500_000

/** `only`: ids of alerts; without it all of the plan. */
export function createAlertsBacktest(given: Plan, only: ReadonlySet<string> | null = null): AlertsBacktest {
  const plan = withMeasureEvals(given)
  const alerts = runAlertsOf(given)
    .filter(({ id }) => only === null || only.has(id))
    .map((alert) => ({ alert, observations: [] as Observation[], isCut: false }))
  const watched = new Set(alerts.map(({ alert }) => watchedEvalId(alert)))
  const kinds = new Map(plan.evals.map((one) => [one.id, one.kind]))
  const ofKind = (kind: 'online' | 'offline'): string[] => [...watched].filter((id) => kinds.get(id) === kind)
  const restricted = restrictPlan(plan, ofKind('online'))
  const judge = createStoredJudge(restricted)
  const offline = new Set(ofKind('offline'))

  const take = (result: EvalResult, atMs: number): void => {
    for (const one of alerts) {
      if (watchedEvalId(one.alert) !== result.evalId) continue
      if (one.observations.length >= MAX_SUBJECTS) one.isCut = true
      else {
        const { exemplar: _, ...observation } = observationOf(result, one.alert, atMs)
        one.observations.push({ ...observation, exemplar: null })
      }
    }
  }
  return {
    fields: fieldsReadBy([restricted]),
    wanted: (traces) => [...judge.wanted(traces), ...offline],
    add: (traces, stored) => {
      for (const spans of traces)
        for (const result of judge.judge(spans, stored)) take(result, result.subjectTimeUs / 1000)
      if (offline.size === 0) return
      // Live, no alert counts what was drawn because it was flagged.
      for (const result of stored.values())
        if (offline.has(result.evalId) && result.drawnFor === undefined) take(result, result.evaluatedAtMs)
    },
    finish: (fromMs, toMs) =>
      alerts.map(({ alert, observations, isCut }) => {
        // Traces of the period may have been judged after it.
        const seen = offline.has(watchedEvalId(alert))
          ? observations.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
          : observations
        return {
          alert,
          rule: formatRule(alert.when, given.patterns),
          subjects: seen.length,
          isCut,
          ...replayed(alert, seen, fromMs, toMs),
        }
      }),
  }
}

function replayed(
  alert: RunAlert,
  observations: Observation[],
  fromMs: number,
  toMs: number,
): Pick<AlertBacktest, 'incidents' | 'detectability' | 'usual'> {
  const all = initialGroups(fromMs)
  const transitions: AlertTransition[] = []
  observations.sort((a, b) => a.atMs - b.atMs)
  for (let from = 0; from < observations.length; ) {
    let to = from + 1
    while (to < observations.length && observations[to]!.atMs === observations[from]!.atMs) to++
    transitions.push(...stepGroups(all, alert, observations.slice(from, to)))
    from = to
  }
  transitions.push(...evaluateGroups(all, alert, toMs))
  let detectability: Detectability | null = null
  const { reference } = all.shared
  if (isRegression(alert)) {
    // Where nothing came any more no look began with which the baseline would have been fitted.
    const due = reference !== null && reference.fit === null && isFitDue(reference, alert, toMs)
    const fit = due ? fitReference(reference, alert, toMs) : (reference?.fit ?? null)
    detectability = detectabilityOf(alert, fit, reference?.days)
  }
  return { incidents: incidentsOf(transitions), detectability, usual: usualOf(all) }
}

/** Of several groups that whose last window was looked at last. */
function usualOf({ groups }: AlertGroups): AlertBacktest['usual'] {
  let [lastMs, judged]: [number, JudgedWindow | null] = [Number.NEGATIVE_INFINITY, null]
  for (const { anomaly } of groups.values())
    if (anomaly?.judged && (anomaly.endedMs ?? 0) > lastMs) [lastMs, judged] = [anomaly.endedMs ?? 0, anomaly.judged]
  if (judged === null) return null
  const { usual, alarmFrom } = judged
  return { low: usual.median - alarmFrom * usual.spread, high: usual.median + alarmFrom * usual.spread }
}

function incidentsOf(transitions: readonly AlertTransition[]): Incident[] {
  const open = new Map<string, Incident>()
  const incidents: Incident[] = []
  for (const { to, atMs, group, cause, incidentId, numbers } of transitions) {
    if (incidentId === undefined) continue
    if (to === 'firing') {
      const incident: Incident = {
        group,
        fromMs: atMs,
        toMs: null,
        cause: cause === 'no_data' ? 'no_data' : 'condition',
        value: numbers.value,
      }
      open.set(incidentId, incident)
      incidents.push(incident)
    } else if (to === 'resolved') {
      const incident = open.get(incidentId)
      if (incident !== undefined) incident.toMs = atMs
    }
  }
  return incidents
}
