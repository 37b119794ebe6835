import type { Expr } from './plan.ts'

/** Calls `visit` for an expression and all inside it, outermost first; aggregates' conditions and values too. */
export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr)
  for (const child of children(expr)) walkExpr(child, visit)
}

export function children(expr: Expr): readonly Expr[] {
  switch (expr.op) {
    case 'and':
    case 'or':
      return expr.args
    case 'not':
    case 'is_missing':
    case 'is_present':
    case 'length':
    case 'is_json':
      return [expr.arg]
    case 'compare':
    case 'arith':
    case 'contains':
    case 'starts_with':
    case 'default':
      return [expr.left, expr.right]
    case 'in':
      return [expr.value, ...expr.items]
    case 'matches':
      return [expr.value]
    case 'aggregate':
      return [expr.value, expr.over.where].filter((child) => child !== null)
    case 'before':
      return [expr.a.where, expr.b.where].filter((child) => child !== null)
    case 'repeats':
      return expr.over.where === null ? [] : [expr.over.where]
    case 'literal':
    case 'field':
    case 'trace_field':
    case 'attr':
    case 'score':
    case 'verdict_of':
      return []
  }
}

export function someExpr(exprs: readonly (Expr | null)[], test: (expr: Expr) => boolean): boolean {
  let found = false
  for (const expr of exprs) {
    if (expr !== null)
      walkExpr(expr, (inner) => {
        found ||= test(inner)
      })
  }
  return found
}
