/** What the alerts on changes and anomalies that a difference is about can see. */
import type { PlanDiff } from '../../dsl/diff-plans.ts'
import type { Plan } from '../../dsl/plan.ts'
import { detectabilityToJson } from '../../engine/alerting/regression/detectability-json.ts'
import { formatRule } from '../../engine/alerting/rule-text.ts'
import { isStatistical, type RunAlert, runAlertsOf, watchedEvalId } from '../../engine/alerting/run-alert.ts'
import type { AlertBacktest } from '../../engine/backtest/alerts.ts'
import { alertsOver } from '../alerts/over-traffic.ts'
import { budgetText, detectabilityLines, isBlind } from '../alerts/wording.ts'
import { openSource } from '../stored/open-source.ts'
import { SourceError } from '../stored/source.ts'
import type { WindowOutcome } from '../stored/window.ts'

export interface Sight {
  /** Of which traffic: the words for it; null where there was none to look at. */
  shown: string | null
  /** Why there was none. */
  problem: string | null
  alerts: AlertSight[]
}

export interface AlertSight {
  id: string
  rule: string
  /** In plain text, the warning first. */
  lines: string[]
  /** Null where no traffic was looked at. */
  isBlind: boolean | null
  found: AlertBacktest | null
}

export const NO_TRAFFIC = 'no traffic was given: name an instance with --server, or a data folder with --data'

interface From {
  server?: string
  data?: string
}

/** Of traffic, if there is any. Null where no such alert is touched. An instance that is away is said, and no reason to stop. */
export async function sightOf(
  diff: PlanDiff,
  plan: Plan,
  { server, data }: From,
  { window, shown }: Extract<WindowOutcome, { ok: true }>,
  env: NodeJS.ProcessEnv,
): Promise<Sight | null | 'interrupted'> {
  const alerts = touchedAlerts(diff, plan)
  if (alerts.length === 0) return null
  if (server === undefined && data === undefined && !env.ASSAY_URL) return sightWithout(alerts, plan, NO_TRAFFIC)
  try {
    const from = { ...(server !== undefined && { server }), ...(data !== undefined && { data }) }
    const source = await openSource(from, env)
    try {
      const found = await alertsOver(source, window, plan, new Set(alerts.map(({ id }) => id)))
      if (found === null) return 'interrupted'
      return sightWith(found, plan, `${source.shown}, ${shown}`)
    } finally {
      await source.close()
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return sightWithout(alerts, plan, `the traffic could not be looked at: ${error.message}`)
  }
}

/** `shown`: the traffic in words. */
export const sightWith = (found: readonly AlertBacktest[], plan: Plan, shown: string): Sight => ({
  shown,
  problem: null,
  alerts: found.map((one) => ({
    ...namesOf(one.alert, plan),
    lines: detectabilityLines(one),
    isBlind: isBlind(one),
    found: one,
  })),
})

const sightWithout = (alerts: readonly RunAlert[], plan: Plan, problem: string): Sight => ({
  shown: null,
  problem,
  alerts: alerts.map((alert) => ({ ...namesOf(alert, plan), lines: [budgetText(alert)], isBlind: null, found: null })),
})

const namesOf = (alert: RunAlert, { patterns }: Plan): { id: string; rule: string } => ({
  id: alert.id,
  rule: formatRule(alert.when, patterns),
})

/** New ones, those whose rule changed, and those whose eval measures or passes something else now: their baseline is another. */
export function touchedAlerts({ rules, evals }: PlanDiff, plan: Plan): RunAlert[] {
  const ofRules = rules.filter(
    (one) => one.change === 'new' || (one.change === 'changed' && one.effects.includes('rule')),
  )
  const ofEvals = evals.filter(
    (one) =>
      one.change === 'new' ||
      (one.change === 'changed' && (one.effects.includes('series') || one.effects.includes('verdicts'))),
  )
  const touched = new Set([...ofRules, ...ofEvals].map(({ id }) => id))
  return runAlertsOf(plan).filter(
    (alert) => isStatistical(alert) && (touched.has(alert.id) || touched.has(watchedEvalId(alert))),
  )
}

/** For programs. */
export const sightJson = ({ shown, problem, alerts }: Sight): object => ({
  traffic: shown,
  problem,
  alerts: alerts.map(({ id, rule, isBlind, lines, found }) => ({
    id,
    rule,
    isBlind,
    lines,
    subjects: found?.subjects ?? null,
    detectability: found?.detectability ? detectabilityToJson(found.alert, found.detectability) : null,
    usual: found?.usual ?? null,
  })),
})

export const SIGHT_TITLE = 'What alerts can see'

/** Under the title: of which traffic, or why of none. */
export const sightAbout = ({ shown, problem }: Sight): string => problem ?? `from ${shown}`
