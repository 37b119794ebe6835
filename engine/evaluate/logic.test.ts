import { describe, expect, test } from 'vitest'
import type { Expr } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import { BOOL, buildOnlineEval, buildPlan, e, INT } from './build-plan.ts'
import { compileEvaluator } from './evaluator.ts'

/** `t`, `f`, `u` (missing) and `x` (wrong type) as attributes of one span. */
const span = makeSpan({
  kind: 'llm',
  attributes: new Map<string, string | boolean>([
    ['t', true],
    ['f', false],
    ['x', 'no'],
  ]),
})
const operand = (name: string): Expr => e.attr(name, BOOL)

function verdictOf(pass: Expr): string {
  const scope = { subject: 'llm_call', where: null, traceWhere: null } as const
  const plan = buildPlan({ evals: [buildOnlineEval('it', pass, { scope, when: 'arrival' })] })
  const [result] = compileEvaluator(plan).onSpan(span, 0)
  return { pass: 't', fail: 'f', unknown: 'u', error: 'x' }[result!.verdict]
}

describe.each<[string, (...args: Expr[]) => Expr, string]>([
  // Rows: left operand t f u x. Columns: right operand t f u x.
  ['and', e.and, 'tfux ffff ufux xfxx'],
  ['or', e.or, 'tttt tfux tuux txxx'],
])('%s', (_, combine, table) => {
  test.each(
    table.split(' ').flatMap((row, i) => [...row].map((outcome, j) => ['tfux'[i]!, 'tfux'[j]!, outcome] as const)),
  )('%s, %s is %s', (left, right, outcome) => {
    expect(verdictOf(combine(operand(left), operand(right)))).toBe(outcome)
    expect(verdictOf(combine(combine(operand(left)), operand(right), combine(operand(left), operand(right))))).toBe(
      outcome,
    )
  })
})

test.each([
  ['t', 'f'],
  ['f', 't'],
  ['u', 'u'],
  ['x', 'x'],
])('not %s is %s', (value, outcome) => {
  expect(verdictOf(e.not(operand(value)))).toBe(outcome)
})

describe('is missing, is present and ?? are total', () => {
  test.each([
    ['t', 'f', 't'],
    ['f', 'f', 't'],
    ['u', 't', 'f'],
    ['x', 'f', 't'],
  ])('%s', (value, missing, present) => {
    expect(verdictOf(e.isMissing(operand(value)))).toBe(missing)
    expect(verdictOf(e.isPresent(operand(value)))).toBe(present)
  })

  test('a value worked out of missing ones is missing', () => {
    expect(verdictOf(e.isMissing(e.arith(e.attr('u', INT), '+', e.lit(1))))).toBe('t')
    expect(verdictOf(e.isMissing(e.length(e.attr('u'))))).toBe('t')
  })

  test('?? replaces what is missing, and not what is of a wrong type', () => {
    expect(verdictOf(e.orElse(operand('u'), e.lit(true), BOOL))).toBe('t')
    expect(verdictOf(e.orElse(operand('f'), e.lit(true), BOOL))).toBe('f')
    expect(verdictOf(e.orElse(operand('u'), operand('u'), BOOL))).toBe('u')
    expect(verdictOf(e.orElse(operand('x'), e.lit(true), BOOL))).toBe('x')
  })
})
