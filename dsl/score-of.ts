/** What is known of an eval's scores without having seen one: their type, how far they reach, and which are better. */
import { typeOfExpr } from './expr-type.ts'
import { findMetric } from './metrics.ts'
import type { EvalPlan, Expr, ValueType } from './plan.ts'

export interface Range {
  readonly low: number
  readonly high: number
}

export interface ScoreFacts {
  readonly type: ValueType
  readonly range: Range
  /** Null where `pass:` does not tell. */
  readonly better: 'higher' | 'lower' | null
}

const UNBOUNDED: Range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }

/** Where values of a type lie. */
export function rangeOf(type: ValueType): Range {
  if (type.kind === 'ratio') return { low: 0, high: 1 }
  return ['duration', 'money', 'tokens'].includes(type.kind) ? { ...UNBOUNDED, low: 0 } : UNBOUNDED
}

/** Null: the eval has no score. */
export function scoreOf(plan: EvalPlan): ScoreFacts | null {
  const better = betterIn(plan.pass)
  if (plan.kind === 'offline') {
    const { method } = plan
    if (method.kind === 'rubric') return { type: { kind: 'number' }, range: method.scale, better }
    const type: ValueType = { kind: findMetric(method.metric.name)?.result ?? 'number' }
    return { type, range: rangeOf(type), better: better ?? 'higher' }
  }
  if (plan.score === null) return null
  const type = typeOfExpr(plan.score)
  return { type, range: rangeOf(type), better }
}

/** `score >= 4`: higher is better; null where comparisons disagree or there is none. */
function betterIn(pass: Expr): ScoreFacts['better'] {
  const found = new Set<'higher' | 'lower'>()
  const turned = { higher: 'lower', lower: 'higher' } as const
  const visit = (expr: Expr, upright: boolean): void => {
    if (expr.op === 'and' || expr.op === 'or') for (const arg of expr.args) visit(arg, upright)
    else if (expr.op === 'not') visit(expr.arg, !upright)
    else if (expr.op === 'compare' && expr.cmp !== '==' && expr.cmp !== '!=') {
      const left = expr.left.op === 'score'
      if (left === (expr.right.op === 'score')) return
      const higher = expr.cmp.startsWith('>') === left ? 'higher' : 'lower'
      found.add(upright ? higher : turned[higher])
    }
  }
  visit(pass, true)
  const [only, other] = [...found]
  return other === undefined ? (only ?? null) : null
}
