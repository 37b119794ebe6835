/** A scorecard's values over a period, each with its interval, its coverage, and the difference from the period before. Pure. */
import type { ScorecardFn, ScorecardPlan, ValueType } from '../../dsl/plan.ts'
import type { Verdict } from '../model/result.ts'
import { newcombeOfRates } from '../statistics/newcombe-difference.ts'
import { wilsonOfRate } from '../statistics/wilson-interval.ts'
import type { Cell, Period, Scorecard } from './scorecard-json.ts'
import { ALL_VERDICTS, addWeighted, DECIDED, type WeightedTally, weightedMean, weightedShare } from './weighted.ts'

/** Of one eval and part of the traffic in one period. */
export interface Tally {
  readonly group: Readonly<Record<string, string>>
  readonly counts: { readonly pass: number; readonly fail: number; readonly unknown: number; readonly error: number }
  readonly scores: { readonly count: number; readonly sum: number; readonly sumSquares: number }
  /** Of what was drawn with unequal probability: counts and scores by the inverse of each's. */
  readonly weighted?: WeightedTally
}

/** What is known of one eval. */
export interface EvalData {
  readonly now: readonly Tally[]
  /** Null where the scorecard compares with nothing. */
  readonly before: readonly Tally[] | null
  /** Micro-units of USD. */
  readonly spendNow: number
  readonly spendBefore: number
}

const ALPHA = 0.05
const Z = 1.959963984540054

export const periodOf = ({ overNs }: ScorecardPlan, slotMs: number): Period => ({
  fromMs: slotMs - overNs / 1e6,
  toMs: slotMs,
})

export function periodBefore({ versusNs }: ScorecardPlan, { fromMs }: Period): Period | null {
  return versusNs === null ? null : { fromMs: fromMs - versusNs / 1e6, toMs: fromMs }
}

export function buildScorecard(
  plan: ScorecardPlan,
  slotMs: number,
  dataOf: (evalId: string) => EvalData,
  worst: Scorecard['worst'],
): Scorecard {
  const period = periodOf(plan, slotMs)
  const rows = plan.rows.map(({ cells, by }) => {
    const labels = by.map((group) => (group.kind === 'field' ? group.path : group.name))
    return {
      cells: cells.flatMap(({ fn, evalId, type }) => {
        const data = dataOf(evalId)
        return groupsOf(data, labels).map((group) => cellOf(fn, evalId, type, group, data))
      }),
    }
  })
  const { id, title, owner } = plan
  return {
    id,
    title,
    owner,
    period,
    before: periodBefore(plan, period),
    rows,
    trend: null,
    spend: null,
    worst,
    alerts: [],
  }
}

/** Those of the period, by name; one for all without labels. */
function groupsOf({ now }: EvalData, labels: readonly string[]): Record<string, string>[] {
  const found = new Map<string, Record<string, string>>()
  if (labels.length === 0) return [{}]
  for (const { group } of now) {
    const own = Object.fromEntries(labels.map((label) => [label, group[label] ?? '(none)']))
    found.set(JSON.stringify(own), own)
  }
  return [...found.keys()].sort().map((key) => found.get(key)!)
}

function total(tallies: readonly Tally[], group: Readonly<Record<string, string>>): Omit<Tally, 'group'> {
  const sum = { counts: { pass: 0, fail: 0, unknown: 0, error: 0 }, scores: { count: 0, sum: 0, sumSquares: 0 } }
  let weighted: WeightedTally | undefined
  for (const tally of tallies) {
    if (!Object.entries(group).every(([label, value]) => (tally.group[label] ?? '(none)') === value)) continue
    for (const verdict of ['pass', 'fail', 'unknown', 'error'] as const) sum.counts[verdict] += tally.counts[verdict]
    for (const part of ['count', 'sum', 'sumSquares'] as const) sum.scores[part] += tally.scores[part]
    if (tally.weighted !== undefined)
      weighted = weighted === undefined ? tally.weighted : addWeighted(weighted, tally.weighted)
  }
  return { ...sum, ...(weighted !== undefined && { weighted }) }
}

const SHARES: Partial<Record<ScorecardFn, { of: readonly Verdict[]; among: readonly Verdict[] }>> = {
  pass_rate: { of: ['pass'], among: DECIDED },
  fail_rate: { of: ['fail'], among: DECIDED },
  unknown_rate: { of: ['unknown'], among: ALL_VERDICTS },
  error_rate: { of: ['error'], among: ALL_VERDICTS },
  coverage: { of: DECIDED, among: ALL_VERDICTS },
}

interface Share {
  rate: number
  /** Subjects, and how many of equal weight would tell as much. */
  n: number
  ess: number
}

/** Null for what is no share. */
function shareOf(fn: ScorecardFn, { counts, weighted }: Omit<Tally, 'group'>): Share | null {
  const share = SHARES[fn]
  if (share === undefined) return null
  const { of, among } = share
  const sumOf = (verdicts: readonly Verdict[]): number => verdicts.reduce((sum, verdict) => sum + counts[verdict], 0)
  const n = sumOf(among)
  const by = weighted === undefined ? null : weightedShare(weighted, of, among, n)
  return { n, ...(by ?? { rate: n === 0 ? 0 : sumOf(of) / n, ess: n }) }
}

function meanOf({ scores, weighted }: Omit<Tally, 'group'>): { value: number; se: number } | null {
  const { count, sum, sumSquares } = scores
  if (count === 0) return null
  const by = weighted === undefined ? null : weightedMean(weighted, count)
  if (by !== null) return by
  const value = sum / count
  const variance = count < 2 ? 0 : Math.max(0, (sumSquares - count * value * value) / (count - 1))
  return { value, se: Math.sqrt(variance / count) }
}

function cellOf(
  fn: ScorecardFn,
  evalId: string,
  type: ValueType,
  group: Readonly<Record<string, string>>,
  data: EvalData,
): Cell {
  const now = total(data.now, group)
  const before = data.before === null ? null : total(data.before, group)
  const { pass, fail, unknown, error } = now.counts
  const all = pass + fail + unknown + error
  const common = {
    fn,
    evalId,
    group,
    type,
    coverage: all === 0 ? null : (pass + fail) / all,
    method: null,
    corrected: null,
    trend: [],
  }
  const share = shareOf(fn, now)
  if (share !== null) {
    const { rate, n, ess } = share
    const { lower, upper } = wilsonOfRate({ rate, n: ess, alpha: ALPHA })
    const past = before === null ? null : shareOf(fn, before)
    return {
      ...common,
      n,
      value: n === 0 ? null : rate,
      interval: n === 0 ? null : { low: lower, high: upper },
      change: past === null || past.n === 0 || n === 0 ? null : changeOfShare(share, past),
    }
  }
  if (fn === 'mean') {
    const mean = meanOf(now)
    const past = before === null ? null : meanOf(before)
    const half = mean === null ? 0 : Z * mean.se
    return {
      ...common,
      n: now.scores.count,
      value: mean?.value ?? null,
      interval: mean === null || now.scores.count < 2 ? null : { low: mean.value - half, high: mean.value + half },
      change: mean === null || past === null ? null : changeOfMean(mean, past),
    }
  }
  const [value, past] =
    fn === 'spend' ? [data.spendNow, data.spendBefore] : [all, before === null ? 0 : countOf(before)]
  const change = before === null ? null : { before: past, delta: value - past, interval: null, isClear: value !== past }
  return { ...common, n: all, value, interval: null, change }
}

const countOf = ({ counts: { pass, fail, unknown, error } }: Omit<Tally, 'group'>): number =>
  pass + fail + unknown + error

function changeOfShare(now: Share, before: Share): NonNullable<Cell['change']> {
  const difference = newcombeOfRates({
    rate1: now.rate,
    n1: now.ess,
    rate2: before.rate,
    n2: before.ess,
    alpha: ALPHA,
  })
  const { lower, upper } = difference
  const interval = { low: lower, high: upper }
  return { before: before.rate, delta: difference.difference, interval, isClear: lower > 0 || upper < 0 }
}

function changeOfMean(
  now: { value: number; se: number },
  before: { value: number; se: number },
): NonNullable<Cell['change']> {
  const delta = now.value - before.value
  const half = Z * Math.hypot(now.se, before.se)
  return {
    before: before.value,
    delta,
    interval: { low: delta - half, high: delta + half },
    isClear: Math.abs(delta) > half,
  }
}
