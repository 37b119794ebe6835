/** The number that an alert looks at: `count(fail)`, `coverage`, `mean(score)` of an eval; `p95(duration)` of a scope. */
import { refuse } from './alert-refusals.ts'
import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborate, elaborateCondition } from './elaborate/expression.ts'
import type { Module } from './module.ts'
import type { AlertMeasure, EvalPlan, Expr, ScopePlan, Statistic, ValueType } from './plan.ts'
import { isSpanSubject } from './schema.ts'
import { type Range, rangeOf, scoreOf } from './score-of.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode } from './syntax/ast.ts'
import { describeType, isNumeric } from './types.ts'

/** What `on:` of an alert leads to. */
export type Watched = { kind: 'eval'; plan: EvalPlan } | { kind: 'scope'; scope: ScopePlan; name: string }

export interface Measured {
  readonly measure: AlertMeasure
  readonly range: Range
  /** Null where nothing tells which values are better. */
  readonly better: 'higher' | 'lower' | null
}

type CallNode = Extract<ExprNode, { kind: 'call' }>

/** What an alert looks at that is no call. */
export const RATES: readonly string[] = ['pass_rate', 'fail_rate', 'coverage']
const VERDICTS = ['pass', 'fail', 'unknown', 'error'] as const
export const STATISTICS: readonly Statistic[] = ['sum', 'mean', 'min', 'max', 'p50', 'p95', 'p99']
const INT: ValueType = { kind: 'int' }
const RATIO: ValueType = { kind: 'ratio' }
const COUNTS: Range = { low: 0, high: Number.POSITIVE_INFINITY }
const SHARES: Range = { low: 0, high: 1 }

const OF_EVALS = 'one of `count(fail)`, `rate(fail)`, `pass_rate`, `coverage`, `mean(score)`, `p95(score)`'
const OF_SCOPES = 'such as `count(trace)`, `rate(status == "error")`, `error_rate`, `p95(duration)`'

/** Null when it is in error (told). */
export function compileMeasure(node: ExprNode, on: Watched, module: Module, project: Project): Measured | null {
  if (node.kind === 'error') return null
  return on.kind === 'eval' ? ofEval(node, on.plan, module) : ofScope(node, on, module, project)
}

function ofEval(node: ExprNode, plan: EvalPlan, module: Module): Measured | null {
  if (node.kind === 'path') {
    if (node.path === 'pass_rate' || node.path === 'fail_rate') return rate(node.path === 'pass_rate' ? 'pass' : 'fail')
    if (node.path === 'coverage') return { measure: { kind: 'coverage', type: RATIO }, range: SHARES, better: 'higher' }
    return refuse(
      'E0401',
      node.span,
      `an alert cannot look at \`${node.path}\`${didYouMean(node.path, RATES)}`,
      OF_EVALS,
      module,
    )
  }
  if (node.kind !== 'call') return refuse('E0401', node.span, 'an alert looks at one number', OF_EVALS, module)
  const fn = node.name.text
  if (fn === 'count' || fn === 'rate') {
    const verdict = verdictIn(node, module)
    if (verdict === null) return null
    return fn === 'rate'
      ? rate(verdict)
      : { measure: { kind: 'count', verdict, type: INT }, range: COUNTS, better: null }
  }
  const statistic = STATISTICS.find((known) => known === fn)
  if (statistic !== undefined) return ofScore(node, statistic, plan, module)
  const known = ['count', 'rate', ...STATISTICS]
  return refuse('E0210', node.name.span, `there is no \`${fn}\` of verdicts${didYouMean(fn, known)}`, OF_EVALS, module)
}

function rate(verdict: (typeof VERDICTS)[number]): Measured {
  return {
    measure: { kind: 'rate', verdict, type: RATIO },
    range: SHARES,
    better: verdict === 'pass' ? 'higher' : 'lower',
  }
}

function verdictIn(node: CallNode, module: Module): (typeof VERDICTS)[number] | null {
  const [arg, more] = node.args
  if (arg?.value.kind === 'error') return null
  const alone = more === undefined && arg?.where === null && arg.key === null
  const word = alone && arg.value.kind === 'path' ? arg.value.path : null
  const verdict = VERDICTS.find((known) => known === word)
  if (verdict !== undefined) return verdict
  const guess = word === null ? '' : didYouMean(word, VERDICTS)
  const label = `one of ${VERDICTS.map((known) => `\`${known}\``).join(', ')}`
  return refuse('E0401', arg?.value.span ?? node.span, `this is no verdict${guess}`, label, module)
}

function ofScore(node: CallNode, fn: Statistic, plan: EvalPlan, module: Module): Measured | null {
  const [arg, more] = node.args
  if (arg?.value.kind === 'error') return null
  const isScore = arg?.value.kind === 'path' && arg.value.path === 'score' && arg.where === null && arg.key === null
  if (!isScore || more !== undefined) {
    module.reporter.report('E0401', arg?.value.span ?? node.span, `of an eval, \`${fn}\` looks at its \`score\``, {
      label: `write \`${fn}(score)\``,
      notes: [`for a field of what it judges, write \`on: ${subjectOf(plan)}\``],
    })
    return null
  }
  const score = scoreOf(plan)
  if (score === null) {
    module.reporter.report('E0216', arg.value.span, `\`${plan.name}\` has no score`, {
      label: 'nothing to look at',
      notes: ['add `score: …` to the eval, or look at `rate(fail)`'],
    })
    return null
  }
  const type = averaged(fn, score.type)
  const range = fn === 'sum' ? sumRange(score.range) : score.range
  return { measure: { kind: 'score', fn, type }, range, better: score.better }
}

/** The mean of whole numbers is none. */
function averaged(fn: Statistic, type: ValueType): ValueType {
  if (type.kind === 'bool') return { kind: 'number' }
  return fn === 'mean' && type.kind === 'int' ? { kind: 'number' } : type
}

function sumRange({ low }: Range): Range {
  return { low: low >= 0 ? 0 : Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
}

const subjectOf = (plan: EvalPlan): string => (plan.kind === 'online' ? plan.scope : plan.sample.scope).subject

function ofScope(
  node: ExprNode,
  on: Extract<Watched, { kind: 'scope' }>,
  module: Module,
  project: Project,
): Measured | null {
  const { subject } = on.scope
  const context: ExprContext = { project, module, subject, score: null, aggregate: null, matched: new Set() }
  if (node.kind === 'path' && node.path === 'error_rate') return share(ERRONEOUS_STATUS, 'lower')
  if (node.kind === 'path' && ['pass_rate', 'fail_rate', 'coverage'].includes(node.path))
    return refuse(
      'E0401',
      node.span,
      `\`${node.path}\` is of an eval, and \`${on.name}\` is a scope`,
      OF_SCOPES,
      module,
    )
  if (node.kind !== 'call') return refuse('E0401', node.span, 'an alert looks at one number', OF_SCOPES, module)
  const fn = node.name.text
  const statistic = STATISTICS.find((known) => known === fn)
  if (fn !== 'count' && fn !== 'rate' && statistic === undefined) {
    const known = ['count', 'rate', ...STATISTICS]
    return refuse('E0210', node.name.span, `there is no \`${fn}\` here${didYouMean(fn, known)}`, OF_SCOPES, module)
  }
  const [arg, more] = node.args
  if (arg === undefined || more !== undefined || arg.key !== null)
    return refuse('E0211', node.span, `\`${fn}\` takes one argument`, OF_SCOPES, module)
  if (arg.value.kind === 'error') return null
  if (arg.value.kind === 'path' && VERDICTS.some((word) => arg.value.kind === 'path' && arg.value.path === word))
    return refuse('E0401', arg.value.span, `\`${on.name}\` is a scope, and only evals have verdicts`, OF_SCOPES, module)
  if (statistic !== undefined) return ofValue(node, statistic, context)
  const whole = arg.value.kind === 'path' && (arg.value.path === subject || arg.value.path === on.name)
  if (fn === 'count' && whole) {
    const where = arg.where === null ? null : elaborateCondition(arg.where, context).expr
    return { measure: { kind: 'subjects', where, type: INT }, range: COUNTS, better: null }
  }
  if (arg.where !== null)
    return refuse('E0211', arg.where.span, '`where` follows a subject', `write \`${fn}(CONDITION)\``, module)
  const where = elaborateCondition(arg.value, context).expr
  if (fn === 'rate') return share(where, null)
  return { measure: { kind: 'subjects', where, type: INT }, range: COUNTS, better: null }
}

const ERRONEOUS_STATUS: Expr = {
  op: 'compare',
  cmp: '==',
  left: { op: 'field', path: 'status', type: { kind: 'enum', values: ['unset', 'ok', 'error'] } },
  right: { op: 'literal', type: { kind: 'string' }, value: 'error' },
}

function share(where: Expr, better: 'lower' | null): Measured {
  return { measure: { kind: 'share', where, type: RATIO }, range: SHARES, better }
}

/** `p95(duration)`; and `sum(llm_call.cost)` of traces, which is the sum over their sums. */
function ofValue(node: CallNode, fn: Statistic, context: ExprContext): Measured | null {
  const arg = node.args[0]
  if (arg === undefined) return null
  const ofSpans = arg.value.kind === 'path' && isSpanSubject(arg.value.path.split('.')[0] ?? '')
  if (arg.where !== null && !(fn === 'sum' && ofSpans))
    return refuse('E0211', arg.where.span, '`where` belongs to the scope', 'write `on: SCOPE where …`', context.module)
  const value = elaborate(fn === 'sum' && ofSpans ? node : arg.value, context)
  if (value.type.kind === 'unknown') return null
  if (!isNumeric(value.type) || value.type.kind === 'points') {
    const message = `\`${fn}\` needs a number, and this is ${describeType(value.type)}`
    return refuse('E0401', arg.value.span, message, OF_SCOPES, context.module)
  }
  const type = averaged(fn, value.type)
  const better = ['duration', 'money', 'tokens'].includes(type.kind) ? 'lower' : null
  const range = fn === 'sum' ? sumRange(rangeOf(type)) : rangeOf(type)
  return { measure: { kind: 'value', fn, value: value.expr, type }, range, better }
}
