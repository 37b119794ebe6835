/**
 * Aggregates over a trace's spans. The value is written with the subject in front (`sum(llm_call.cost)`), the condition after
 * `where` without (`where model == "x"`).
 */
import { renaming } from '../machine-fix.ts'
import { type DefineDecl, lookup, type Module } from '../module.ts'
import type { AggregateFn, Expr, SpanSelector } from '../plan.ts'
import { isSpanSubject, SPAN_SUBJECTS, type SpanSubject } from '../schema.ts'
import { didYouMean } from '../suggest.ts'
import type { ArgNode, ExprNode } from '../syntax/ast.ts'
import { BOOL, describeType, INT, isNumeric, NUMBER, planType, type Type } from '../types.ts'
import { type CallNode, type Elaborate, takeArgs } from './arguments.ts'
import { ERRONEOUS, type ExprContext, type MissingCause, type Typed, UNKNOWABLE } from './context.ts'
import { presentWhenTrue, without } from './facts.ts'
import { typedLiteral } from './literals.ts'

interface Selected {
  readonly selector: SpanSelector
  /** What may be missing where the selector decides which spans belong. */
  readonly missing: readonly MissingCause[]
}

const USAGE: Record<AggregateFn, string> = {
  count: 'count(tool_call where name == "x")',
  any: 'any(tool_call where name == "x")',
  all: 'all(llm_call.finish_reason == "stop")',
  sum: 'sum(llm_call.cost)',
  mean: 'mean(llm_call.duration)',
  min: 'min(llm_call.duration)',
  max: 'max(llm_call.duration)',
  p50: 'p50(llm_call.duration)',
  p95: 'p95(llm_call.duration)',
  p99: 'p99(llm_call.duration)',
}

export function elaborateAggregate(node: CallNode, fn: AggregateFn, context: ExprContext, elaborate: Elaborate): Typed {
  const [arg] = takeArgs(node, 1, USAGE[fn], context, true) ?? []
  if (arg === undefined || refusedHere(node, context)) return ERRONEOUS
  const bare = arg.value.kind === 'path' ? scopeOrSubject(arg.value.path, context) : null
  if (bare !== null) return overWhole(node, fn, arg, context, elaborate)
  if (fn === 'count') {
    if (arg.value.kind !== 'error')
      context.module.reporter.report('E0211', arg.value.span, `\`count\` counts spans${spansMeant(arg.value)}`, {
        label: `write \`${USAGE.count}\``,
        ...(arg.value.kind === 'path' && renaming(arg.value.span, arg.value.path, SPAN_SUBJECTS)),
      })
    return ERRONEOUS
  }
  return overValue(node, fn, arg, context, elaborate)
}

function spansMeant(node: ExprNode): string {
  return node.kind === 'path' ? didYouMean(node.path, SPAN_SUBJECTS) : ''
}

function refusedHere(node: CallNode, context: ExprContext): boolean {
  if (context.aggregate === null && context.subject !== null) return false
  const message =
    context.subject === null ? 'a constant cannot look at spans' : 'an aggregate cannot stand inside another'
  context.module.reporter.report('E0213', node.name.span, message, {
    label: `\`${node.name.text}\` looks at the spans of a trace`,
  })
  return true
}

/** `count(tool_call)`, `any(tool_call where …)`. */
function overWhole(node: CallNode, fn: AggregateFn, arg: ArgNode, context: ExprContext, elaborate: Elaborate): Typed {
  if (fn !== 'count' && fn !== 'any') {
    const subject = arg.value.kind === 'path' ? arg.value.path : ''
    const what = fn === 'all' ? 'a condition' : 'a number'
    context.module.reporter.report('E0212', arg.value.span, `\`${fn}\` needs ${what} of each \`${subject}\``, {
      label: `write \`${USAGE[fn]}\``,
    })
    return ERRONEOUS
  }
  const over = selectorOf(arg, node, context, elaborate)
  if (over === null) return ERRONEOUS
  const value = fn === 'any' ? typedLiteral(BOOL, true).expr : null
  const type = fn === 'any' ? BOOL : INT
  // `count` is total: a span for which the condition is unknown is not counted.
  const missing = fn === 'any' ? over.missing : []
  return {
    expr: { op: 'aggregate', fn, over: over.selector, value, type: planType(type) },
    type,
    flexible: false,
    missing,
  }
}

function overValue(node: CallNode, fn: AggregateFn, arg: ArgNode, context: ExprContext, elaborate: Elaborate): Typed {
  const subject = subjectIn(arg.value, node, fn, context)
  if (subject === null) return ERRONEOUS
  const over = selectorFor(subject, null, arg, context, elaborate)
  const value = elaborate(arg.value, { ...context, subject, score: null, aggregate: 'value' })
  if (value.type.kind === 'unknown') return ERRONEOUS
  const type = resultType(fn, value.type)
  if (type === null) {
    const wanted = fn === 'any' || fn === 'all' ? 'a condition' : 'a number'
    context.module.reporter.report(
      'E0212',
      arg.value.span,
      `\`${fn}\` needs ${wanted}, and this is ${describeType(value.type)}`,
      {
        label: `such as \`${USAGE[fn]}\``,
      },
    )
    return ERRONEOUS
  }
  const known = over.selector.where === null ? new Set<string>() : presentWhenTrue(over.selector.where)
  const missing = [
    ...over.missing,
    ...prefixed(without(value.missing, known), subject),
    ...whenEmpty(node, fn, subject),
  ]
  const expr: Expr = { op: 'aggregate', fn, over: over.selector, value: value.expr, type: planType(type) }
  return { expr, type, flexible: false, missing }
}

/** An empty sum is 0; the mean or the largest of nothing is missing. */
function whenEmpty(node: CallNode, fn: AggregateFn, subject: SpanSubject): MissingCause[] {
  if (fn === 'sum' || fn === 'any' || fn === 'all' || fn === 'count') return []
  return [{ key: `${fn}(${subject})`, span: node.span, why: `a trace without such spans has no ${fn}` }]
}

function resultType(fn: AggregateFn, value: Type): Type | null {
  if (fn === 'any' || fn === 'all') return value.kind === 'bool' ? BOOL : null
  if (!isNumeric(value) || value.kind === 'points') return null
  return fn === 'mean' && value.kind === 'int' ? NUMBER : value
}

function scopeOrSubject(path: string, context: ExprContext): { subject: SpanSubject; where: Expr | null } | null {
  if (isSpanSubject(path)) return { subject: path, where: null }
  return context.project.spanScope(context.module, path)
}

/** The spans that an argument names; null when it names none (told). */
export function selectorOf(arg: ArgNode, node: CallNode, context: ExprContext, elaborate: Elaborate): Selected | null {
  if (refusedHere(node, context)) return null
  const base = arg.value.kind === 'path' ? scopeOrSubject(arg.value.path, context) : null
  if (base === null) {
    if (arg.value.kind !== 'error')
      context.module.reporter.report(
        'E0212',
        arg.value.span,
        `\`${node.name.text}\` looks at spans, and this names none`,
        {
          label: 'write a subject, such as `tool_call`',
        },
      )
    return null
  }
  return selectorFor(base.subject, base.where, arg, context, elaborate)
}

function selectorFor(
  subject: SpanSubject,
  base: Expr | null,
  arg: ArgNode,
  context: ExprContext,
  elaborate: Elaborate,
): Selected {
  if (arg.where === null) return { selector: { subject, where: base }, missing: [] }
  const where = elaborate(arg.where, { ...context, subject, score: null, aggregate: 'where' })
  if (where.type.kind !== 'bool' && where.type.kind !== 'unknown')
    context.module.reporter.report(
      'E0202',
      arg.where.span,
      `\`where\` takes a condition, and this is ${describeType(where.type)}`,
      { label: 'not a condition' },
    )
  const joined: Expr = base === null ? where.expr : { op: 'and', args: [base, where.expr] }
  return { selector: { subject, where: joined }, missing: prefixed(where.missing, subject) }
}

/** Fields of an aggregate's spans are not those of the subject outside, though they have the same names. */
function prefixed(causes: readonly MissingCause[], subject: SpanSubject): MissingCause[] {
  return causes.map((cause) => (cause === UNKNOWABLE ? cause : { ...cause, key: `${subject}.${cause.key}` }))
}

/** The one subject in front of the fields of an aggregate's value. */
function subjectIn(value: ExprNode, node: CallNode, fn: AggregateFn, context: ExprContext): SpanSubject | null {
  const found = new Set<SpanSubject>()
  collectSubjects(value, context.module, found, new Set())
  const [subject, another] = [...found]
  if (another !== undefined) {
    context.module.reporter.report('E0212', node.span, `\`${fn}\` looks at one kind of span at a time`, {
      label: `${[...found].map((name) => `\`${name}\``).join(' and ')} are two`,
    })
    return null
  }
  if (subject !== undefined) return subject
  if (value.kind !== 'error')
    context.module.reporter.report('E0212', value.span, `\`${fn}\` does not say of which spans`, {
      label: `write \`${USAGE[fn]}\``,
    })
  return null
}

/** Those of named expressions included; `followed` are the definitions on the way. */
function collectSubjects(node: ExprNode, module: Module, into: Set<SpanSubject>, followed: Set<DefineDecl>): void {
  const collect = (inner: ExprNode): void => collectSubjects(inner, module, into, followed)
  switch (node.kind) {
    case 'path': {
      const head = node.path.split('.')[0] ?? ''
      if (isSpanSubject(head)) into.add(head)
      const defined = lookup(module, 'defines', node.path)
      if (defined.kind !== 'found' || followed.has(defined.found.decl)) return
      followed.add(defined.found.decl)
      collectSubjects(defined.found.decl.value, defined.found.module, into, followed)
      return
    }
    case 'call':
      for (const arg of node.args) collect(arg.value)
      return
    case 'list':
      for (const item of node.items) collect(item)
      return
    case 'not':
    case 'negate':
      collect(node.arg)
      return
    case 'binary':
      collect(node.left)
      collect(node.right)
      return
    case 'in':
    case 'matches':
    case 'is':
      collect(node.value)
      return
    default:
      return
  }
}
