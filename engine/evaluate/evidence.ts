/**
 * Where a failing verdict comes from: positions of the matches that made `pass` false. Worked out on failures alone, as
 * locating a match costs far more than knowing that there is one.
 */
import { CAPS } from '../../dsl/caps.ts'
import type { Expr } from '../../dsl/plan.ts'
import type { Evidence } from '../model/result.ts'
import { maskHint } from '../regex/mask.ts'
import type { Compiler } from './compiler.ts'
import type { Context } from './context.ts'
import { nameOf } from './names.ts'
import { compileSelector } from './select.ts'
import { FALSE, TRUE, type Truth } from './truth.ts'

/** More than this tells a reader nothing new. */
export const MAX_EVIDENCE = 20

/** Adds to `found` what explains that the expression came out as it did; called only when it did. */
export type EvidenceFn = (context: Context, found: Evidence[]) => void

/** Null where the expression can't have matches behind that outcome. */
export function compileEvidence(expr: Expr, outcome: Truth, compiler: Compiler): EvidenceFn | null {
  switch (expr.op) {
    case 'not':
      return compileEvidence(expr.arg, outcome === TRUE ? FALSE : TRUE, compiler)
    case 'and':
    case 'or':
      return fromOperands(expr.args, outcome, compiler)
    case 'matches':
      return outcome === TRUE ? fromMatch(expr, compiler) : null
    case 'aggregate':
      return (expr.fn === 'any' && outcome === TRUE) || (expr.fn === 'all' && outcome === FALSE)
        ? fromSpans(expr, outcome, compiler)
        : null
    case 'compare':
      return fromCounted(expr, outcome, compiler)
    default:
      return null
  }
}

/** Of those operands that themselves came out that way. */
function fromOperands(args: readonly Expr[], outcome: Truth, compiler: Compiler): EvidenceFn | null {
  const explained = args.flatMap((arg) => {
    const explain = compileEvidence(arg, outcome, compiler)
    return explain === null ? [] : [{ truth: compiler.truth(arg), explain }]
  })
  if (explained.length === 0) return null
  return (context, found) => {
    for (const { truth, explain } of explained) if (truth(context) === outcome) explain(context, found)
  }
}

function fromMatch(expr: Extract<Expr, { op: 'matches' }>, compiler: Compiler): EvidenceFn {
  const value = compiler.value(expr.value)
  const { patterns } = compiler
  const group = patterns.group(expr.patterns)
  // Inside an aggregate the span's id says where, so the field keeps its plain name.
  const field = nameOf(expr.value, { prefix: '' })
  const withSpanId = compiler.prefix !== ''
  return (context, found) => {
    const text = value(context)
    if (typeof text !== 'string') return
    for (const { pattern, start, end } of patterns.find(group, text.slice(0, CAPS.textUnits))) {
      if (found.length >= MAX_EVIDENCE) return
      const masked = maskHint(pattern, text.slice(start, end))
      const match: Evidence = { field, start, end, pattern, masked }
      found.push(withSpanId && context.span !== undefined ? { ...match, spanId: context.span.spanId } : match)
    }
  }
}

/** Of the spans that satisfy an `any`, or that break an `all`: in their condition and in their `where`. */
function fromSpans(expr: Extract<Expr, { op: 'aggregate' }>, outcome: Truth, compiler: Compiler): EvidenceFn | null {
  const inner = compiler.over(expr.over.subject)
  const inWhere = expr.over.where === null ? null : compileEvidence(expr.over.where, TRUE, inner)
  const inValue = expr.value === null ? null : compileEvidence(expr.value, outcome, inner)
  if (inWhere === null && inValue === null) return null
  const select = compileSelector(expr.over, compiler)
  const condition = expr.value === null ? () => outcome : inner.truth(expr.value)
  return (context, found) => {
    const outer = context.span
    for (const span of select(context)) {
      context.span = span
      if (condition(context) !== outcome) continue
      inValue?.(context, found)
      inWhere?.(context, found)
    }
    context.span = outer
  }
}

const UPPER_LIMITS: ReadonlySet<string> = new Set(['<', '<=', '=='])
const LOWER_LIMITS: ReadonlySet<string> = new Set(['>', '>=', '!='])
const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** `count(llm_call where output.text matches /…/) == 0`: too many were counted, and these are they. */
function fromCounted(expr: Extract<Expr, { op: 'compare' }>, outcome: Truth, compiler: Compiler): EvidenceFn | null {
  const [counted, cmp] =
    expr.left.op === 'aggregate' ? [expr.left, expr.cmp] : [expr.right, MIRRORED[expr.cmp] ?? expr.cmp]
  if (counted.op !== 'aggregate' || counted.fn !== 'count') return null
  const tooMany = (outcome === TRUE ? LOWER_LIMITS : UPPER_LIMITS).has(cmp)
  return tooMany ? fromSpans(counted, TRUE, compiler) : null
}
