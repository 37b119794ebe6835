/** Random conditions and traces for the properties of the evaluator. */
import fc from 'fast-check'
import type { Expr } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import type { AttributeValue, Span } from '../model/span.ts'
import { BOOL, buildPattern, e, INT } from './build-plan.ts'

export const patterns = [buildPattern('a', 'a+b'), buildPattern('digits', '[0-9]{2,}')]

/** `undefined` is missing, and a text where a number is wanted is an error: both are as likely as a value. */
const attributeValue: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.boolean(),
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom('x', 'ab'),
)
export const optionalText = fc.option(fc.constantFrom('', 'ab', 'aab 12', '[1]', 'x'), { nil: undefined })
const anySpan: fc.Arbitrary<Span> = fc
  .record({
    spanId: fc.integer({ min: 0, max: 2 ** 31 }).map((n) => n.toString(16).padStart(16, '0')),
    kind: fc.constantFrom('agent' as const, 'llm' as const, 'tool' as const),
    parentSpanId: fc.option(fc.constant('f'.repeat(16)), { nil: undefined }),
    startTimeUs: fc.integer({ min: 0, max: 5 }),
    durationNs: fc.integer({ min: 0, max: 5000 }),
    tokensInput: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    toolArguments: optionalText,
    inputText: optionalText,
    outputText: optionalText,
    model: optionalText,
    p: fc.option(attributeValue, { nil: undefined }),
    q: fc.option(attributeValue, { nil: undefined }),
  })
  .map(({ p, q, ...fields }) => {
    const attributes = new Map(
      Object.entries({ p, q }).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
    )
    return makeSpan({ ...fields, traceId: 'a'.repeat(32), attributes })
  })
export const anyTrace = fc.uniqueArray(anySpan, { minLength: 1, maxLength: 6, selector: (span) => span.spanId })

interface Exprs {
  bool: Expr
  int: Expr
  text: Expr
}
type Tie = fc.LetrecTypedTie<Exprs>

const leafConditions: fc.Arbitrary<Expr> = fc.constantFrom(
  e.attr('p', BOOL),
  e.attr('q', BOOL),
  e.lit(true),
  e.lit(false),
)

function conditions(tie: Tie): fc.Arbitrary<Expr>[] {
  const cmp = fc.constantFrom('==' as const, '!=' as const, '<' as const, '>=' as const)
  const several = fc.array(tie('bool'), { minLength: 1, maxLength: 3 })
  return [
    several.map((args) => e.and(...args)),
    several.map((args) => e.or(...args)),
    tie('bool').map((arg) => e.not(arg)),
    fc.tuple(tie('int'), cmp, tie('int')).map(([a, op, b]) => e.cmp(a, op, b)),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => e.contains(a, b)),
    fc.tuple(tie('text'), fc.array(tie('text'), { maxLength: 2 })).map(([a, items]) => e.in(a, items)),
    tie('text').map((text) => e.matches(text, 0, 1)),
    tie('text').map((text) => e.isJson(text)),
    tie('int').map((arg) => e.isMissing(arg)),
  ]
}

function numbers(tie: Tie): fc.Arbitrary<Expr>[] {
  const fn = fc.constantFrom('+' as const, '-' as const, '*' as const)
  return [
    tie('text').map((text) => e.length(text)),
    fc.tuple(tie('int'), fn, tie('int')).map(([a, op, b]) => e.arith(a, op, b)),
    fc.tuple(tie('int'), tie('int')).map(([a, b]) => e.orElse(a, b, INT)),
  ]
}

function texts(tie: Tie): fc.Arbitrary<Expr>[] {
  return [
    fc.constantFrom(e.field('input.text'), e.field('output.text'), e.field('model'), e.attr('p'), e.lit('ab')),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => e.orElse(a, b)),
  ]
}

const quantified = (inner: fc.Arbitrary<Expr>): fc.Arbitrary<Expr>[] => {
  const fn = fc.constantFrom('any' as const, 'all' as const)
  return [
    fc
      .tuple(fn, fc.option(inner), inner)
      .map(([op, where, value]) => e.over(op, e.select('llm_call', where), value, BOOL)),
    fc
      .tuple(fc.option(inner), fc.option(inner))
      .map(([a, b]) => e.before(e.select('tool_call', a), e.select('llm_call', b))),
  ]
}

const aggregated = (inner: fc.Arbitrary<Expr>): fc.Arbitrary<Expr>[] => {
  const fn = fc.constantFrom('count' as const, 'sum' as const, 'mean' as const, 'min' as const, 'max' as const)
  const tokens = e.field('tokens.input', INT)
  return [
    fc
      .tuple(fn, fc.option(inner))
      .map(([op, where]) => e.over(op, e.select('llm_call', where), op === 'count' ? null : tokens)),
    fc.option(inner).map((where) => e.repeats(e.select('tool_call', where))),
  ]
}

/** Conditions; with `inner`, also aggregates over spans that satisfy it. */
const exprs = (inner: fc.Arbitrary<Expr> | null): fc.Arbitrary<Expr> => {
  const { bool } = fc.letrec<Exprs>((tie) => ({
    bool: fc.oneof(
      { depthSize: 'small' },
      leafConditions,
      ...conditions(tie),
      ...(inner === null ? [] : quantified(inner)),
    ),
    int: fc.oneof(
      { depthSize: 'small' },
      fc.integer({ min: -1, max: 4 }).map((n) => e.lit(n)),
      fc.constantFrom(e.attr('p', INT), e.attr('q', INT), e.field('duration', INT)),
      ...numbers(tie),
      ...(inner === null ? [] : aggregated(inner)),
    ),
    text: fc.oneof({ depthSize: 'small' }, ...texts(tie)),
  }))
  return bool
}

export const condition = exprs(exprs(null))
