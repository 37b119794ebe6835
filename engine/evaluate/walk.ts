/** What an expression reads, without running it: for the projection of spans and for the order of evals. */
import type { Expr, SpanSelector } from '../../dsl/plan.ts'

/** The expressions directly inside. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.op) {
    case 'literal':
    case 'field':
    case 'trace_field':
    case 'attr':
    case 'score':
    case 'verdict_of':
      return []
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
      return expr.value === null ? whereOf(expr.over) : [expr.value, ...whereOf(expr.over)]
    case 'before':
      return [...whereOf(expr.a), ...whereOf(expr.b)]
    case 'repeats':
      return whereOf(expr.over)
  }
}

function whereOf(selector: SpanSelector): readonly Expr[] {
  return selector.where === null ? [] : [selector.where]
}

/** The expression and all inside it. */
export function visit(expr: Expr, see: (expr: Expr) => void): void {
  see(expr)
  for (const child of childrenOf(expr)) visit(child, see)
}
