/** Works a scorecard out from what is stored. */
import type { Plan, ScorecardPlan } from '../../dsl/plan.ts'
import {
  buildScorecard,
  type EvalData,
  type Period,
  periodBefore,
  periodOf,
  type Scorecard,
  type Tally,
} from '../../engine/scorecard/scorecard.ts'
import type { TracesStore } from '../traces/port.ts'

export type ScorecardTraces = Pick<TracesStore, 'resultHistory' | 'judgeSpend' | 'queryResults'>

const STEP_MS = 3_600_000
const WORST = 3

/** `slotMs`: where its period ends. */
export async function gatherScorecard(
  traces: ScorecardTraces,
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
  const worst: { evalId: string; traceId: string }[] = []
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
    worst.push(...failed.map(({ traceId }) => ({ evalId: id, traceId })))
  }
  return buildScorecard(scorecard, slotMs, (id) => data.get(id)!, worst.slice(0, WORST))
}

async function talliesOf(
  traces: ScorecardTraces,
  tenant: string,
  evalId: string,
  measureHash: string,
  { fromMs, toMs }: Period,
): Promise<Tally[]> {
  const query = { evalId, measureHash, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs), stepMs: STEP_MS, bins: null }
  const rows = await traces.resultHistory(tenant, query)
  return rows.map(({ agentName, env, counts, scores }) => ({
    group: { ...(agentName !== undefined && { 'agent.name': agentName }), ...(env !== undefined && { env }) },
    counts,
    scores,
  }))
}
