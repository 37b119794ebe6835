/** Everything written `name(…)`: aggregates, order, loops, attributes, verdicts of other evals. */

import type { Fix } from '../diagnostics/diagnostic.ts'
import { renaming, replacement } from '../machine-fix.ts'
import type { AggregateFn, Expr } from '../plan.ts'
import { aSubject, isSpanSubject } from '../schema.ts'
import type { Span } from '../source.ts'
import { didYouMean, nearest } from '../suggest.ts'
import type { Ident } from '../syntax/ast.ts'
import { unescapeText } from '../syntax/text.ts'
import { BOOL, describeType, INT, planType, STRING, type Type } from '../types.ts'
import { elaborateAggregate, selectorOf } from './aggregates.ts'
import { type CallNode, type Elaborate, takeArgs } from './arguments.ts'
import { ERRONEOUS, type ExprContext, type Typed } from './context.ts'
import { attrKey, presentWhenTrue } from './facts.ts'

export const AGGREGATES: readonly AggregateFn[] = [
  'count',
  'any',
  'all',
  'sum',
  'mean',
  'min',
  'max',
  'p50',
  'p95',
  'p99',
]
export const VERDICTS = { passes: 'pass', fails: 'fail', undecided: 'unknown', errors: 'error' } as const
/** All that is written `name(…)` in an expression; `functions.ts` tells of each. */
export const FUNCTIONS: readonly string[] = [
  ...AGGREGATES,
  'before',
  'repeats',
  'attr',
  'length',
  ...Object.keys(VERDICTS),
]

export const ATTR_TYPES: Record<string, Type> = {
  string: STRING,
  bool: BOOL,
  int: INT,
  number: { kind: 'number' },
  tokens: { kind: 'tokens' },
  duration: { kind: 'duration' },
  ratio: { kind: 'ratio' },
}

export function elaborateCall(node: CallNode, context: ExprContext, elaborate: Elaborate): Typed {
  const name = node.name.text
  const named = node.args.find((arg) => arg.key !== null)
  if (named?.key) {
    context.module.reporter.report('E0211', named.key.span, `\`${name}\` takes no named arguments`, {
      label: 'leave the name out',
    })
    return ERRONEOUS
  }
  if (AGGREGATES.includes(name as AggregateFn)) return elaborateAggregate(node, name as AggregateFn, context, elaborate)
  if (Object.hasOwn(VERDICTS, name)) return elaborateVerdict(node, VERDICTS[name as keyof typeof VERDICTS], context)
  switch (name) {
    case 'before':
      return elaborateBefore(node, context, elaborate)
    case 'repeats':
      return elaborateRepeats(node, context, elaborate)
    case 'attr':
      return elaborateAttr(node, context)
    case 'length':
      return elaborateLength(node, context, elaborate)
    default:
      context.module.reporter.report(
        'E0210',
        node.name.span,
        `there is no function \`${name}\`${didYouMean(name, FUNCTIONS)}`,
        {
          label: 'unknown function',
          notes: functionAdvice(name),
          ...functionFix(node.name),
        },
      )
      return ERRONEOUS
  }
}

/** Functions of other languages that are operators here. */
const OPERATORS: Record<string, string> = {
  contains: 'x contains "…"',
  includes: 'x contains "…"',
  startswith: 'x starts with "…"',
  matches: 'x matches /…/',
  match: 'x matches /…/',
  regex: 'x matches /…/',
  exists: 'x is present',
  isnull: 'x is missing',
  len: 'length(x)',
  size: 'length(x)',
  avg: 'mean(llm_call.duration)',
  average: 'mean(llm_call.duration)',
}

/** Of a misspelt function, and of one that has another name here and takes the same arguments. */
function functionFix({ text, span }: Ident): { fix?: Fix } {
  const other = Object.hasOwn(SAME_ARGUMENTS, text) ? SAME_ARGUMENTS[text] : undefined
  return other === undefined ? renaming(span, text, FUNCTIONS) : { fix: replacement(span, other) }
}

const SAME_ARGUMENTS: Record<string, string> = { len: 'length', size: 'length', avg: 'mean', average: 'mean' }

function functionAdvice(name: string): string[] {
  const key = name
    .slice(name.lastIndexOf('.') + 1)
    .replaceAll('_', '')
    .toLowerCase()
  const usage = Object.hasOwn(OPERATORS, key) ? OPERATORS[key] : undefined
  if (usage !== undefined) return [`write \`${usage}\``]
  return nearest(name, FUNCTIONS) === null ? [`there are: ${FUNCTIONS.join(', ')}`] : []
}

function elaborateBefore(node: CallNode, context: ExprContext, elaborate: Elaborate): Typed {
  const usage = 'before(tool_call where name == "a", tool_call where name == "b")'
  const args = takeArgs(node, 2, usage, context, true)
  const [first, second] = args ?? []
  if (first === undefined || second === undefined) return ERRONEOUS
  const a = selectorOf(first, node, context, elaborate)
  const b = selectorOf(second, node, context, elaborate)
  if (a === null || b === null) return ERRONEOUS
  return {
    expr: { op: 'before', a: a.selector, b: b.selector },
    type: BOOL,
    flexible: false,
    missing: [...a.missing, ...b.missing],
  }
}

function elaborateRepeats(node: CallNode, context: ExprContext, elaborate: Elaborate): Typed {
  const [arg] = takeArgs(node, 1, 'repeats(tool_call)', context, true) ?? []
  if (arg === undefined) return ERRONEOUS
  const over = selectorOf(arg, node, context, elaborate)
  if (over === null) return ERRONEOUS
  if (over.selector.subject !== 'tool_call') {
    context.module.reporter.report('E0211', arg.value.span, '`repeats` counts tool calls that are made again', {
      label: 'write `repeats(tool_call)`',
    })
    return ERRONEOUS
  }
  // Two calls without arguments may be one call made twice, or two.
  const key = 'tool_call.arguments.text'
  const cause = { key, span: node.span, why: 'content capture is opt-in, and calls are told apart by their arguments' }
  const certain = over.selector.where === null ? new Set<string>() : presentWhenTrue(over.selector.where)
  const missing = certain.has('arguments.text') ? over.missing : [...over.missing, cause]
  return { expr: { op: 'repeats', over: over.selector }, type: INT, flexible: false, missing }
}

const OTHER_TYPES: Record<string, string> = {
  text: 'string',
  str: 'string',
  boolean: 'bool',
  integer: 'int',
  float: 'number',
  double: 'number',
}

function attrTypeFix(written: string, span: Span, names: readonly string[]): { fix?: Fix } {
  const other = Object.hasOwn(OTHER_TYPES, written) ? OTHER_TYPES[written] : undefined
  return other === undefined ? renaming(span, written, names) : { fix: replacement(span, other) }
}

function elaborateAttr(node: CallNode, context: ExprContext): Typed {
  const { reporter } = context.module
  const [name, type] = takeArgs(node, 2, 'attr("acme.tier", string)', context) ?? []
  if (name === undefined || type === undefined) return ERRONEOUS
  if (name.value.kind !== 'literal' || name.value.token !== 'text' || name.value.raw.length <= 2) {
    reporter.report('E0217', name.value.span, "`attr` takes the attribute's name as a text", {
      label: 'write `attr("acme.tier", string)`',
    })
    return ERRONEOUS
  }
  const wanted = type.value.kind === 'path' ? ATTR_TYPES[type.value.path] : undefined
  if (wanted === undefined) {
    const names = Object.keys(ATTR_TYPES)
    const guess = type.value.kind === 'path' ? didYouMean(type.value.path, names) : ''
    reporter.report('E0217', type.value.span, `\`attr\` takes a type${guess}`, {
      label: `one of ${names.join(', ')}`,
      ...(type.value.kind === 'path' && attrTypeFix(type.value.path, type.value.span, names)),
    })
    return ERRONEOUS
  }
  if (context.subject === null) {
    reporter.report('E0113', node.span, 'an attribute is read from a trace, and there is none here')
    return ERRONEOUS
  }
  const attribute = unescapeText(name.value.raw)
  const cause = { key: attrKey(attribute), span: node.span, why: 'attributes of your own are always optional' }
  return {
    expr: { op: 'attr', name: attribute, type: planType(wanted) },
    type: wanted,
    flexible: false,
    missing: [cause],
  }
}

function elaborateLength(node: CallNode, context: ExprContext, elaborate: Elaborate): Typed {
  const [arg] = takeArgs(node, 1, 'length(output.text)', context) ?? []
  if (arg === undefined) return ERRONEOUS
  const value = elaborate(arg.value, context)
  if (!['string', 'documents', 'unknown'].includes(value.type.kind)) {
    const notes =
      arg.value.kind === 'path' && isSpanSubject(arg.value.path)
        ? [`to count spans, write \`count(${arg.value.path})\``]
        : []
    context.module.reporter.report(
      'E0201',
      arg.value.span,
      `\`length\` is of a text or of documents, and this is ${describeType(value.type)}`,
      { label: 'neither', notes },
    )
    return ERRONEOUS
  }
  return { expr: { op: 'length', arg: value.expr }, type: INT, flexible: false, missing: value.missing }
}

function elaborateVerdict(node: CallNode, verdict: 'pass' | 'fail' | 'unknown' | 'error', context: ExprContext): Typed {
  const { reporter } = context.module
  const [arg] = takeArgs(node, 1, `${node.name.text}(no_pii)`, context) ?? []
  if (arg === undefined) return ERRONEOUS
  if (arg.value.kind !== 'path') {
    if (arg.value.kind !== 'error')
      reporter.report('E0211', arg.value.span, `\`${node.name.text}\` takes the name of an eval`, {
        label: `write \`${node.name.text}(no_pii)\``,
      })
    return ERRONEOUS
  }
  if (context.aggregate !== null || context.subject === null) {
    reporter.report(
      'E0213',
      node.span,
      'a verdict is asked of the subject at hand, not inside an aggregate or a constant',
    )
    return ERRONEOUS
  }
  const target = context.project.verdictTarget(context.module, arg.value.path, arg.value.span)
  if (target === null) return ERRONEOUS
  if (target.subject !== context.subject && context.subject !== 'trace' && target.subject !== 'trace') {
    reporter.report(
      'E0211',
      arg.value.span,
      `\`${arg.value.path}\` judges ${aSubject(target.subject)}, and this is about ${aSubject(context.subject)}`,
      {
        label: 'has no verdict here',
        notes: [
          'ask it of the same subject, of the trace around, or from a trace, which fails when any of its spans does',
        ],
      },
    )
    return ERRONEOUS
  }
  const expr: Expr = { op: 'verdict_of', evalId: target.evalId, verdict }
  return { expr, type: BOOL, flexible: false, missing: [] }
}
