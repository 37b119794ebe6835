/** `count any all sum mean min max p50 p95 p99` over the spans of a trace. */
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { type BoundFn, type Bounds, type Compiler, UNBOUNDED } from './compiler.ts'
import type { Context, TruthFn, ValueFn } from './context.ts'
import { nameOf } from './names.ts'
import { compileSelector, type SelectFn } from './select.ts'
import { FALSE, stronger, TRUE, type Truth, UNKNOWN } from './truth.ts'

type Aggregate = Extract<Expr, { op: 'aggregate' }>

/**
 * `any` and `all`: Kleene's or over `where and condition`, and over `not where or condition`, so that a span of which it is
 * not known whether it belongs matters only if its condition does. Without a condition, `any` asks whether there is one.
 */
export function compileQuantifier(expr: Aggregate, compiler: Compiler): TruthFn {
  const { subject, where } = expr.over
  const select = compileSelector({ subject, where: null }, compiler)
  const deciding: Truth = expr.fn === 'any' ? TRUE : FALSE
  const otherwise: Truth = expr.fn === 'any' ? FALSE : TRUE
  const value: Expr = expr.value ?? { op: 'literal', type: { kind: 'bool' }, value: true }
  const condition = compiler.over(subject).truth(where === null ? value : restricted(expr.fn, where, value))
  return (context) => {
    const selected = select(context)
    const outer = context.span
    let why = context.selectionWhy
    let decided = false
    for (let i = 0; i < selected.length && !decided; i++) {
      context.span = selected[i]
      const truth = condition(context)
      if (truth === deciding) decided = true
      else if (truth === UNKNOWN) why = why === undefined ? context.why : stronger(why, context.why)
    }
    context.span = outer
    if (decided) return deciding
    if (why === undefined) return otherwise
    context.why = why
    return UNKNOWN
  }
}

function restricted(fn: Aggregate['fn'], where: Expr, value: Expr): Expr {
  return fn === 'any' ? { op: 'and', args: [where, value] } : { op: 'or', args: [{ op: 'not', arg: where }, value] }
}

/** The numeric aggregates. Missing when an element is (and for all but count and sum, when there is none). */
export function compileAggregate(expr: Aggregate, compiler: Compiler): ValueFn {
  const select = compileSelector(expr.over, compiler, expr.fn === 'count' ? 'total' : 'open')
  if (expr.fn === 'count') return (context) => counted(select(context).length, context)
  const elements = collectElements(expr, select, compiler)
  const combine = COMBINE[expr.fn as keyof typeof COMBINE]
  if (combine === undefined) throw new RangeError(`${expr.fn} is not a numeric aggregate`)
  const empty: Reason = { code: 'not_captured', field: nameOf(expr, compiler) }
  return (context) => {
    const { known, why } = elements(context)
    if (why === undefined && (known.length > 0 || expr.fn === 'sum')) return combine(known)
    context.why = why ?? empty
    return undefined
  }
}

function counted(count: number, context: Context): number | undefined {
  if (context.selectionWhy === undefined) return count
  context.why = context.selectionWhy
  return undefined
}

interface Elements {
  readonly known: number[]
  /** Why others are lacking. */
  readonly why: Reason | undefined
}

function collectElements(expr: Aggregate, select: SelectFn, compiler: Compiler): (context: Context) => Elements {
  if (expr.value === null) throw new TypeError(`${expr.fn} needs a value to aggregate`)
  const value = compiler.over(expr.over.subject).value(expr.value)
  return (context) => {
    const selected = select(context)
    const outer = context.span
    let why = context.selectionWhy
    const known: number[] = []
    for (let i = 0; i < selected.length; i++) {
      context.span = selected[i]
      const element = value(context)
      if (element === undefined) why = why === undefined ? context.why : stronger(why, context.why)
      else known.push(element as number)
    }
    context.span = outer
    return { known, why }
  }
}

const COMBINE = {
  sum: (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0),
  mean: (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0) / xs.length,
  min: (xs: readonly number[]) => xs.reduce((least, x) => Math.min(least, x), Number.POSITIVE_INFINITY),
  max: (xs: readonly number[]) => xs.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY),
  p50: (xs: readonly number[]) => percentile(xs, 50),
  p95: (xs: readonly number[]) => percentile(xs, 95),
  p99: (xs: readonly number[]) => percentile(xs, 99),
} as const

/**
 * Nearest rank (Hyndman and Fan's definition 1): the smallest observed value with at least `percent` % of the values at or
 * below it. No interpolation, so a duration stays one that occurred and a count stays whole.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)]!
}

/**
 * What the known elements say of a missing aggregate. A sum of what can't be negative is at least its known part, a maximum
 * at least the known one, a minimum at most; a count over a cut trace is at least what was seen.
 */
export function aggregateBounds(expr: Aggregate, compiler: Compiler): Bounds {
  const select = compileSelector(expr.over, compiler, expr.fn === 'count' ? 'total' : 'open')
  if (expr.fn === 'count') {
    return { partial: true, low: (context) => select(context).length, high: exact(compileAggregate(expr, compiler)) }
  }
  if (expr.fn !== 'sum' && expr.fn !== 'min' && expr.fn !== 'max') return UNBOUNDED
  const elements = collectElements(expr, select, compiler)
  const combine = COMBINE[expr.fn]
  const ofKnown: BoundFn = (context) => {
    const { known } = elements(context)
    return known.length === 0 && expr.fn !== 'sum' ? undefined : combine(known)
  }
  if (expr.fn === 'min') return { partial: true, low: null, high: ofKnown }
  return expr.fn === 'max' || isNonNegative(expr.value) ? { partial: true, low: ofKnown, high: null } : UNBOUNDED
}

/** A value as its own bound, when it is known. */
export function exact(value: ValueFn): BoundFn {
  return (context) => {
    const known = value(context)
    return typeof known === 'number' ? known : undefined
  }
}

/** Schema fields are counts, times and amounts; an attribute may hold any number. */
function isNonNegative(expr: Expr | null): boolean {
  if (expr === null) return false
  switch (expr.op) {
    case 'field':
    case 'trace_field':
    case 'length':
    case 'repeats':
      return true
    case 'literal':
      return typeof expr.value === 'number' && expr.value >= 0
    case 'arith':
      return expr.fn !== '-' && isNonNegative(expr.left) && isNonNegative(expr.right)
    case 'default':
      return isNonNegative(expr.left) && isNonNegative(expr.right)
    default:
      return false
  }
}
