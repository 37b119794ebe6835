/**
 * What an expression costs at most: operators times the caps that hold at run time (`caps.ts`). One operation is one
 * operator applied to one value, one UTF-16 unit of a text that is searched, or one span that is looked at.
 */
import { CAPS } from '../caps.ts'
import type { Expr, SpanSelector } from '../plan.ts'

export interface CostContext {
  /** True where the expression is about a whole trace: the verdict of an eval of spans is then asked of each span. */
  readonly onTrace: boolean
  /** Of another eval, and whether it is about traces. */
  readonly evalCost: (evalId: string) => { readonly operations: number; readonly onTrace: boolean }
}

/** Comparisons that it takes to sort what a percentile is of. */
const SORT_STEPS = Math.ceil(Math.log2(CAPS.spansPerTrace))
const PERCENTILES = new Set(['p50', 'p95', 'p99'])

export function operationsOf(expr: Expr | null, context: CostContext): number {
  if (expr === null) return 0
  const cost = (inner: Expr): number => operationsOf(inner, context)
  const all = (inner: readonly Expr[]): number => inner.reduce((sum, part) => sum + cost(part), 0)
  switch (expr.op) {
    case 'literal':
    case 'score':
      return 0
    case 'field':
    case 'trace_field':
    case 'attr':
      return 1
    case 'and':
    case 'or':
      return all(expr.args) + expr.args.length - 1
    case 'not':
    case 'is_missing':
    case 'is_present':
    case 'length':
      return cost(expr.arg) + 1
    case 'arith':
    case 'default':
      return cost(expr.left) + cost(expr.right) + 1
    case 'compare':
      return cost(expr.left) + cost(expr.right) + (bothTexts(expr.left, expr.right) ? CAPS.textUnits : 1)
    case 'in':
      return cost(expr.value) + all(expr.items) + expr.items.length
    case 'contains':
      return cost(expr.left) + cost(expr.right) + CAPS.textUnits
    case 'starts_with':
      return cost(expr.left) + cost(expr.right) + (expr.right.op === 'literal' ? 1 : CAPS.textUnits)
    case 'matches':
      return cost(expr.value) + expr.patterns.length * CAPS.textUnits
    case 'is_json':
      return cost(expr.arg) + CAPS.textUnits
    case 'aggregate': {
      const each = expr.value === null ? 0 : operationsOf(expr.value, ofSpans(context))
      const sorting = PERCENTILES.has(expr.fn) ? SORT_STEPS : 0
      return selection(expr.over, context) + CAPS.spansPerTrace * (each + sorting)
    }
    case 'before':
      return selection(expr.a, context) + selection(expr.b, context)
    case 'repeats':
      return selection(expr.over, context) + CAPS.spansPerTrace * CAPS.textUnits
    case 'verdict_of': {
      const { operations, onTrace } = context.evalCost(expr.evalId)
      return 1 + operations * (context.onTrace && !onTrace ? CAPS.spansPerTrace : 1)
    }
  }
}

function selection({ where }: SpanSelector, context: CostContext): number {
  return CAPS.spansPerTrace * (1 + operationsOf(where, ofSpans(context)))
}

function ofSpans(context: CostContext): CostContext {
  return { ...context, onTrace: false }
}

/** A text compared with one that is written down ends with the shorter of the two. */
function bothTexts(left: Expr, right: Expr): boolean {
  return isText(left) && isText(right)
}

function isText(expr: Expr): boolean {
  return expr.op !== 'literal' && 'type' in expr && expr.type.kind === 'string'
}
