/** Comparisons, `in` and arithmetic, with what bounds can decide where a value is missing. */
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { type BoundFn, type Bounds, type Compiler, UNBOUNDED } from './compiler.ts'
import type { Context, TruthFn, ValueFn } from './context.ts'
import type { Value } from './fields.ts'
import { FALSE, stronger, TRUE, type Truth, truthOf, UNKNOWN } from './truth.ts'

type Cmp = Extract<Expr, { op: 'compare' }>['cmp']

const TESTS: Readonly<Record<Cmp, (a: Value, b: Value) => boolean>> = {
  '==': isEqual,
  '!=': (a, b) => !isEqual(a, b),
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

export function compileCompare(expr: Extract<Expr, { op: 'compare' }>, compiler: Compiler): TruthFn {
  const left = compiler.value(expr.left)
  const right = compiler.value(expr.right)
  const test = TESTS[expr.cmp]
  const decide = decideByBounds(expr.cmp, compiler.bounds(expr.left), compiler.bounds(expr.right))
  return (context) => {
    const a = left(context)
    if (a === undefined) {
      const why = context.why
      return unknownUnless(decide, right(context) === undefined ? stronger(why, context.why) : why, context)
    }
    const b = right(context)
    if (b === undefined) return unknownUnless(decide, context.why, context)
    return truthOf(test(a, b))
  }
}

function unknownUnless(decide: TruthFn | null, why: Reason, context: Context): Truth {
  if (decide !== null) {
    const decided = decide(context)
    if (decided !== UNKNOWN) return decided
  }
  context.why = why
  return UNKNOWN
}

/** The comparison of two intervals: null where neither side knows more than its value. */
function decideByBounds(cmp: Cmp, left: Bounds, right: Bounds): TruthFn | null {
  if (!left.partial && !right.partial) return null
  const surelyLess = (a: Bounds, b: Bounds, orEqual: boolean): TruthFn | null => {
    const { high } = a
    const { low } = b
    if (high === null || low === null) return null
    return (context) => {
      const most = high(context)
      const least = low(context)
      if (most === undefined || least === undefined) return UNKNOWN
      return (orEqual ? most <= least : most < least) ? TRUE : UNKNOWN
    }
  }
  switch (cmp) {
    case '<':
      return eitherOr(surelyLess(left, right, false), surelyLess(right, left, true))
    case '<=':
      return eitherOr(surelyLess(left, right, true), surelyLess(right, left, false))
    case '>':
      return eitherOr(surelyLess(right, left, false), surelyLess(left, right, true))
    case '>=':
      return eitherOr(surelyLess(right, left, true), surelyLess(left, right, false))
    // Apart means unequal; equal is never sure while a part is missing.
    case '==':
      return eitherOr(null, eitherOr(surelyLess(left, right, false), null, surelyLess(right, left, false)))
    case '!=':
      return eitherOr(surelyLess(left, right, false), null, surelyLess(right, left, false))
  }
}

/** TRUE when `holds` (or `alsoHolds`) is sure, FALSE when `fails` is. */
function eitherOr(holds: TruthFn | null, fails: TruthFn | null, alsoHolds: TruthFn | null = null): TruthFn | null {
  if (holds === null && fails === null && alsoHolds === null) return null
  return (context) => {
    if (holds !== null && holds(context) === TRUE) return TRUE
    if (alsoHolds !== null && alsoHolds(context) === TRUE) return TRUE
    return fails !== null && fails(context) === TRUE ? FALSE : UNKNOWN
  }
}

/** True when any item equals the value; an item that is missing leaves it open. */
export function compileIn(expr: Extract<Expr, { op: 'in' }>, compiler: Compiler): TruthFn {
  const value = compiler.value(expr.value)
  const items = expr.items.map((item) => compiler.value(item))
  return (context) => {
    const needle = value(context)
    let why = needle === undefined ? context.why : undefined
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!(context)
      if (item === undefined) why = why === undefined ? context.why : stronger(why, context.why)
      else if (needle !== undefined && isEqual(needle, item)) return TRUE
    }
    // Nothing is in an empty list, whatever it is.
    if (why === undefined || items.length === 0) return FALSE
    context.why = why
    return UNKNOWN
  }
}

export function isEqual(a: Value, b: Value): boolean {
  if (a === b) return true
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  return a.every((item: Value, i) => isEqual(item, b[i] as Value))
}

const ARITHMETIC = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
} as const

export function compileArithmetic(expr: Extract<Expr, { op: 'arith' }>, compiler: Compiler): ValueFn {
  const left = compiler.value(expr.left)
  const right = compiler.value(expr.right)
  const combine = ARITHMETIC[expr.fn]
  return (context) => {
    const a = left(context)
    const leftWhy = context.why
    const b = right(context)
    if (a !== undefined && b !== undefined) return combine(a as number, b as number)
    if (a === undefined) context.why = b === undefined ? stronger(leftWhy, context.why) : leftWhy
    return undefined
  }
}

/** Interval arithmetic where it is exact without knowing signs: sums and differences. */
export function arithmeticBounds(expr: Extract<Expr, { op: 'arith' }>, compiler: Compiler): Bounds {
  const left = compiler.bounds(expr.left)
  const right = compiler.bounds(expr.right)
  const partial = left.partial || right.partial
  if (expr.fn === '+') return { partial, low: both('+', left.low, right.low), high: both('+', left.high, right.high) }
  if (expr.fn === '-') return { partial, low: both('-', left.low, right.high), high: both('-', left.high, right.low) }
  return UNBOUNDED
}

function both(fn: '+' | '-', left: BoundFn | null, right: BoundFn | null): BoundFn | null {
  if (left === null || right === null) return null
  return (context) => {
    const a = left(context)
    const b = right(context)
    return a === undefined || b === undefined ? undefined : ARITHMETIC[fn](a, b)
  }
}
