import { describe, expect, test } from 'vitest'
import type { AggregateFn, Expr } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { percentile } from './aggregate.ts'
import { buildOnlineEval, buildPlan, e, INT } from './build-plan.ts'
import { compileEvaluator } from './evaluator.ts'

type Cmp = Extract<Expr, { op: 'compare' }>['cmp']

let nextId = 0
const at = (startMs: number, durationMs: number, more: Partial<Span> = {}): Span =>
  makeSpan({
    spanId: (nextId++).toString(16).padStart(16, '0'),
    parentSpanId: 'f'.repeat(16),
    startTimeUs: 1_767_000_000_000_000 + startMs * 1000,
    durationNs: durationMs * 1e6,
    ...more,
  })
const llm = (tokensInput?: number): Span => at(0, 1, { kind: 'llm', tokensInput })
const tool = (name: string, startMs = 0, durationMs = 1, toolArguments?: string): Span =>
  at(startMs, durationMs, { kind: 'tool', toolName: name, toolArguments })

function run(pass: Expr, spans: Span[], maxSpansPerTrace = 100): EvalResult {
  const evaluator = compileEvaluator(buildPlan({ evals: [buildOnlineEval('it', pass)] }), { maxSpansPerTrace })
  const root = at(-1, 0, { kind: 'agent', parentSpanId: undefined })
  return evaluator.onTrace({ tenant: 'default', traceId: 'a'.repeat(32), spans: [root, ...spans] }, 1, 0)[0]!
}

const tokens = e.field('tokens.input', INT)
const over = (fn: AggregateFn, cmp: Cmp, value: number) =>
  e.cmp(e.over(fn, e.select('llm_call'), tokens), cmp, e.lit(value))
const named = (name: string) => e.select('tool_call', e.cmp(e.field('name'), '==', e.lit(name)))
const notCaptured = (field: string) => ({ verdict: 'unknown', reason: { code: 'not_captured', field } })

describe('numbers over spans', () => {
  test.each<[AggregateFn, number]>([
    ['sum', 16],
    ['mean', 4],
    ['min', 1],
    ['max', 9],
    ['p50', 2],
    ['p95', 9],
    ['p99', 9],
  ])('%s of 4, 1, 2, 9 is %i', (fn, value) => {
    const spans = [llm(4), llm(1), llm(2), llm(9), tool('x')]
    expect(run(over(fn, '==', value), spans).verdict).toBe('pass')
    expect(run(over(fn, '==', value), spans.reverse()).verdict).toBe('pass')
  })

  test('count is total: of nothing it is 0, and a where that is unknown selects nothing', () => {
    expect(run(e.cmp(e.over('count', e.select('llm_call')), '==', e.lit(0)), []).verdict).toBe('pass')
    const big = e.select('llm_call', e.cmp(tokens, '>', e.lit(5)))
    expect(run(e.cmp(e.over('count', big), '==', e.lit(1)), [llm(9), llm(), llm(1)]).verdict).toBe('pass')
  })

  test('an empty sum is 0; any other of nothing is missing', () => {
    expect(run(over('sum', '==', 0), []).verdict).toBe('pass')
    for (const fn of ['mean', 'min', 'max', 'p50'] as const) {
      expect(run(over(fn, '>=', 0), [])).toMatchObject(notCaptured('llm_call.tokens.input'))
    }
  })

  test('percentiles are by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
    expect([50, 95, 99].map((p) => percentile(hundred, p))).toEqual([50, 95, 99])
    expect([50, 95, 99].map((p) => percentile([7], p))).toEqual([7, 7, 7])
    expect([50, 95].map((p) => percentile([30, 10, 20, 40], p))).toEqual([20, 40])
  })
})

describe('an element that is missing', () => {
  const known = [llm(4), llm(), llm(3)]

  test.each<[AggregateFn, Cmp, number, 'pass' | 'fail' | 'unknown']>([
    ['sum', '<=', 7, 'unknown'],
    ['sum', '<=', 6, 'fail'],
    ['sum', '<', 7, 'fail'],
    ['sum', '<', 8, 'unknown'],
    ['sum', '>=', 7, 'pass'],
    ['sum', '>=', 8, 'unknown'],
    ['sum', '>', 6, 'pass'],
    ['sum', '>', 7, 'unknown'],
    ['sum', '==', 6, 'fail'],
    ['sum', '==', 7, 'unknown'],
    ['sum', '!=', 6, 'pass'],
    ['sum', '!=', 7, 'unknown'],
    ['max', '<=', 3, 'fail'],
    ['max', '<=', 4, 'unknown'],
    ['max', '>=', 4, 'pass'],
    ['min', '>=', 4, 'fail'],
    ['min', '>=', 3, 'unknown'],
    ['min', '<=', 3, 'pass'],
    ['mean', '<=', 1, 'unknown'],
    ['p95', '<=', 1, 'unknown'],
  ])('%s(4, ?, 3) %s %i is %s', (fn, cmp, value, verdict) => {
    expect(run(over(fn, cmp, value), known).verdict).toBe(verdict)
    const mirrored = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const
    const flipped = e.cmp(e.lit(value), mirrored[cmp], e.over(fn, e.select('llm_call'), tokens))
    expect(run(flipped, known).verdict).toBe(verdict)
  })

  test('is named with its subject', () => {
    expect(run(over('sum', '<=', 7), known)).toMatchObject(notCaptured('llm_call.tokens.input'))
  })

  test('sums of what may be negative decide nothing before they are known', () => {
    const sum = e.over('sum', e.select('llm_call'), e.arith(tokens, '-', e.lit(2)))
    expect(run(e.cmp(sum, '<=', e.lit(0)), known).verdict).toBe('unknown')
  })

  test('bounds go through + and through the score', () => {
    const sum = e.over('sum', e.select('llm_call'), tokens)
    expect(run(e.cmp(e.arith(sum, '+', e.lit(10)), '<=', e.lit(16)), known).verdict).toBe('fail')
    const scored = buildOnlineEval('it', e.cmp(e.score(), '<=', e.lit(6)), { score: sum })
    const evaluator = compileEvaluator(buildPlan({ evals: [scored] }))
    const [result] = evaluator.onTrace({ tenant: 'default', traceId: 'a', spans: known }, 1, 0)
    expect(result).toMatchObject({ verdict: 'fail', score: undefined })
  })
})

describe('any and all', () => {
  const isBig = e.cmp(tokens, '>', e.lit(5))
  const any = e.over('any', e.select('llm_call'), isBig)
  const all = e.over('all', e.select('llm_call'), isBig)

  test.each<[string, Span[], string, string]>([
    ['nothing', [], 'fail', 'pass'],
    ['all big', [llm(9), llm(8)], 'pass', 'pass'],
    ['some big', [llm(9), llm(1)], 'pass', 'fail'],
    ['none big', [llm(2), llm(1)], 'fail', 'fail'],
    ['big and missing', [llm(9), llm()], 'pass', 'unknown'],
    ['small and missing', [llm(1), llm()], 'unknown', 'fail'],
    ['missing', [llm()], 'unknown', 'unknown'],
  ])('%s', (_, spans, anyVerdict, allVerdict) => {
    for (const order of [spans, [...spans].reverse()]) {
      expect(run(any, order).verdict).toBe(anyVerdict)
      expect(run(all, order).verdict).toBe(allVerdict)
    }
  })

  test('without a condition, any asks whether there is one', () => {
    expect(run(e.over('any', named('refund')), [tool('refund')]).verdict).toBe('pass')
    expect(run(e.over('any', named('refund')), [tool('verify')]).verdict).toBe('fail')
  })
})

describe('before', () => {
  const verifyFirst = e.before(named('verify'), named('refund'))

  test.each<[string, Span[], 'pass' | 'fail']>([
    ['without any B', [tool('verify')], 'pass'],
    ['A ended before B began', [tool('verify', 0, 5), tool('refund', 6)], 'pass'],
    ['A ended at that moment', [tool('verify', 0, 5), tool('refund', 5)], 'pass'],
    ['A was still running', [tool('verify', 0, 5), tool('refund', 4)], 'fail'],
    ['B alone', [tool('refund', 4)], 'fail'],
    ['one B too early', [tool('refund', 1), tool('verify', 2, 1), tool('refund', 9)], 'fail'],
    ['a later A harms nothing', [tool('verify', 0, 1), tool('refund', 3), tool('verify', 5)], 'pass'],
  ])('%s', (_, spans, verdict) => {
    expect(run(verifyFirst, spans).verdict).toBe(verdict)
    expect(run(verifyFirst, [...spans].reverse()).verdict).toBe(verdict)
  })
})

describe('repeats', () => {
  const repeats = (cmp: Cmp, n: number) => e.cmp(e.repeats(e.select('tool_call')), cmp, e.lit(n))

  test.each<[string, Span[], number]>([
    ['nothing', [], 0],
    ['different calls', [tool('a', 0, 1, '{"x":1}'), tool('a', 0, 1, '{"x":2}'), tool('b', 0, 1, '{"x":1}')], 1],
    ['the same call', [tool('a', 0, 1, '{"x":1}'), tool('a', 0, 1, '{"x":1}'), tool('b', 0, 1, '1')], 2],
    ['written otherwise', [tool('a', 0, 1, '{"x":1,"y":[2]}'), tool('a', 0, 1, '{ "y": [2], "x": 1 }')], 2],
    ['arguments that are no JSON', [tool('a', 0, 1, 'x='), tool('a', 0, 1, 'x=')], 2],
    ['one call without arguments', [tool('a')], 1],
  ])('%s: %i', (_, spans, times) => {
    expect(run(repeats('==', times), spans).verdict).toBe('pass')
  })

  test('calls whose arguments were not captured decide nothing, unless they can not matter', () => {
    const spans = [tool('a', 0, 1, '1'), tool('a', 0, 1, '1'), tool('a'), tool('b')]
    expect(run(repeats('<=', 2), spans)).toMatchObject(notCaptured('tool_call.arguments.text'))
    expect(run(repeats('<=', 1), spans).verdict).toBe('fail')
    expect(run(repeats('<=', 3), spans).verdict).toBe('pass')
  })
})

describe('a trace over the cap of spans', () => {
  const many = [llm(1), llm(1), llm(1), llm(1), llm(1)]
  const cut = { verdict: 'unknown', reason: { code: 'truncated', field: 'trace' } }

  test('what depends on the rest is truncated, what the seen part decides is decided', () => {
    const count = (cmp: Cmp, n: number) => e.cmp(e.over('count', e.select('llm_call')), cmp, e.lit(n))
    expect(run(count('<=', 4), many, 4)).toMatchObject(cut)
    expect(run(count('<=', 2), many, 4).verdict).toBe('fail')
    expect(run(over('sum', '<=', 4), many, 4)).toMatchObject(cut)
    expect(run(over('sum', '<=', 2), many, 4).verdict).toBe('fail')
    expect(run(e.over('all', e.select('llm_call'), e.cmp(tokens, '==', e.lit(1))), many, 4)).toMatchObject(cut)
    expect(run(e.over('any', e.select('llm_call'), e.cmp(tokens, '==', e.lit(1))), many, 4).verdict).toBe('pass')
  })
})

describe('a span of which it is not known whether it belongs', () => {
  const big = e.cmp(tokens, '>', e.lit(5))
  const mini = e.select('llm_call', e.cmp(e.field('model'), '==', e.lit('mini')))
  const of = (model: string | undefined, tokensInput: number) => at(0, 1, { kind: 'llm', model, tokensInput })
  const sum = (cmp: Cmp, n: number) => e.cmp(e.over('sum', mini, tokens), cmp, e.lit(n))

  test.each<[string, Expr, Span[], 'pass' | 'fail' | 'unknown']>([
    ['is not counted', e.cmp(e.over('count', mini), '==', e.lit(1)), [of('mini', 1), of(undefined, 1)], 'pass'],
    ['may be the one', e.over('any', mini, big), [of('max', 9), of(undefined, 9)], 'unknown'],
    ['is not the one if its condition is false', e.over('any', mini, big), [of('max', 9), of(undefined, 1)], 'fail'],
    ['need not be the one', e.over('any', mini, big), [of('mini', 9), of(undefined, 9)], 'pass'],
    ['may be, without a condition', e.over('any', mini), [of(undefined, 9)], 'unknown'],
    ['may break all', e.over('all', mini, big), [of('mini', 9), of(undefined, 1)], 'unknown'],
    ['cannot break all if its condition is true', e.over('all', mini, big), [of('mini', 9), of(undefined, 9)], 'pass'],
    ['makes a sum missing', sum('<=', 9), [of('mini', 9), of(undefined, 1)], 'unknown'],
    ['unless the known part decides', sum('<=', 8), [of('mini', 9), of(undefined, 1)], 'fail'],
  ])('%s', (_, expr, spans, verdict) => {
    for (const order of [spans, [...spans].reverse()]) expect(run(expr, order).verdict).toBe(verdict)
  })

  test('another A could only help, another B only harm', () => {
    const withTier = (tier: string) => e.select('tool_call', e.cmp(e.attr('tier'), '==', e.lit(tier)))
    const tiered = (startMs: number, tier?: string) =>
      at(startMs, 1, { kind: 'tool', attributes: new Map(tier === undefined ? [] : [['tier', tier]]) })
    const inOrder = e.before(withTier('a'), withTier('b'))
    expect(run(inOrder, [tiered(0), tiered(5, 'b')]).verdict).toBe('unknown')
    expect(run(inOrder, [tiered(0, 'a'), tiered(5, 'b'), tiered(9)]).verdict).toBe('unknown')
    expect(run(inOrder, [tiered(0, 'a'), tiered(5, 'b')]).verdict).toBe('pass')
    expect(run(inOrder, [tiered(5, 'b'), tiered(9, 'a')]).verdict).toBe('fail')
  })
})

test('an error in where is never silently a smaller number', () => {
  const typed = e.select('llm_call', e.cmp(e.attr('tier', INT), '>', e.lit(1)))
  const bad = at(0, 1, { kind: 'llm', attributes: new Map([['tier', 'gold']]) })
  expect(run(e.cmp(e.over('count', typed), '==', e.lit(0)), [bad]).verdict).toBe('error')
})
