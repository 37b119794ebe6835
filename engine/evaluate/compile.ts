/**
 * Expressions to closures: what can be decided when a plan is loaded (which field, which patterns, which reason) is decided
 * then, so that a span costs calls and comparisons alone.
 */
import type { Expr } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import { aggregateBounds, compileAggregate, compileQuantifier, exact } from './aggregate.ts'
import { compileAttribute, readAttribute } from './attribute.ts'
import { arithmeticBounds, compileArithmetic, compileCompare, compileIn } from './compare.ts'
import { type Bounds, type Compiler, UNBOUNDED } from './compiler.ts'
import { spanAtHand, type TruthFn, traceAround, type ValueFn } from './context.ts'
import { readTraceField, spanField } from './fields.ts'
import { compileAnd, compileNot, compileOr } from './logic.ts'
import { nameOf, traceFieldPath } from './names.ts'
import { compileBefore, compileRepeats, repeatsBounds } from './order.ts'
import { compileContains, compileIsJson, compileLength, compileMatches, compileStartsWith } from './text.ts'
import { isError, TRUE, truthOf, UNKNOWN } from './truth.ts'

export interface CompileSettings extends Pick<Compiler, 'level' | 'arrival' | 'patterns' | 'verdictOf'> {
  /** What `score` stands for: null where the eval has no such clause, `given` where a judge gives it. */
  readonly score: Expr | 'given' | null
}

export function createCompiler(settings: CompileSettings, prefix = ''): Compiler {
  const compiler: Compiler = {
    level: settings.level,
    arrival: settings.arrival,
    patterns: settings.patterns,
    verdictOf: settings.verdictOf,
    prefix,
    truth: (expr) => compileTruth(expr, compiler),
    value: (expr) => compileValue(expr, compiler),
    bounds: (expr) => boundsOf(expr, compiler, settings.score),
    over: (subject) => createCompiler({ ...settings, level: 'span' }, `${subject}.`),
  }
  return compiler
}

function compileTruth(expr: Expr, compiler: Compiler): TruthFn {
  switch (expr.op) {
    case 'and':
      return compileAnd(expr.args, compiler)
    case 'or':
      return compileOr(expr.args, compiler)
    case 'not':
      return compileNot(expr.arg, compiler)
    case 'compare':
      return compileCompare(expr, compiler)
    case 'in':
      return compileIn(expr, compiler)
    case 'contains':
      return compileContains(expr, compiler)
    case 'starts_with':
      return compileStartsWith(expr, compiler)
    case 'matches':
      return compileMatches(expr, compiler)
    case 'is_json':
      return compileIsJson(expr, compiler)
    case 'is_missing':
      return compilePresence(expr.arg, false, compiler)
    case 'is_present':
      return compilePresence(expr.arg, true, compiler)
    case 'before':
      return compileBefore(expr, compiler)
    case 'verdict_of': {
      const verdictOf = compiler.verdictOf(expr.evalId)
      return (context) => truthOf(verdictOf(context) === expr.verdict)
    }
    case 'aggregate':
      if (expr.fn === 'any' || expr.fn === 'all') return compileQuantifier(expr, compiler)
      return truthOfValue(expr, compiler)
    default:
      return truthOfValue(expr, compiler)
  }
}

/** A field, attribute or literal of type bool. */
function truthOfValue(expr: Expr, compiler: Compiler): TruthFn {
  const value = compileValue(expr, compiler)
  return (context) => {
    const known = value(context)
    return known === undefined ? UNKNOWN : truthOf(known === true)
  }
}

function compileValue(expr: Expr, compiler: Compiler): ValueFn {
  switch (expr.op) {
    case 'literal': {
      const { value } = expr
      return () => value
    }
    case 'field':
      return compileField(expr, compiler)
    case 'trace_field':
      return compileTraceField(expr, compiler)
    case 'attr':
      return compileAttribute(expr, compiler)
    case 'score':
      return (context) => {
        if (context.score === undefined) context.why = context.scoreWhy
        return context.score
      }
    case 'arith':
      return compileArithmetic(expr, compiler)
    case 'default':
      return compileDefault(expr, compiler)
    case 'length':
      return compileLength(expr, compiler)
    case 'repeats':
      return compileRepeats(expr, compiler)
    case 'aggregate':
      return expr.fn === 'any' || expr.fn === 'all' ? valueOfTruth(expr, compiler) : compileAggregate(expr, compiler)
    default:
      return valueOfTruth(expr, compiler)
  }
}

/** A condition where a value is wanted: `(a > b) == (c > d)`. */
function valueOfTruth(expr: Expr, compiler: Compiler): ValueFn {
  const truth = compileTruth(expr, compiler)
  return (context) => {
    const known = truth(context)
    return known === UNKNOWN ? undefined : known === TRUE
  }
}

function compileField(expr: Extract<Expr, { op: 'field' }>, compiler: Compiler): ValueFn {
  const missing: Reason = { code: 'not_captured', field: nameOf(expr, compiler) }
  if (compiler.level === 'trace') return fromTrace(expr.path, missing)
  return fromSpan(expr.path, missing)
}

function compileTraceField(expr: Extract<Expr, { op: 'trace_field' }>, compiler: Compiler): ValueFn {
  const missing: Reason = { code: 'not_captured', field: nameOf(expr, compiler) }
  const path = traceFieldPath(expr.path)
  return compiler.arrival ? fromSpan(path, missing) : fromTrace(path, missing)
}

function fromSpan(path: string, missing: Reason): ValueFn {
  const { read } = spanField(path)
  return (context) => {
    const value = read(spanAtHand(context))
    if (value === undefined) context.why = missing
    return value
  }
}

function fromTrace(path: string, missing: Reason): ValueFn {
  const read = readTraceField(path)
  return (context) => {
    const value = read(traceAround(context))
    if (value === undefined) context.why = missing
    return value
  }
}

/** `left ?? right`: only what is missing is replaced; a wrong type stays an error. */
function compileDefault(expr: Extract<Expr, { op: 'default' }>, compiler: Compiler): ValueFn {
  const left = compileValue(expr.left, compiler)
  const right = compileValue(expr.right, compiler)
  return (context) => {
    const value = left(context)
    return value !== undefined || isError(context.why) ? value : right(context)
  }
}

/** Total: an attribute of a wrong type is present. */
function compilePresence(arg: Expr, wanted: boolean, compiler: Compiler): TruthFn {
  if (arg.op === 'attr') {
    const { name } = arg
    if (compiler.level === 'trace') {
      return (context) => truthOf((readAttribute(traceAround(context).root, name) !== undefined) === wanted)
    }
    return (context) => truthOf((readAttribute(spanAtHand(context), name) !== undefined) === wanted)
  }
  const value = compileValue(arg, compiler)
  return (context) => truthOf((value(context) !== undefined || isError(context.why)) === wanted)
}

function boundsOf(expr: Expr, compiler: Compiler, score: CompileSettings['score']): Bounds {
  switch (expr.op) {
    case 'aggregate':
      return expr.fn === 'any' || expr.fn === 'all' ? UNBOUNDED : aggregateBounds(expr, compiler)
    case 'repeats':
      return repeatsBounds(expr, compiler)
    case 'arith':
      return arithmeticBounds(expr, compiler)
    case 'score':
      // The clause is no part of a loop: the checker refuses `score` within `score:`.
      if (score !== null && score !== 'given' && score.op !== 'score') return boundsOf(score, compiler, null)
      return UNBOUNDED
    case 'literal':
    case 'field':
    case 'trace_field':
    case 'attr':
    case 'length':
    case 'default': {
      const own = exact(compileValue(expr, compiler))
      return { partial: false, low: own, high: own }
    }
    default:
      return UNBOUNDED
  }
}
