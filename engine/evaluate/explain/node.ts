/** Builds the tree of one expression, on the closures that judge production traffic: each part is compiled and asked by itself. */
import { CAPS } from '../../../dsl/caps.ts'
import { children } from '../../../dsl/expr-walk.ts'
import type { Expr } from '../../../dsl/plan.ts'
import { patternName, printExpr } from '../../../dsl/print-expr.ts'
import type { Evidence } from '../../model/result.ts'
import { maskHint } from '../../regex/mask.ts'
import { nameOf } from '../names.ts'
import { describeReason } from '../reason-text.ts'
import { scoreTypeOf } from '../score.ts'
import { spansOf } from './spans.ts'
import type { NodeValue, TreeNode } from './tree.ts'
import { type ExplainSettings, knownValue } from './value.ts'

const MAX_MATCHES = 3

export function explainNode(expr: Expr, settings: ExplainSettings): TreeNode {
  const value = nodeValue(expr, settings)
  const parts = operandsOf(expr, value).map((part) => explainNode(part, settings))
  return {
    op: expr.op,
    expr: printExpr(expr, {
      patterns: settings.patterns,
      patternText: patternName,
      evalName: (id) => id.slice(id.lastIndexOf('/') + 1),
      prefix: settings.compiler.prefix,
    }),
    value,
    note: null,
    spans: [],
    matches: expr.op === 'matches' ? matchesOf(expr, settings) : [],
    parts,
    ...decidedAnyway(value, parts, expr),
    ...spansOf(expr, settings, explainNode),
  }
}

/** Those that say something: a literal is its own value, and what stands in for the missing is read only then. */
function operandsOf(expr: Expr, value: NodeValue): readonly Expr[] {
  return childrenOf(expr, value).filter((part) => part.op !== 'literal')
}

function childrenOf(expr: Expr, value: NodeValue): readonly Expr[] {
  switch (expr.op) {
    // Their parts are of spans, which `spans.ts` shows.
    case 'aggregate':
    case 'before':
    case 'repeats':
      return []
    case 'default':
      return value.kind === 'missing' ? children(expr) : [expr.left]
    default:
      return children(expr)
  }
}

/** `sum(…) <= 1 USD` is false as soon as the known part is more, whatever the rest costs. */
function decidedAnyway(value: NodeValue, parts: readonly TreeNode[], expr: Expr): { note?: string } {
  const open = parts.some((part) => part.value.kind === 'missing')
  const decided = expr.op === 'compare' && value.kind === 'known' && open
  return decided ? { note: 'decided by what is known' } : {}
}

function nodeValue(expr: Expr, { compiler, context, mask }: ExplainSettings): NodeValue {
  const value = compiler.value(expr)(context)
  if (value === undefined) return { kind: 'missing', reason: context.why, text: describeReason(context.why) }
  return knownValue(value, scoreTypeOf(expr), mask)
}

function matchesOf(expr: Extract<Expr, { op: 'matches' }>, { compiler, context }: ExplainSettings): Evidence[] {
  const text = compiler.value(expr.value)(context)
  if (typeof text !== 'string') return []
  const { patterns } = compiler
  const found = patterns.find(patterns.group(expr.patterns), text.slice(0, CAPS.textUnits))
  return found.slice(0, MAX_MATCHES).map(({ pattern, start, end }) => ({
    field: nameOf(expr.value, { prefix: '' }),
    start,
    end,
    pattern,
    masked: maskHint(pattern, text.slice(start, end)),
  }))
}
