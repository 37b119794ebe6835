import { literalValue } from '../literals.ts'
import type { ExprNode } from '../syntax/ast.ts'
import { planType, type Type } from '../types.ts'
import { ERRONEOUS, type ExprContext, type Typed } from './context.ts'

export function elaborateLiteral(node: Extract<ExprNode, { kind: 'literal' }>, context: ExprContext): Typed {
  const found = literalValue(node)
  if (found === null) {
    context.module.reporter.report('E0007', node.span, `\`${node.raw}\` is more than can be counted exactly`)
    return ERRONEOUS
  }
  if (node.token === 'time') {
    context.module.reporter.report(
      'E0201',
      node.span,
      `a time of day is not a value: it belongs to \`every: day at ${node.raw}\``,
    )
    return ERRONEOUS
  }
  return typedLiteral(found.type, found.value, node.token === 'int' || node.token === 'decimal')
}

export function typedLiteral(type: Type, value: string | number | boolean, flexible = false): Typed {
  return { expr: { op: 'literal', type: planType(type), value }, type, flexible, missing: [] }
}

/** A bare number takes the type of its place: `4000` is tokens beside tokens, and a number beside a number. */
export function adapt(typed: Typed, to: Type): Typed {
  const { expr } = typed
  if (!typed.flexible || expr.op !== 'literal') return typed
  const whole = Number.isInteger(expr.value)
  if (to.kind === 'number' || (whole && (to.kind === 'int' || to.kind === 'tokens')))
    return { ...typed, expr: { ...expr, type: planType(to) }, type: to }
  return typed
}
