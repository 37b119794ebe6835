/** A scorecard's values over a period, each with its interval, its coverage, and the difference from the period before. Pure. */
import type { ScorecardFn, ScorecardPlan } from '../../dsl/plan.ts'
import { scoreInPlanUnit } from '../evaluate/score.ts'
import { changeOf, countOf, type Estimate, estimate, NO_TALLY, type Tally } from './estimate.ts'
import type { Cell, Period, Scorecard } from './scorecard-json.ts'

export type { Tally } from './estimate.ts'

/** What is known of one eval and the labels of one row. */
export interface RowData {
  readonly now: readonly Tally[]
  /** Null where the scorecard compares with nothing. */
  readonly before: readonly Tally[] | null
  /** By step of the trend. */
  readonly steps: readonly (Tally & { readonly step: number })[]
  /** Of a judge's scores. */
  readonly scale: { readonly low: number; readonly high: number } | null
  /** By what people said of this eval in this period, all groups together; null where they said too little. */
  readonly corrected: { readonly passRate: Cell['corrected']; readonly mean: Cell['corrected'] } | null
}

/** Steps of one period. */
export const TREND_STEPS = 14
/** A row that is divided by more than so many values shows those with most subjects. */
const MOST_GROUPS = 12

export const periodOf = ({ overNs }: ScorecardPlan, slotMs: number): Period => ({
  fromMs: slotMs - overNs / 1e6,
  toMs: slotMs,
})

export function periodBefore({ versusNs }: ScorecardPlan, { fromMs }: Period): Period | null {
  return versusNs === null ? null : { fromMs: fromMs - versusNs / 1e6, toMs: fromMs }
}

/** Of both periods; the steps are of equal length and end with the period. */
export function trendOf(period: Period, before: Period | null): { fromMs: number; stepMs: number; steps: number } {
  const stepMs = (period.toMs - period.fromMs) / TREND_STEPS
  const earlier = before === null ? 0 : Math.floor((before.toMs - before.fromMs) / stepMs)
  const steps = TREND_STEPS + Math.min(earlier, 4 * TREND_STEPS)
  return { fromMs: period.toMs - steps * stepMs, stepMs, steps }
}

export interface Besides {
  readonly spend: Scorecard['spend']
  readonly worst: Scorecard['worst']
  readonly alerts: Scorecard['alerts']
}

/** `dataOf`: of the eval in the row of this index. */
export function buildScorecard(
  plan: ScorecardPlan,
  slotMs: number,
  dataOf: (evalId: string, row: number) => RowData,
  besides: Besides,
): Scorecard {
  const period = periodOf(plan, slotMs)
  const before = periodBefore(plan, period)
  const { fromMs, stepMs, steps } = trendOf(period, before)
  const rows = plan.rows.map(({ cells }, row) => ({
    cells: cells.flatMap(({ fn, evalId, type }) => {
      const data = dataOf(evalId, row)
      return groupsOf(data).map((group) => ({ fn, evalId, type, ...cellOf({ fn, type }, group, data, steps) }))
    }),
  }))
  const { id, title, owner } = plan
  return { id, title, owner, period, before, rows, trend: { fromMs, stepMs }, ...besides }
}

const keyOf = ({ group }: Pick<Tally, 'group'>): string => JSON.stringify(Object.entries(group).sort())

/** Those of the period, by name; one for all without labels. */
function groupsOf({ now }: RowData): Tally[] {
  const [first] = now
  if (first === undefined) return [NO_TALLY]
  const largest = [...now]
    .sort((a, b) => countOf(b) - countOf(a) || (keyOf(a) < keyOf(b) ? -1 : 1))
    .slice(0, MOST_GROUPS)
  return largest.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

type Measure = Pick<Cell, 'fn' | 'type'>

/** In the unit of `type`; results carry their scores in another. */
function measured({ fn, type }: Measure, tally: Tally, scale: RowData['scale']): Estimate {
  const found = estimate(fn, tally, scale)
  if (!isOfScores(fn)) return found
  const inUnit = (score: number): number => scoreInPlanUnit(score, type) ?? score
  const { value, interval } = found
  return {
    ...found,
    value: value === null ? null : inUnit(value),
    interval: interval === null ? null : { low: inUnit(interval.low), high: inUnit(interval.high) },
  }
}

const isOfScores = (fn: ScorecardFn): boolean => fn === 'mean' || fn === 'p50' || fn === 'p95' || fn === 'p99'

function cellOf(
  measure: Measure,
  now: Tally,
  { before, steps, scale, corrected }: RowData,
  stepCount: number,
): Omit<Cell, 'fn' | 'evalId' | 'type'> {
  const { fn } = measure
  const isSame = (other: Tally): boolean => keyOf(other) === keyOf(now)
  const past = before === null ? null : (before.find(isSame) ?? (fn === 'count' || fn === 'spend' ? NO_TALLY : null))
  const { value, n, interval, method } = measured(measure, now, scale)
  const { pass, fail } = now.counts
  const all = countOf(now)
  const isWhole = Object.keys(now.group).length === 0
  return {
    group: now.group,
    value,
    n,
    interval,
    method,
    coverage: all === 0 ? null : (pass + fail) / all,
    change: past === null ? null : changeOf({ value, n, interval, method }, measured(measure, past, scale)),
    corrected: !isWhole
      ? null
      : fn === 'mean'
        ? (corrected?.mean ?? null)
        : fn === 'pass_rate'
          ? (corrected?.passRate ?? null)
          : null,
    trend: Array.from({ length: stepCount }, (_, step) => {
      const tally = steps.find((one) => one.step === step && isSame(one))
      if (tally === undefined) return null
      // The step's own interval is nobody's business.
      return measured(measure, tally, null).value
    }),
  }
}
