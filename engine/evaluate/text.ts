/** Operators on texts: `contains`, `starts with`, `matches`, `is json`, `length`. */
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { isEqual } from './compare.ts'
import type { Compiler } from './compiler.ts'
import type { Context, TruthFn, ValueFn } from './context.ts'
import type { Value } from './fields.ts'
import { nameOf } from './names.ts'
import { FALSE, stronger, TRUE, type Truth, truthOf, UNKNOWN } from './truth.ts'

/** UTF-16 code units of a text that patterns and `is json` look at; what lies beyond is truncated. */
export const MAX_TEXT_UNITS = 65_536

/** A text contains a text; a list contains an element. */
export function compileContains(expr: Extract<Expr, { op: 'contains' }>, compiler: Compiler): TruthFn {
  return binary(expr.left, expr.right, compiler, (whole, part) =>
    Array.isArray(whole)
      ? whole.some((item: Value) => isEqual(item, part))
      : (whole as string).includes(part as string),
  )
}

export function compileStartsWith(expr: Extract<Expr, { op: 'starts_with' }>, compiler: Compiler): TruthFn {
  return binary(expr.left, expr.right, compiler, (whole, part) => (whole as string).startsWith(part as string))
}

function binary(leftExpr: Expr, rightExpr: Expr, compiler: Compiler, test: (a: Value, b: Value) => boolean): TruthFn {
  const left = compiler.value(leftExpr)
  const right = compiler.value(rightExpr)
  return (context) => {
    const a = left(context)
    const leftWhy = context.why
    const b = right(context)
    if (a !== undefined && b !== undefined) return truthOf(test(a, b))
    if (a === undefined) context.why = b === undefined ? stronger(leftWhy, context.why) : leftWhy
    return UNKNOWN
  }
}

/** A match within the cap is a match; without one, a text that goes on beyond it leaves the answer open. */
export function compileMatches(expr: Extract<Expr, { op: 'matches' }>, compiler: Compiler): TruthFn {
  const value = compiler.value(expr.value)
  const { patterns } = compiler
  const group = patterns.group(expr.patterns)
  const cutShort: Reason = { code: 'truncated', field: nameOf(expr.value, compiler) }
  return (context) => {
    const text = value(context)
    if (text === undefined) return UNKNOWN
    if ((text as string).length <= MAX_TEXT_UNITS) return truthOf(patterns.anyMatch(group, text as string))
    if (patterns.anyMatch(group, (text as string).slice(0, MAX_TEXT_UNITS))) return TRUE
    return unknown(context, cutShort)
  }
}

export function compileIsJson(expr: Extract<Expr, { op: 'is_json' }>, compiler: Compiler): TruthFn {
  const value = compiler.value(expr.arg)
  const cutShort: Reason = { code: 'truncated', field: nameOf(expr.arg, compiler) }
  return (context) => {
    const text = value(context)
    if (text === undefined) return UNKNOWN
    return (text as string).length > MAX_TEXT_UNITS ? unknown(context, cutShort) : isJson(text as string)
  }
}

function isJson(text: string): Truth {
  try {
    JSON.parse(text)
    return TRUE
  } catch {
    return FALSE
  }
}

function unknown(context: Context, why: Reason): Truth {
  context.why = why
  return UNKNOWN
}

/** UTF-16 units of a text, elements of a list. */
export function compileLength(expr: Extract<Expr, { op: 'length' }>, compiler: Compiler): ValueFn {
  const value = compiler.value(expr.arg)
  return (context) => (value(context) as string | readonly Value[] | undefined)?.length
}
