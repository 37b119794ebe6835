/** Works a scorecard out from what is stored. */
import type { EvalPlan, GroupPlan, Plan, ScorecardPlan } from '../../dsl/plan.ts'
import { GROWTH, OFFSET } from '../../engine/alerting/quantile-bins.ts'
import { sumOfKnown } from '../../engine/no-price.ts'
import { NO_TALLY } from '../../engine/scorecard/estimate.ts'
import { buildScorecard, periodBefore, periodOf, type RowData, trendOf } from '../../engine/scorecard/scorecard.ts'
import type { Cell, OpenAlert, Period, Scorecard, WorstSubject } from '../../engine/scorecard/scorecard-json.ts'
import { agreementOf } from '../../engine/trust/agreement.ts'
import type { OpenAlerts } from '../alerts/open-alerts.ts'
import { type AgreementTraces, labelsOfEval, latestOf } from '../labels/read-agreement.ts'
import { QueryLimitError, type TracesStore } from '../traces/port.ts'
import type { TalliesQuery, TallyRow } from '../traces/tallies.ts'

export type ScorecardTraces = Pick<TracesStore, 'resultTallies' | 'worstResults'> & AgreementTraces

/** `alerts`: what fires; null where nothing is known of alerts. */
export interface ScorecardSources {
  readonly traces: ScorecardTraces
  readonly alerts: Pick<OpenAlerts, 'states' | 'controls'> | null
}

/** Of all evals together. */
const MOST_WORST = 5
const WORST_OF_EVAL = 3
/** Judgements that a correction is worked out of: the newest. */
const MAX_JUDGED = 10_000

interface Asked {
  readonly evalPlan: EvalPlan
  readonly by: readonly GroupPlan[]
  readonly isOfValues: boolean
}

/** `slotMs`: where its period ends. */
export async function gatherScorecard(
  { traces, alerts }: ScorecardSources,
  tenant: string,
  plan: Plan,
  scorecard: ScorecardPlan,
  slotMs: number,
): Promise<Scorecard> {
  const period = rounded(periodOf(scorecard, slotMs))
  const earlier = periodBefore(scorecard, period)
  const before = earlier === null ? null : rounded(earlier)
  const trend = trendOf(period, before)
  const evals = new Map(plan.evals.map((one) => [one.id, one]))
  const data = new Map<string, RowData>()
  const whole = new Map<string, { now: TallyRow; before: TallyRow | null }>()
  const shown = new Set(scorecard.rows.flatMap(({ cells }) => cells.map(({ evalId }) => evalId)))
  for (const [row, { cells, by }] of scorecard.rows.entries())
    for (const evalId of new Set(cells.map((cell) => cell.evalId))) {
      const evalPlan = evals.get(evalId)
      if (evalPlan === undefined) continue
      const isOfValues = cells.some((cell) => cell.evalId === evalId && /^p\d/.test(cell.fn))
      const asked = { evalPlan, by, isOfValues }
      const tallies = (of: Period, stepMs: number | null) => talliesOf(traces, tenant, asked, of, stepMs)
      const [now, past, steps, corrected] = await Promise.all([
        tallies(period, null),
        before === null ? null : tallies(before, null),
        tallies({ fromMs: Math.floor(trend.fromMs), toMs: period.toMs }, trend.stepMs),
        by.length > 0 ? null : correctionOf(traces, tenant, plan, evalPlan, period),
      ])
      data.set(`${row} ${evalId}`, { now, before: past, steps, scale: scaleOf(evalPlan), corrected })
      // A row that is not divided is of the whole.
      if (by.length === 0) whole.set(evalId, { now: sumOf(now), before: past === null ? null : sumOf(past) })
    }
  for (const evalPlan of plan.evals.filter(({ id }) => shown.has(id) && !whole.has(id))) {
    const ofWhole = (of: Period) => talliesOf(traces, tenant, { evalPlan, by: [], isOfValues: false }, of, null)
    const [now, past] = await Promise.all([ofWhole(period), before === null ? null : ofWhole(before)])
    whole.set(evalPlan.id, { now: sumOf(now), before: past === null ? null : sumOf(past) })
  }
  const ids = new Set([...shown].filter((id) => whole.has(id)))
  return buildScorecard(
    scorecard,
    slotMs,
    (evalId, row) => data.get(`${row} ${evalId}`) ?? { now: [], before: null, steps: [], scale: null, corrected: null },
    {
      spend: {
        now: costOf([...whole.values()].map(({ now }) => now)),
        before: before === null ? null : costOf([...whole.values()].flatMap((one) => one.before ?? [])),
      },
      worst: await worstOf(
        traces,
        tenant,
        [...ids].map((id) => ({ evalPlan: evals.get(id)!, now: whole.get(id)!.now })),
        period,
      ),
      alerts: alerts === null ? [] : await openAlertsOn(alerts, tenant, ids),
    },
  )
}

const rounded = ({ fromMs, toMs }: Period): Period => ({ fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) })

const EMPTY: TallyRow = { ...NO_TALLY, step: 0, meanOfPass: null, meanOfFail: null }

/** Without labels there is one row, or none. */
const sumOf = (rows: readonly TallyRow[]): TallyRow => rows[0] ?? EMPTY

const costOf = (tallies: readonly TallyRow[]): number | null =>
  sumOfKnown(tallies.map(({ costMicroUsd }) => costMicroUsd))

async function talliesOf(
  traces: ScorecardTraces,
  tenant: string,
  { evalPlan, by, isOfValues }: Asked,
  { fromMs, toMs }: Period,
  stepMs: number | null,
): Promise<TallyRow[]> {
  const query: TalliesQuery = {
    evalId: evalPlan.id,
    measureHash: evalPlan.measureHash,
    subject: (evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope).subject,
    fromMs,
    toMs,
    by,
    stepMs: stepMs === null ? null : Math.max(1, Math.round(stepMs)),
    bins: isOfValues ? { growth: GROWTH, offset: OFFSET } : null,
    // Of a step no interval is shown.
    bySession: stepMs === null,
  }
  try {
    return await traces.resultTallies(tenant, query)
  } catch (error) {
    // Sessions are read from the spans, of which there may be too many: then traces are the clusters.
    if (!(error instanceof QueryLimitError) || error.limit === 'busy' || !query.bySession) throw error
    return traces.resultTallies(tenant, { ...query, bySession: false })
  }
}

const scaleOf = (evalPlan: EvalPlan): RowData['scale'] =>
  evalPlan.kind === 'offline' && evalPlan.method.kind === 'rubric'
    ? { low: evalPlan.method.scale.low, high: evalPlan.method.scale.high }
    : null

/** Of an eval with a judge: its pass rate and mean corrected by what people said of what it judged in this period. */
async function correctionOf(
  traces: ScorecardTraces,
  tenant: string,
  plan: Plan,
  evalPlan: EvalPlan,
  { fromMs, toMs }: Period,
): Promise<RowData['corrected']> {
  if (evalPlan.kind !== 'offline') return null
  const labels = await labelsOfEval(traces, tenant, plan, evalPlan)
  if (labels.length === 0) return null
  const results = await traces.queryResults(tenant, { evalId: evalPlan.id, sinceMs: fromMs, limit: MAX_JUDGED })
  const { labelled, passRate, meanScore } = agreementOf(
    latestOf(
      results.filter(({ measureHash, evaluatedAtMs }) => measureHash === evalPlan.measureHash && evaluatedAtMs < toMs),
    ),
    labels,
    { scale: scaleOf(evalPlan) },
  )
  const shown = (found: { estimate: number; lower: number; upper: number } | null): Cell['corrected'] =>
    found === null || labelled === 0 || ![found.estimate, found.lower, found.upper].every(Number.isFinite)
      ? null
      : { value: found.estimate, interval: { low: found.lower, high: found.upper }, labelled }
  return { passRate: shown(passRate.corrected), mean: shown(meanScore.corrected) }
}

/** A few of each eval in turn, each trace once. Which scores are bad is told by those of what failed. */
async function worstOf(
  traces: ScorecardTraces,
  tenant: string,
  evals: readonly { evalPlan: EvalPlan; now: TallyRow }[],
  { fromMs, toMs }: Period,
): Promise<WorstSubject[]> {
  const found: WorstSubject[][] = []
  for (const { evalPlan, now } of evals) {
    if (now.counts.fail === 0) continue
    const { meanOfFail, meanOfPass } = now
    const order =
      meanOfFail === null ? 'newest' : meanOfFail > (meanOfPass ?? Number.POSITIVE_INFINITY) ? 'highest' : 'lowest'
    const { id: evalId, measureHash } = evalPlan
    const asked = { evalId, measureHash, fromMs, toMs, order, limit: WORST_OF_EVAL } as const
    found.push(
      (await traces.worstResults(tenant, asked)).map(({ traceId, spanId, score }) => ({
        evalId,
        traceId,
        spanId,
        // Of measures of one's own the unit is not told here.
        score: evalPlan.kind === 'offline' ? score : null,
      })),
    )
  }
  const inTurn = Array.from({ length: WORST_OF_EVAL }, (_, i) => found.flatMap((of) => of[i] ?? [])).flat()
  const seen = new Set<string>()
  return inTurn.filter(({ traceId }) => !seen.has(traceId) && seen.add(traceId)).slice(0, MOST_WORST)
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
