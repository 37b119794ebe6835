/**
 * A plan's expressions in the words of the language: constants and scopes by what they stand for, so that two texts are equal
 * when the meanings are. What comes out compiles again, except that `in` shows its traces' condition in brackets.
 */
import type { Expr, PatternPlan, ScopePlan, SpanSelector } from './plan.ts'
import { printLiteral } from './print-literal.ts'
import { ADD, AND, COALESCE, COMPARE, MULTIPLY, NOT, OR } from './syntax/precedence.ts'

export interface PrintOptions {
  readonly patterns: readonly PatternPlan[]
  /** How a pattern is written: by its name, or by what it matches. */
  readonly patternText: (pattern: PatternPlan) => string
  /** How another eval is called; by default by its id. */
  readonly evalName?: (evalId: string) => string
  /** In front of fields: `llm_call.` where a part of an aggregate stands by itself. */
  readonly prefix?: string
}

const ATOM = 8

interface Printed {
  readonly text: string
  /** How tightly its outermost operator binds. */
  readonly level: number
}

export function printExpr(expr: Expr, options: PrintOptions): string {
  return print(expr, options).text
}

/** `llm_call in (trace where env == "prod") where model == "x"`. */
export function printScope({ subject, where, traceWhere }: ScopePlan, options: PrintOptions): string {
  const within = traceWhere === null ? '' : ` in (trace where ${printExpr(traceWhere, options)})`
  return `${subject}${within}${where === null ? '' : ` where ${printExpr(where, options)}`}`
}

/** As its file calls it; an inline one by its text. */
export function patternName({ name }: PatternPlan): string {
  return name
}

/** What it matches, whatever it is called. */
export function patternMeaning({ source, caseInsensitive, check }: PatternPlan): string {
  return `/${source}/${caseInsensitive ? 'i' : ''}${check === null ? '' : ` check ${check}`}`
}

function print(expr: Expr, options: PrintOptions): Printed {
  const at = (inner: Expr, level: number): string => {
    const printed = print(inner, options)
    return printed.level < level ? `(${printed.text})` : printed.text
  }
  const infix = (left: Expr, word: string, right: Expr, level: number): Printed => ({
    text: `${at(left, level === ADD || level === MULTIPLY ? level : level + 1)} ${word} ${at(right, level + 1)}`,
    level,
  })
  const atom = (text: string): Printed => ({ text, level: ATOM })
  switch (expr.op) {
    case 'literal':
      return atom(printLiteral(expr.value, expr.type))
    case 'field':
      return atom((options.prefix ?? '') + expr.path)
    case 'trace_field':
      return atom(`trace.${expr.path}`)
    case 'attr':
      return atom(`attr(${JSON.stringify(expr.name)}, ${expr.type.kind})`)
    case 'score':
      return atom('score')
    case 'and':
      return { text: expr.args.map((arg) => at(arg, AND + 1)).join(' and '), level: AND }
    case 'or':
      return { text: expr.args.map((arg) => at(arg, OR + 1)).join(' or '), level: OR }
    case 'not':
      // `not (x in […])` reads as it is meant, though `not` binds more loosely than a comparison.
      return { text: `not ${at(expr.arg, COALESCE)}`, level: NOT }
    case 'compare':
      return infix(expr.left, expr.cmp, expr.right, COMPARE)
    case 'arith':
      return infix(expr.left, expr.fn, expr.right, expr.fn === '*' ? MULTIPLY : ADD)
    case 'in':
      return { text: `${at(expr.value, COALESCE)} in ${listOf(expr.items, options)}`, level: COMPARE }
    case 'contains':
      return infix(expr.left, 'contains', expr.right, COMPARE)
    case 'starts_with':
      return infix(expr.left, 'starts with', expr.right, COMPARE)
    case 'matches':
      return { text: `${at(expr.value, COALESCE)} ${matched(expr.patterns, options)}`, level: COMPARE }
    case 'is_missing':
      return { text: `${at(expr.arg, COALESCE)} is missing`, level: COMPARE }
    case 'is_present':
      return { text: `${at(expr.arg, COALESCE)} is present`, level: COMPARE }
    case 'is_json':
      return { text: `${at(expr.arg, COALESCE)} is json`, level: COMPARE }
    case 'default':
      return infix(expr.left, '??', expr.right, COALESCE)
    case 'length':
      return atom(`length(${printExpr(expr.arg, options)})`)
    case 'aggregate':
      return atom(aggregate(expr, options))
    case 'before':
      return atom(`before(${selector(expr.a, options)}, ${selector(expr.b, options)})`)
    case 'repeats':
      return atom(`repeats(${selector(expr.over, options)})`)
    case 'verdict_of':
      return atom(`${ASKS[expr.verdict]}(${(options.evalName ?? String)(expr.evalId)})`)
  }
}

const ASKS = { pass: 'passes', fail: 'fails', unknown: 'undecided', error: 'errors' } as const

function listOf(items: readonly Expr[], options: PrintOptions): string {
  return `[${items.map((item) => printExpr(item, options)).join(', ')}]`
}

function matched(indices: readonly number[], options: PrintOptions): string {
  const names = printPatterns(indices, options)
  return names.length === 1 ? `matches ${names[0]}` : `matches any [${names.join(', ')}]`
}

/** Each of those that a plan refers to by index. */
export function printPatterns(indices: readonly number[], { patterns, patternText }: PrintOptions): string[] {
  return indices.map((index) => {
    const pattern = patterns[index]
    if (pattern === undefined) throw new RangeError('a plan refers to a pattern that it does not have')
    return patternText(pattern)
  })
}

function selector({ subject, where }: SpanSelector, options: PrintOptions): string {
  return `${subject}${where === null ? '' : ` where ${printExpr(where, options)}`}`
}

function aggregate({ fn, over, value }: Extract<Expr, { op: 'aggregate' }>, options: PrintOptions): string {
  const isWhole = value === null || (value.op === 'literal' && value.value === true)
  const { subject, where } = over
  const of = isWhole ? subject : withSubject(value, subject, options)
  return `${fn}(${of}${where === null ? '' : ` where ${printExpr(where, options)}`})`
}

/** Inside an aggregate the value names its spans: `sum(llm_call.cost)`. */
function withSubject(value: Expr, subject: string, options: PrintOptions): string {
  return printExpr(qualified(value, subject), options)
}

function qualified(expr: Expr, subject: string): Expr {
  const inner = (child: Expr): Expr => qualified(child, subject)
  switch (expr.op) {
    case 'field':
      return { ...expr, path: `${subject}.${expr.path}` }
    case 'and':
    case 'or':
      return { ...expr, args: expr.args.map(inner) }
    case 'not':
    case 'is_missing':
    case 'is_present':
    case 'is_json':
    case 'length':
      return { ...expr, arg: inner(expr.arg) }
    case 'compare':
    case 'arith':
    case 'contains':
    case 'starts_with':
    case 'default':
      return { ...expr, left: inner(expr.left), right: inner(expr.right) }
    case 'in':
      return { ...expr, value: inner(expr.value), items: expr.items.map(inner) }
    case 'matches':
      return { ...expr, value: inner(expr.value) }
    default:
      return expr
  }
}
