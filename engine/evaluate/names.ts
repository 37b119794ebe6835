/** How reasons and evidence name what an expression reads: as its author wrote it. */
import type { Expr } from '../../dsl/plan.ts'

export function nameOf(expr: Expr, at: { readonly prefix: string }): string {
  switch (expr.op) {
    case 'field':
      return at.prefix + expr.path
    case 'trace_field':
      return traceFieldName(expr.path)
    case 'attr':
      return `${at.prefix}attr("${expr.name}")`
    case 'default':
      return nameOf(expr.left, at)
    case 'aggregate': {
      const over = expr.over.subject
      return expr.value === null ? over : nameOf(expr.value, { prefix: `${over}.` })
    }
    case 'repeats':
      return expr.over.subject
    case 'length':
    case 'is_json':
      return nameOf(expr.arg, at)
    default:
      return expr.op
  }
}

/** The path of a trace's field with or without the `trace.` that rules write before it. */
export function traceFieldPath(path: string): string {
  return path.startsWith('trace.') ? path.slice('trace.'.length) : path
}

export function traceFieldName(path: string): string {
  return `trace.${traceFieldPath(path)}`
}
