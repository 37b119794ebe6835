/** What a backtest found, before it is written in one form or another. */
import { diffPlans, type Effect } from '../../dsl/diff-plans.ts'
import type { Plan, ValueType } from '../../dsl/plan.ts'
import type { AlertBacktest } from '../../engine/backtest/alerts.ts'
import type { Backtest, Flip } from '../../engine/backtest/backtest.ts'
import { compareEval, type EvalComparison } from '../../engine/backtest/compare.ts'
import { scoreTypeOf } from '../../engine/evaluate/score.ts'
import type { TraceWindow } from '../../storage/traces/port.ts'

export type Standing = 'new' | 'removed' | 'changed' | 'same'

export interface BacktestRow extends EvalComparison {
  id: string
  /** Its former id, when it was renamed. */
  from: string | null
  standing: Standing
  effects: Effect[]
  examples: Flip[]
  /** Subjects of its kind that its scope leaves out, and of these those for want of a field. */
  filtered: number
  filteredUnknown: number
  scoreType: ValueType | null
}

export interface BacktestReport {
  before: string
  after: string
  source: string
  window: TraceWindow
  traces: number
  spans: number
  openTraces: number
  /** Subjects with a verdict, of both sides. */
  judged: number
  evaluationMs: number
  masked: { taken: number; unknown: number }
  /** Changed first, then new, removed and the same; by id. */
  rows: BacktestRow[]
  /** Ids of offline evals that would need a judge. */
  notJudged: string[]
  /** Of the later side. */
  alerts: AlertBacktest[]
}

const ORDER: readonly Standing[] = ['changed', 'new', 'removed', 'same']

export function reportOf(
  backtest: Backtest,
  plans: { before: Plan; after: Plan },
  rest: Omit<BacktestReport, 'traces' | 'spans' | 'judged' | 'masked' | 'rows' | 'notJudged'>,
): BacktestReport {
  const changes = new Map(
    diffPlans(plans.before, plans.after).evals.flatMap((diff) =>
      diff.change === 'changed' ? [[diff.id, diff.effects] as const] : [],
    ),
  )
  const rows = backtest.evals().flatMap((one): BacktestRow[] => {
    const plan = one.after ?? one.before
    if (plan === null) return []
    const effects = changes.get(plan.id) ?? []
    const judgedAnew = effects.includes('series') || effects.includes('verdicts')
    const standing = one.before === null ? 'new' : one.after === null ? 'removed' : judgedAnew ? 'changed' : 'same'
    const { filtered, filteredUnknown } = one.ledger
    return [
      {
        id: plan.id,
        from: one.before !== null && one.before.id !== plan.id ? one.before.id : null,
        standing,
        effects,
        examples: one.examples,
        filtered,
        filteredUnknown,
        scoreType: plan.kind === 'offline' || plan.score === null ? null : scoreTypeOf(plan.score),
        ...compareEval(one),
      },
    ]
  })
  const place = (row: BacktestRow): number => ORDER.indexOf(row.standing)
  rows.sort((a, b) => place(a) - place(b) || (a.id < b.id ? -1 : 1))
  const { traces, spans, judged } = backtest.counts
  const told = new Set(rows.map(({ id }) => id))
  const notJudged = plans.after.evals.filter(({ kind, id }) => kind === 'offline' && !told.has(id)).map(({ id }) => id)
  return { ...rest, traces, spans, judged, masked: backtest.masked(), rows, notJudged }
}
