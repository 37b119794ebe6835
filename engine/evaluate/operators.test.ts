import { describe, expect, test } from 'vitest'
import { CAPS } from '../../dsl/caps.ts'
import type { Expr, ValueType } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import type { EvalResult } from '../model/result.ts'
import type { AttributeValue } from '../model/span.ts'
import { buildOnlineEval, buildPattern, buildPlan, DURATION, e, INT } from './build-plan.ts'
import { compileEvaluator } from './evaluator.ts'

const attributes = new Map<string, AttributeValue>([
  ['tier', 'gold'],
  ['n', 3],
  ['big', 7n],
  ['half', 0.5],
  ['tags', ['a', 'b']],
  ['nan', Number.NaN],
  ['null', null],
])
const span = makeSpan({
  kind: 'llm',
  name: 'chat',
  durationNs: 4e9,
  outputText: 'Hello {world}',
  inputText: '{"a":1}',
  tokensInput: 0,
  attributes,
  resource: new Map([['region', 'eu']]),
})
const patterns = [buildPattern('brace', '\\{\\w+\\}'), buildPattern('never', 'zzz+')]

function run(pass: Expr, on = span): EvalResult {
  const scope = { subject: 'llm_call', where: null, traceWhere: null } as const
  const plan = buildPlan({ patterns, evals: [buildOnlineEval('it', pass, { scope, when: 'arrival' })] })
  return compileEvaluator(plan).onSpan(on, 0)[0]!
}

const output = e.field('output.text')
const missing = e.field('model')
const n = e.attr('n', INT)

test.each<[string, Expr, 'pass' | 'fail']>([
  ['n == 3', e.cmp(n, '==', e.lit(3)), 'pass'],
  ['n != 3', e.cmp(n, '!=', e.lit(3)), 'fail'],
  ['n < 3', e.cmp(n, '<', e.lit(3)), 'fail'],
  ['n <= 3', e.cmp(n, '<=', e.lit(3)), 'pass'],
  ['n > 3', e.cmp(n, '>', e.lit(3)), 'fail'],
  ['n >= 3', e.cmp(n, '>=', e.lit(3)), 'pass'],
  ['a text equals itself', e.cmp(output, '==', e.lit('Hello {world}')), 'pass'],
  ['texts compare with case', e.cmp(output, '==', e.lit('hello {world}')), 'fail'],
  ['duration in nanoseconds', e.cmp(e.field('duration', DURATION), '<=', e.lit(4e9, DURATION)), 'pass'],
  ['zero is not missing', e.cmp(e.field('tokens.input', INT), '==', e.lit(0)), 'pass'],
  ['n + 2 == 5', e.cmp(e.arith(n, '+', e.lit(2)), '==', e.lit(5)), 'pass'],
  ['n - 5 == -2', e.cmp(e.arith(n, '-', e.lit(5)), '==', e.lit(-2)), 'pass'],
  ['n * 2 == 6', e.cmp(e.arith(n, '*', e.lit(2)), '==', e.lit(6)), 'pass'],
  ['in', e.in(e.attr('tier'), [e.lit('silver'), e.lit('gold')]), 'pass'],
  ['not in', e.in(e.attr('tier'), [e.lit('silver')]), 'fail'],
  ['in nothing', e.in(missing, []), 'fail'],
  ['contains', e.contains(output, e.lit('{wor')), 'pass'],
  ['contains not', e.contains(output, e.lit('xyz')), 'fail'],
  ['a list contains', e.contains(e.attr('tags', { kind: 'list', of: { kind: 'string' } }), e.lit('b')), 'pass'],
  ['starts with', e.startsWith(output, e.lit('Hello')), 'pass'],
  ['starts with not', e.startsWith(output, e.lit('hello')), 'fail'],
  ['matches', e.matches(output, 0), 'pass'],
  ['matches any', e.matches(output, 1, 0), 'pass'],
  ['matches none', e.matches(output, 1), 'fail'],
  ['length in UTF-16 units', e.cmp(e.length(output), '==', e.lit(13)), 'pass'],
  ['is json', e.isJson(e.field('input.text')), 'pass'],
  ['is json not', e.isJson(output), 'fail'],
  ['a 64-bit attribute', e.cmp(e.attr('big', INT), '==', e.lit(7)), 'pass'],
  ["a resource's attribute", e.cmp(e.attr('region'), '==', e.lit('eu')), 'pass'],
  ['a condition as a value', e.cmp(e.isJson(output), '==', e.matches(output, 1)), 'pass'],
])('%s', (_, expr, verdict) => {
  expect(run(expr)).toMatchObject({ verdict, reason: undefined })
})

describe('a missing operand, on either side, makes the result unknown and is named', () => {
  test.each<[string, Expr]>([
    ...(['==', '!=', '<', '<=', '>', '>='] as const).flatMap((cmp): [string, Expr][] => [
      [`missing ${cmp}`, e.cmp(missing, cmp, e.lit('x'))],
      [`${cmp} missing`, e.cmp(e.lit('x'), cmp, missing)],
    ]),
    ['missing +', e.cmp(e.arith(missing, '+', e.lit(1)), '==', e.lit(1))],
    ['+ missing', e.cmp(e.arith(e.lit(1), '+', missing), '==', e.lit(1))],
    ['missing in', e.in(missing, [e.lit('x')])],
    ['in [missing]', e.in(e.lit('x'), [e.lit('y'), missing])],
    ['missing contains', e.contains(missing, e.lit('x'))],
    ['contains missing', e.contains(output, missing)],
    ['missing starts with', e.startsWith(missing, e.lit('x'))],
    ['starts with missing', e.startsWith(output, missing)],
    ['missing matches', e.matches(missing, 0)],
    ['length(missing)', e.cmp(e.length(missing), '>', e.lit(0))],
    ['missing is json', e.isJson(missing)],
    ['missing ?? missing', e.cmp(e.orElse(missing, missing), '==', e.lit('x'))],
  ])('%s', (_, expr) => {
    expect(run(expr)).toMatchObject({ verdict: 'unknown', reason: { code: 'not_captured', field: 'model' } })
  })

  test('an item that equals decides, whatever the others would be', () => {
    expect(run(e.in(e.lit('x'), [missing, e.lit('x')])).verdict).toBe('pass')
  })

  test.each(['none', 'nan', 'null'])('attribute %s is missing', (name) => {
    expect(run(e.cmp(e.attr(name, INT), '>', e.lit(0)))).toMatchObject({
      verdict: 'unknown',
      reason: { code: 'not_captured', field: `attr("${name}")` },
    })
  })
})

describe('a wrong type at run time is an error, never a verdict', () => {
  const list: ValueType = { kind: 'list', of: INT }
  test.each<[string, ValueType, string]>([
    ['tier', INT, 'attr("tier") is string, not int'],
    ['half', INT, 'attr("half") is number, not int'],
    ['n', { kind: 'string' }, 'attr("n") is int, not string'],
    ['n', { kind: 'bool' }, 'attr("n") is int, not bool'],
    ['tags', list, 'attr("tags") is another list, not a list of int'],
    ['tier', list, 'attr("tier") is string, not a list of int'],
    ['tier', { kind: 'enum', values: ['silver'] }, 'attr("tier") is string, not one of silver'],
  ])('%s as %o', (name, type, detail) => {
    const expr = e.cmp(e.attr(name, type), '==', e.lit('x'))
    expect(run(expr)).toMatchObject({ verdict: 'error', reason: { code: 'wrong_type', detail } })
    expect(run(e.or(expr, e.cmp(missing, '==', e.lit('x')))).verdict).toBe('error')
  })
})

describe('a text beyond the cap', () => {
  const long = 'x'.repeat(CAPS.textUnits)
  const on = (outputText: string) => makeSpan({ kind: 'llm', outputText })

  test('at the cap all is seen', () => {
    expect(run(e.matches(output, 0), on(`${long.slice(3)}{a}`)).verdict).toBe('pass')
    expect(run(e.matches(output, 0), on(long)).verdict).toBe('fail')
  })

  test('what was seen decides when it can, and else nothing does', () => {
    expect(run(e.matches(output, 0), on(`{a}${long}`)).verdict).toBe('pass')
    expect(run(e.matches(output, 0), on(`${long}{a}`))).toMatchObject({
      verdict: 'unknown',
      reason: { code: 'truncated', field: 'output.text' },
    })
    expect(run(e.isJson(output), on(`"${long}"`))).toMatchObject({
      reason: { code: 'truncated', field: 'output.text' },
    })
    expect(run(e.contains(output, e.lit('{a}')), on(`{a}${long}`)).verdict).toBe('pass')
    expect(run(e.contains(output, e.lit('{a}')), on(`${long}{a}`))).toMatchObject({
      verdict: 'unknown',
      reason: { code: 'truncated', field: 'output.text' },
    })
  })

  test('a missing: clause is about missing fields, not about cut ones', () => {
    const scope = { subject: 'llm_call', where: null, traceWhere: null } as const
    const strict = buildOnlineEval('it', e.not(e.matches(output, 0)), {
      scope,
      when: 'arrival',
      missing: { kind: 'pass', because: 'capture is off' },
    })
    const evaluator = compileEvaluator(buildPlan({ patterns, evals: [strict] }))
    expect(evaluator.onSpan(on(`${long}{a}`), 0)[0]!.verdict).toBe('unknown')
    expect(evaluator.onSpan(makeSpan({ kind: 'llm' }), 0)[0]).toMatchObject({
      verdict: 'pass',
      reason: { code: 'pass_because', detail: 'capture is off' },
    })
  })
})
