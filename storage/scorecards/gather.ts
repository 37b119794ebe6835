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
import type { TalliedEval, TalliedPart, TalliesQuery, TallyRow } from '../traces/tallies.ts'
import type { WorstOfEval } from '../traces/worst.ts'

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

/** An eval that the scorecard shows, and what is asked of it. */
interface ShownEval {
  readonly evalPlan: EvalPlan
  readonly tallied: TalliedEval
}

/** Of the windows that are asked for. */
const [NOW, TREND, BEFORE] = [0, 1, 2] as const

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
  const evals = shownEvals(plan, scorecard)
  const windows = [
    { ...period, stepMs: null },
    { fromMs: Math.floor(trend.fromMs), toMs: period.toMs, stepMs: Math.max(1, Math.round(trend.stepMs)) },
    ...(before === null ? [] : [{ ...before, stepMs: null }]),
  ]
  const asked = { windows, bins: { growth: GROWTH, offset: OFFSET }, bySession: true }
  const [tallies, corrected] = await Promise.all([
    talliesOf(traces, tenant, { ...asked, evals: evals.map(({ tallied }) => tallied) }),
    correctionsOf(traces, tenant, plan, scorecard, period),
  ])
  const byPart = Map.groupBy(tallies, ({ evalId, part, window }) => `${evalId} ${part} ${window}`)
  const rowsOf = ({ tallied: { evalId, parts } }: ShownEval, by: readonly GroupPlan[], window: number): TallyRow[] => {
    const part = parts.findIndex((one) => isSame(one.by, by))
    return byPart.get(`${evalId} ${part} ${window}`) ?? []
  }
  /** A part that is not divided has one row, or none. */
  const wholeOf = (one: ShownEval, window: number) => rowsOf(one, [], window)[0] ?? EMPTY
  const spendOf = (window: number): number | null => sumOfKnown(evals.map((one) => wholeOf(one, window).costMicroUsd))
  return buildScorecard(
    scorecard,
    slotMs,
    (evalId, row) => {
      const one = evals.find(({ evalPlan }) => evalPlan.id === evalId)
      if (one === undefined) return { now: [], before: null, steps: [], scale: null, corrected: null }
      const by = scorecard.rows[row]?.by ?? []
      return {
        now: rowsOf(one, by, NOW),
        before: before === null ? null : rowsOf(one, by, BEFORE),
        steps: rowsOf(one, by, TREND),
        scale: scaleOf(one.evalPlan),
        corrected: (by.length === 0 && corrected.get(evalId)) || null,
      }
    },
    {
      spend: { now: spendOf(NOW), before: before === null ? null : spendOf(BEFORE) },
      worst: await worstOf(
        traces,
        tenant,
        evals.map((one) => ({ evalPlan: one.evalPlan, now: wholeOf(one, NOW) })),
        period,
      ),
      alerts:
        alerts === null ? [] : await openAlertsOn(alerts, tenant, new Set(evals.map(({ evalPlan }) => evalPlan.id))),
    },
  )
}

const isSame = (by: readonly GroupPlan[], other: readonly GroupPlan[]): boolean =>
  JSON.stringify(by) === JSON.stringify(other)

/** Each once, in the order of the rows: as a whole, and by the labels of its rows. */
function shownEvals(plan: Plan, { rows }: ScorecardPlan): ShownEval[] {
  const ids = new Set(rows.flatMap(({ cells }) => cells.map(({ evalId }) => evalId)))
  return [...ids].flatMap((id) => {
    const evalPlan = plan.evals.find((one) => one.id === id)
    if (evalPlan === undefined) return []
    const parts: TalliedPart[] = []
    for (const by of [[], ...rows.map((row) => row.by)]) {
      const cells = rows.flatMap((row) => (isSame(row.by, by) ? row.cells : [])).filter(({ evalId }) => evalId === id)
      if ((by.length > 0 && cells.length === 0) || parts.some((one) => isSame(one.by, by))) continue
      const isOfValues = cells.some(({ fn }) => /^p\d/.test(fn))
      // Where no row shows the whole, what it cost and how much of it failed is all that is told of it.
      parts.push({ by, isOfValues, ...(cells.length === 0 && { isSumsAlone: true }) })
    }
    const { subject } = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
    return [{ evalPlan, tallied: { evalId: id, measureHash: evalPlan.measureHash, subject, parts } }]
  })
}

const rounded = ({ fromMs, toMs }: Period): Period => ({ fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) })

const EMPTY: Pick<TallyRow, 'counts' | 'meanOfPass' | 'meanOfFail' | 'costMicroUsd'> = {
  ...NO_TALLY,
  meanOfPass: null,
  meanOfFail: null,
}

/** Together as long as that is within the limits; else each eval for itself, and then without its sessions: traces are the clusters. */
async function talliesOf(traces: ScorecardTraces, tenant: string, query: TalliesQuery): Promise<TallyRow[]> {
  if (query.evals.length === 0) return []
  try {
    return await traces.resultTallies(tenant, query)
  } catch (error) {
    if (!(error instanceof QueryLimitError) || error.limit === 'busy') throw error
    if (query.evals.length > 1) {
      const found: TallyRow[] = []
      for (const one of query.evals) found.push(...(await talliesOf(traces, tenant, { ...query, evals: [one] })))
      return found
    }
    if (!query.bySession) throw error
    return traces.resultTallies(tenant, { ...query, bySession: false })
  }
}

const scaleOf = (evalPlan: EvalPlan): RowData['scale'] =>
  evalPlan.kind === 'offline' && evalPlan.method.kind === 'rubric'
    ? { low: evalPlan.method.scale.low, high: evalPlan.method.scale.high }
    : null

/** Of each eval with a row that is not divided: people's labels are of all groups together. */
async function correctionsOf(
  traces: ScorecardTraces,
  tenant: string,
  plan: Plan,
  { rows }: ScorecardPlan,
  period: Period,
): Promise<ReadonlyMap<string, RowData['corrected']>> {
  const ids = new Set(rows.flatMap(({ by, cells }) => (by.length > 0 ? [] : cells.map(({ evalId }) => evalId))))
  const evals = plan.evals.filter(({ id }) => ids.has(id))
  const found = evals.map(async (one) => [one.id, await correctionOf(traces, tenant, plan, one, period)] as const)
  return new Map(await Promise.all(found))
}

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
  const results = await traces.queryVerdicts(tenant, { evalId: evalPlan.id, sinceMs: fromMs, limit: MAX_JUDGED })
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
  evals: readonly { evalPlan: EvalPlan; now: Pick<TallyRow, 'counts' | 'meanOfPass' | 'meanOfFail'> }[],
  { fromMs, toMs }: Period,
): Promise<WorstSubject[]> {
  const failing = evals.filter(({ now }) => now.counts.fail > 0)
  if (failing.length === 0) return []
  const asked = failing.map(({ evalPlan: { id, measureHash }, now: { meanOfFail, meanOfPass } }): WorstOfEval => {
    const isHigh = meanOfFail !== null && meanOfFail > (meanOfPass ?? Number.POSITIVE_INFINITY)
    return { evalId: id, measureHash, order: meanOfFail === null ? 'newest' : isHigh ? 'highest' : 'lowest' }
  })
  const worst = await traces.worstResults(tenant, { evals: asked, fromMs, toMs, limit: WORST_OF_EVAL })
  const found = failing.map(({ evalPlan: { id, kind } }): WorstSubject[] =>
    worst
      .filter(({ evalId }) => evalId === id)
      // Of measures of one's own the unit is not told here.
      .map((one) => ({ ...one, score: kind === 'offline' ? one.score : null })),
  )
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
