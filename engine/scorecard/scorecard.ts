/** A scorecard's values over a period, each with its interval, its coverage, and the difference from the period before. Pure. */
import type { ScorecardFn, ScorecardPlan, ValueType } from '../../dsl/plan.ts'
import { newcombeDifference } from '../statistics/newcombe-difference.ts'
import { wilsonInterval } from '../statistics/wilson-interval.ts'
import type { Cell, Period, Scorecard } from './scorecard-json.ts'

/** Of one eval and part of the traffic in one period. */
export interface Tally {
  readonly group: Readonly<Record<string, string>>
  readonly counts: { readonly pass: number; readonly fail: number; readonly unknown: number; readonly error: number }
  readonly scores: { readonly count: number; readonly sum: number; readonly sumSquares: number }
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
  for (const tally of tallies) {
    if (!Object.entries(group).every(([label, value]) => (tally.group[label] ?? '(none)') === value)) continue
    for (const verdict of ['pass', 'fail', 'unknown', 'error'] as const) sum.counts[verdict] += tally.counts[verdict]
    for (const part of ['count', 'sum', 'sumSquares'] as const) sum.scores[part] += tally.scores[part]
  }
  return sum
}

/** Which share of what; null for what is no share. */
function shareOf(fn: ScorecardFn, { pass, fail, unknown, error }: Tally['counts']): { k: number; n: number } | null {
  const decided = pass + fail
  const all = decided + unknown + error
  switch (fn) {
    case 'pass_rate':
      return { k: pass, n: decided }
    case 'fail_rate':
      return { k: fail, n: decided }
    case 'unknown_rate':
      return { k: unknown, n: all }
    case 'error_rate':
      return { k: error, n: all }
    case 'coverage':
      return { k: decided, n: all }
    default:
      return null
  }
}

function meanOf({ count, sum, sumSquares }: Tally['scores']): { value: number; se: number } | null {
  if (count === 0) return null
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
  const share = shareOf(fn, now.counts)
  if (share !== null) {
    const { k, n } = share
    const { lower, upper } = wilsonInterval({ k, n, alpha: ALPHA })
    const past = before === null ? null : shareOf(fn, before.counts)
    return {
      ...common,
      n,
      value: n === 0 ? null : k / n,
      interval: n === 0 ? null : { low: lower, high: upper },
      change: past === null || past.n === 0 || n === 0 ? null : changeOfShare(share, past),
    }
  }
  if (fn === 'mean') {
    const mean = meanOf(now.scores)
    const past = before === null ? null : meanOf(before.scores)
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

function changeOfShare(now: { k: number; n: number }, before: { k: number; n: number }): NonNullable<Cell['change']> {
  const difference = newcombeDifference({ k1: now.k, n1: now.n, k2: before.k, n2: before.n, alpha: ALPHA })
  const { lower, upper } = difference
  const interval = { low: lower, high: upper }
  return { before: before.k / before.n, delta: difference.difference, interval, isClear: lower > 0 || upper < 0 }
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
