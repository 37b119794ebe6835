import type { Expr, ValueType } from './plan.ts'

/** The type of an expression of a plan. */
export function typeOfExpr(expr: Expr): ValueType {
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
