/** Operators on texts: `contains`, `starts with`, `matches`, `is json`, `length`. */
import { CAPS } from '../../dsl/caps.ts'
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { isEqual } from './compare.ts'
import type { Compiler } from './compiler.ts'
import type { Context, TruthFn, ValueFn } from './context.ts'
import type { Value } from './fields.ts'
import { nameOf } from './names.ts'
import { FALSE, stronger, TRUE, type Truth, truthOf, UNKNOWN } from './truth.ts'

/** A text contains a text; a list contains an element. As with patterns, what lies beyond the cap leaves the answer open. */
export function compileContains(expr: Extract<Expr, { op: 'contains' }>, compiler: Compiler): TruthFn {
  const cutShort: Reason = { code: 'truncated', field: nameOf(expr.left, compiler) }
  return binary(expr.left, expr.right, compiler, (whole, part, context) => {
    if (Array.isArray(whole)) return truthOf(whole.some((item: Value) => isEqual(item, part)))
    const text = whole as string
    if (text.length <= CAPS.textUnits) return truthOf(text.includes(part as string))
    return text.slice(0, CAPS.textUnits).includes(part as string) ? TRUE : unknown(context, cutShort)
  })
}

export function compileStartsWith(expr: Extract<Expr, { op: 'starts_with' }>, compiler: Compiler): TruthFn {
  return binary(expr.left, expr.right, compiler, (whole, part) => truthOf((whole as string).startsWith(part as string)))
}

function binary(
  leftExpr: Expr,
  rightExpr: Expr,
  compiler: Compiler,
  test: (a: Value, b: Value, context: Context) => Truth,
): TruthFn {
  const left = compiler.value(leftExpr)
  const right = compiler.value(rightExpr)
  return (context) => {
    const a = left(context)
    const leftWhy = context.why
    const b = right(context)
    if (a !== undefined && b !== undefined) return test(a, b, context)
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
    if ((text as string).length <= CAPS.textUnits) return truthOf(patterns.anyMatch(group, text as string))
    if (patterns.anyMatch(group, (text as string).slice(0, CAPS.textUnits))) return TRUE
    return unknown(context, cutShort)
  }
}

export function compileIsJson(expr: Extract<Expr, { op: 'is_json' }>, compiler: Compiler): TruthFn {
  const value = compiler.value(expr.arg)
  const cutShort: Reason = { code: 'truncated', field: nameOf(expr.arg, compiler) }
  return (context) => {
    const text = value(context)
    if (text === undefined) return UNKNOWN
    return (text as string).length > CAPS.textUnits ? unknown(context, cutShort) : isJson(text as string)
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
