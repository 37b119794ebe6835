/** `+ - *`, with units: no conversions, no mixing, and constant parts worked out at once. */
import type { Expr } from '../plan.ts'
import type { Span } from '../source.ts'
import type { ExprNode } from '../syntax/ast.ts'
import { describeType, isNumeric, NUMBER, planType, type Type } from '../types.ts'
import { ERRONEOUS, type ExprContext, type Typed } from './context.ts'
import { aligned, reportMismatch } from './mismatch.ts'

type BinaryNode = Extract<ExprNode, { kind: 'binary' }>

export function elaborateArithmetic(
  node: BinaryNode,
  fn: '+' | '-' | '*',
  a: Typed,
  b: Typed,
  context: ExprContext,
): Typed {
  if (a.type.kind === 'unknown' || b.type.kind === 'unknown') return ERRONEOUS
  const [left, right] = fn === '*' ? [a, b] : aligned(a, b)
  for (const [side, at] of [
    [left, node.left],
    [right, node.right],
  ] as const) {
    if (isNumeric(side.type)) continue
    context.module.reporter.report(
      'E0201',
      at.span,
      `\`${fn}\` takes numbers, and this is ${describeType(side.type)}`,
      { label: 'not a number' },
    )
    return ERRONEOUS
  }
  const type = fn === '*' ? product(left.type, right.type) : sum(fn, left.type, right.type)
  if (type === null) {
    const rule = fn === '*' ? '`*` multiplies by a plain number' : `\`${fn}\` takes two values of one type`
    reportMismatch(node, left.type, right.type, rule, context)
    return ERRONEOUS
  }
  const missing = [...left.missing, ...right.missing]
  return { expr: fold(fn, left.expr, right.expr, type), type, flexible: left.flexible && right.flexible, missing }
}

/** A plain number scales anything; nothing else multiplies. */
function product(a: Type, b: Type): Type | null {
  const plain = (type: Type): boolean => type.kind === 'int' || type.kind === 'number'
  if (plain(a) && plain(b)) return a.kind === 'int' && b.kind === 'int' ? a : NUMBER
  if (plain(b)) return a
  return plain(a) ? b : null
}

function sum(fn: '+' | '-', a: Type, b: Type): Type | null {
  if (a.kind === 'ratio' && b.kind === 'ratio') return fn === '-' ? { kind: 'points' } : null
  if (a.kind === 'ratio' && b.kind === 'points') return a
  if (a.kind === 'money' && b.kind === 'money') return a.currency === b.currency ? a : null
  if ((a.kind === 'int' && b.kind === 'number') || (a.kind === 'number' && b.kind === 'int')) return NUMBER
  return a.kind === b.kind ? a : null
}

/** Two literals make one, so that naming or splitting a constant changes nothing in the plan. */
function fold(fn: '+' | '-' | '*', left: Expr, right: Expr, type: Type): Expr {
  const plan = planType(type)
  if (left.op !== 'literal' || right.op !== 'literal') return { op: 'arith', fn, left, right, type: plan }
  const a = Number(left.value)
  const b = Number(right.value)
  const exact = fn === '+' ? a + b : fn === '-' ? a - b : a * b
  const counted = type.kind === 'duration' || type.kind === 'money'
  return { op: 'literal', type: plan, value: counted ? Math.round(exact) : exact }
}

export function negate(typed: Typed, span: Span, context: ExprContext): Typed {
  if (typed.type.kind === 'unknown') return ERRONEOUS
  if (!isNumeric(typed.type)) {
    context.module.reporter.report('E0201', span, `\`-\` takes a number, and this is ${describeType(typed.type)}`, {
      label: 'not a number',
    })
    return ERRONEOUS
  }
  const zero: Expr = { op: 'literal', type: planType(typed.type), value: 0 }
  return { ...typed, expr: fold('-', zero, typed.expr, typed.type) }
}
