/**
 * The unit in which a result carries its score: durations in milliseconds, money in units of its currency (US dollars),
 * ratios 0..1, and everything else (tokens, counts, a judge's scale) as it is. Expressions work in the plan's units
 * (nanoseconds, micro-units) throughout; this is the one place where a score leaves them.
 */
import { typeOfExpr } from '../../dsl/expr-type.ts'
import { findMetric } from '../../dsl/metrics.ts'
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

/** The way back: what a result carries, in the unit of the plan's thresholds. */
export function scoreInPlanUnit(score: number | undefined, type: ValueType): number | undefined {
  if (score === undefined) return undefined
  switch (type.kind) {
    case 'duration':
      return score * NS_PER_MS
    case 'money':
      return score * MICRO_PER_UNIT
    default:
      return score
  }
}

/**
 * What a score of this eval counts, as results carry it: `ms`, a currency's code (`USD`), `ratio` (0..1), `tokens`; null for plain
 * numbers, for a judge's scale and where there is no score.
 */
export function scoreUnitOf(plan: EvalPlan): string | null {
  if (plan.kind === 'offline') {
    const metric = plan.method.kind === 'metric' ? findMetric(plan.method.metric.name) : undefined
    return metric?.result === 'ratio' ? 'ratio' : null
  }
  if (plan.score === null) return null
  return resultUnitOf(scoreTypeOf(plan.score))
}

/** In which unit results and the API carry what is of this type; null for plain numbers. */
export function resultUnitOf(type: ValueType): string | null {
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

/** The way back: what a score in this unit is of. */
export function typeOfResultUnit(unit: string | undefined): ValueType {
  switch (unit) {
    case undefined:
      return { kind: 'number' }
    case 'ms':
      return { kind: 'duration' }
    case 'ratio':
    case 'tokens':
      return { kind: unit }
    default:
      return { kind: 'money', currency: unit }
  }
}

/** The type of a `score:` clause. */
export const scoreTypeOf: (score: Expr) => ValueType = typeOfExpr
