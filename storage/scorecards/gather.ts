/** Works a scorecard out from what is stored. */
import type { Plan, ScorecardPlan } from '../../dsl/plan.ts'
import { buildScorecard, type EvalData, periodBefore, periodOf, type Tally } from '../../engine/scorecard/scorecard.ts'
import type { OpenAlert, Period, Scorecard } from '../../engine/scorecard/scorecard-json.ts'
import type { OpenAlerts } from '../alerts/open-alerts.ts'
import type { TracesStore } from '../traces/port.ts'

export type ScorecardTraces = Pick<TracesStore, 'resultHistory' | 'judgeSpend' | 'queryResults'>

const STEP_MS = 3_600_000
const WORST = 3

/** `alerts`: what fires; null where nothing is known of alerts. */
export interface ScorecardSources {
  readonly traces: ScorecardTraces
  readonly alerts: Pick<OpenAlerts, 'states' | 'controls'> | null
}

/** `slotMs`: where its period ends. */
export async function gatherScorecard(
  { traces, alerts }: ScorecardSources,
  tenant: string,
  plan: Plan,
  scorecard: ScorecardPlan,
  slotMs: number,
): Promise<Scorecard> {
  const period = periodOf(scorecard, slotMs)
  const before = periodBefore(scorecard, period)
  const ids = [...new Set(scorecard.rows.flatMap(({ cells }) => cells.map(({ evalId }) => evalId)))]
  const spendNow = await traces.judgeSpend(tenant, period.fromMs)
  const spendSince = before === null ? new Map<string, number>() : await traces.judgeSpend(tenant, before.fromMs)
  const data = new Map<string, EvalData>()
  const worst: Scorecard['worst'][number][] = []
  for (const id of ids) {
    const measureHash = plan.evals.find((one) => one.id === id)?.measureHash ?? ''
    const tallies = (of: Period): Promise<Tally[]> => talliesOf(traces, tenant, id, measureHash, of)
    data.set(id, {
      now: await tallies(period),
      before: before === null ? null : await tallies(before),
      spendNow: spendNow.get(id) ?? 0,
      spendBefore: (spendSince.get(id) ?? 0) - (spendNow.get(id) ?? 0),
    })
    const failed = await traces.queryResults(tenant, {
      evalId: id,
      verdict: 'fail',
      sinceMs: period.fromMs,
      limit: WORST,
    })
    worst.push(...failed.map(({ traceId, spanId, score }) => ({ evalId: id, traceId, spanId, score: score ?? null })))
  }
  const built = buildScorecard(scorecard, slotMs, (id) => data.get(id)!, worst.slice(0, WORST))
  return { ...built, alerts: alerts === null ? [] : await openAlertsOn(alerts, tenant, new Set(ids)) }
}

/** Of these evals, those that fire now, the longest first. */
async function openAlertsOn(
  { states, controls }: NonNullable<ScorecardSources['alerts']>,
  tenant: string,
  evalIds: ReadonlySet<string>,
): Promise<OpenAlert[]> {
  await Promise.all([states.refresh(), controls.refresh()])
  return states
    .current(tenant)
    .filter(({ evalId, to, mode }) => to === 'firing' && mode === 'live' && evalIds.has(evalId))
    .map(({ alertId, title, severity, group, sinceMs, incidentId }) => ({
      alertId,
      title,
      severity,
      group,
      sinceMs,
      acknowledgedBy: controls.acknowledgement(tenant, incidentId)?.by ?? null,
    }))
    .sort((a, b) => a.sinceMs - b.sinceMs)
}

async function talliesOf(
  traces: ScorecardTraces,
  tenant: string,
  evalId: string,
  measureHash: string,
  { fromMs, toMs }: Period,
): Promise<Tally[]> {
  const query = {
    evalId,
    measureHash,
    fromMs: Math.floor(fromMs),
    toMs: Math.floor(toMs),
    stepMs: STEP_MS,
    bins: null,
    isWeighted: true,
  } as const
  const rows = await traces.resultHistory(tenant, query)
  return rows.map(({ agentName, env, counts, scores, weighted }) => ({
    group: { ...(agentName !== undefined && { 'agent.name': agentName }), ...(env !== undefined && { env }) },
    counts,
    scores,
    ...(weighted !== undefined && { weighted }),
  }))
}
