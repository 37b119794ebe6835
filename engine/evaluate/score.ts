/**
 * The unit in which a result carries its score: durations in milliseconds, money in units of its currency (US dollars),
 * ratios 0..1, and everything else (tokens, counts, a judge's scale) as it is. Expressions work in the plan's units
 * (nanoseconds, micro-units) throughout; this is the one place where a score leaves them.
 */
import type { EvalPlan, Expr, ValueType } from '../../dsl/plan.ts'
import type { Value } from './fields.ts'

const NS_PER_MS = 1e6
const MICRO_PER_UNIT = 1e6

export function scoreInResultUnit(value: Value | undefined, type: ValueType): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  switch (type.kind) {
    case 'duration':
      return value / NS_PER_MS
    case 'money':
      return value / MICRO_PER_UNIT
    default:
      return value
  }
}

/**
 * What a score of this eval counts, as results carry it: `ms`, a currency's code (`USD`), `ratio` (0..1), `tokens`; null for plain
 * numbers, for a judge's scale and where there is no score.
 */
export function scoreUnitOf(plan: EvalPlan): string | null {
  if (plan.kind === 'offline' || plan.score === null) return null
  const type = scoreTypeOf(plan.score)
  switch (type.kind) {
    case 'duration':
      return 'ms'
    case 'money':
      return type.currency
    case 'ratio':
    case 'tokens':
      return type.kind
    default:
      return null
  }
}

/** The type of a `score:` clause. */
export function scoreTypeOf(expr: Expr): ValueType {
  switch (expr.op) {
    case 'literal':
    case 'field':
    case 'trace_field':
    case 'attr':
    case 'score':
    case 'arith':
    case 'default':
    case 'aggregate':
      return expr.type
    case 'length':
    case 'repeats':
      return { kind: 'int' }
    default:
      return { kind: 'bool' }
  }
}
