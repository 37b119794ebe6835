import { describe, expect, test } from 'vitest'
import type { OnlineEvalPlan } from '../../dsl/plan.ts'
import { makeResult } from '../model/make-result.ts'
import { makeSpan } from '../model/make-span.ts'
import type { Span } from '../model/span.ts'
import {
  BOOL,
  buildOfflineEval,
  buildOnlineEval,
  buildPattern,
  buildPlan,
  DURATION,
  e,
  INT,
  USD,
} from './build-plan.ts'
import { compileEvaluator, type ProjectedSpan } from './evaluator.ts'

const TRACE = 'a'.repeat(32)
let nextId = 1
const span = (more: Partial<Span> = {}): Span =>
  makeSpan({
    traceId: TRACE,
    spanId: (nextId++).toString(16).padStart(16, '0'),
    parentSpanId: 'f'.repeat(16),
    startTimeUs: 1_767_000_000_000_000,
    ...more,
  })
const root = (more: Partial<Span> = {}): Span => span({ kind: 'agent', parentSpanId: undefined, ...more })
const evaluatorOf = (...evals: OnlineEvalPlan[]) =>
  compileEvaluator(
    buildPlan({ patterns: [buildPattern('secret', 'sk-[a-z]+'), buildPattern('pii.email', '\\w+@\\w+\\.com')], evals }),
  )
const settle = (spans: readonly ProjectedSpan[]) => ({ tenant: 'acme', traceId: TRACE, spans })

const llmScope = { subject: 'llm_call', where: null, traceWhere: null } as const
const noSecret = (more: Partial<OnlineEvalPlan> = {}) =>
  buildOnlineEval('no_secret', e.not(e.matches(e.field('output.text'), 0, 1)), {
    scope: llmScope,
    when: 'arrival',
    ...more,
  })

describe('spans as they arrive', () => {
  const evaluator = evaluatorOf(noSecret({ mode: 'shadow' }))

  test('a result says all that there is to say of its subject', () => {
    const on = span({
      kind: 'llm',
      tenant: 'acme',
      outputText: 'fine',
      agentName: 'checkout',
      agentVersion: '2',
      env: 'prod',
    })
    const [result, ...others] = evaluator.onSpan(on, 99)
    expect(others).toEqual([])
    const expected = makeResult({
      tenant: 'acme',
      evalId: 'test/no_secret',
      measureHash: 'm'.repeat(32),
      verdictHash: 'v'.repeat(32),
      mode: 'shadow',
      subjectKind: 'llm_call',
      traceId: TRACE,
      spanId: on.spanId,
      subjectTimeUs: on.startTimeUs,
      evaluatedAtMs: 99,
      agentName: 'checkout',
      agentVersion: '2',
      env: 'prod',
    })
    expect(result).toEqual(expected)
    expect(Object.keys(result!)).toEqual(Object.keys(expected))
  })

  test('spans of other kinds are none of its business', () => {
    expect(evaluator.onSpan(span({ kind: 'tool' }), 0)).toEqual([])
    expect(evaluator.needsTraces).toBe(false)
    expect(evaluator.onTrace(settle([span({ kind: 'llm' })]), 1, 0)).toEqual([])
  })

  test("a trace's agent and environment are the span's own", () => {
    const scope = { ...llmScope, traceWhere: e.cmp(e.field('agent.name'), '==', e.lit('checkout')) }
    const inProd = e.cmp(e.traceField('env'), '==', e.lit('prod'))
    const scoped = evaluatorOf(buildOnlineEval('prod', inProd, { scope, when: 'arrival' }))
    const verdicts = [
      span({ kind: 'llm', agentName: 'checkout', env: 'prod' }),
      span({ kind: 'llm', agentName: 'checkout', env: 'dev' }),
      span({ kind: 'llm', agentName: 'checkout' }),
      span({ kind: 'llm', agentName: 'other' }),
      span({ kind: 'llm' }),
    ].map((one) => scoped.onSpan(one, 0)[0])
    expect(verdicts.map((r) => r?.verdict)).toEqual(['pass', 'fail', 'unknown', undefined, undefined])
    expect(verdicts[2]!.reason).toEqual({ code: 'not_captured', field: 'trace.env' })
    expect(scoped.ledger()).toEqual([
      { evalId: 'test/prod', pass: 1, fail: 1, unknown: 1, error: 0, filtered: 2, filteredUnknown: 1 },
    ])
  })

  test('a wrong type in the scope is an error, not a silent miss', () => {
    const scope = { ...llmScope, where: e.attr('beta', BOOL) }
    const typed = evaluatorOf(buildOnlineEval('it', e.lit(true), { scope, when: 'arrival' }))
    const [result] = typed.onSpan(span({ kind: 'llm', attributes: new Map([['beta', 'yes']]) }), 0)
    expect(result).toMatchObject({ verdict: 'error', reason: { code: 'wrong_type' } })
  })

  test('missing: decides what a missing field means, and keeps why', () => {
    const reason = { code: 'not_captured', field: 'output.text' }
    const on = span({ kind: 'llm' })
    expect(evaluatorOf(noSecret({ missing: { kind: 'unknown' } })).onSpan(on, 0)[0]).toMatchObject({
      verdict: 'unknown',
      reason,
    })
    expect(evaluatorOf(noSecret({ missing: { kind: 'fail' } })).onSpan(on, 0)[0]).toMatchObject({
      verdict: 'fail',
      reason,
    })
    const pass = evaluatorOf(noSecret({ missing: { kind: 'pass', because: 'it may' } })).onSpan(on, 0)[0]
    expect(pass).toMatchObject({ verdict: 'pass', reason: { code: 'pass_because', detail: 'it may' } })
  })
})

describe('traces as they settle', () => {
  const fast = buildOnlineEval('fast', e.cmp(e.score(DURATION), '<=', e.lit(8e9, DURATION)), {
    score: e.field('duration', DURATION),
  })

  test('last from the earliest start to the latest end', () => {
    const evaluator = evaluatorOf(fast)
    const spans = [
      root({ startTimeUs: 1_000_000, startTimeSubUs: 500, durationNs: 1e9, agentName: 'checkout', env: 'prod' }),
      span({ startTimeUs: 9_000_000, durationNs: 1_500_000 }),
    ]
    const [result] = evaluator.onTrace(settle(spans.map(evaluator.project)), 3, 7)
    expect(result).toMatchObject({
      verdict: 'fail',
      score: 8001.4995,
      tenant: 'acme',
      subjectKind: 'trace',
      spanId: '',
      revision: 3,
      evaluatedAtMs: 7,
      subjectTimeUs: 1_000_000,
      agentName: 'checkout',
      env: 'prod',
    })
    expect(evaluator.needsTraces).toBe(true)
    expect(evaluator.onSpan(spans[0]!, 0)).toEqual([])
    expect(evaluator.onTrace(settle([]), 1, 0)).toEqual([])
  })

  test.each<[string, Span[], string | undefined]>([
    [
      'the span without parent',
      [span({ kind: 'agent', agentName: 'sub' }), root({ kind: 'chain', agentName: 'top' })],
      'top',
    ],
    [
      'the earlier of two',
      [root({ startTimeUs: 5, agentName: 'late' }), root({ startTimeUs: 4, agentName: 'early' })],
      'early',
    ],
    [
      'an agent span where the root names none',
      [root({ kind: 'other' }), span({ kind: 'agent', agentName: 'sub' })],
      'sub',
    ],
    [
      'the first agent span without a root',
      [span({ agentName: 'x' }), span({ kind: 'agent', agentName: 'sub' })],
      'sub',
    ],
    [
      'the first span without either',
      [span({ startTimeUs: 2, agentName: 'b' }), span({ startTimeUs: 1, agentName: 'a' })],
      'a',
    ],
    ['none', [root()], undefined],
  ])('its agent is that of %s', (_, spans, agentName) => {
    const evaluator = evaluatorOf(fast)
    for (const order of [spans, [...spans].reverse()]) {
      expect(evaluator.onTrace(settle(order), 1, 0)[0]!.agentName).toBe(agentName)
    }
  })

  test("its status and name are its root's, never another span's", () => {
    const status = e.cmp(e.field('status'), '==', e.lit('error'))
    const name = e.cmp(e.field('name'), '==', e.lit('POST /chat'))
    const evaluator = evaluatorOf(buildOnlineEval('it', e.and(e.not(status), name)))
    const spans = [root({ kind: 'other', name: 'POST /chat' }), span({ kind: 'agent', name: 'agent', status: 'error' })]
    expect(evaluator.onTrace(settle(spans), 1, 0)[0]!.verdict).toBe('pass')
  })

  test('an eval of spans that reads the trace gives a verdict per span', () => {
    const scope = { ...llmScope, traceWhere: e.cmp(e.over('count', e.select('tool_call')), '>=', e.lit(1)) }
    const evaluator = evaluatorOf(
      buildOnlineEval('it', e.cmp(e.traceField('duration', DURATION), '<', e.lit(5, DURATION)), { scope }),
    )
    const calls = [span({ kind: 'llm', durationNs: 4 }), span({ kind: 'llm' })]
    const results = evaluator.onTrace(settle([root(), ...calls, span({ kind: 'tool' })]), 1, 0)
    expect(results.map((r) => [r.spanId, r.verdict])).toEqual(calls.map((c) => [c.spanId, 'pass']))
    expect(evaluator.onTrace(settle([root(), ...calls]), 1, 0)).toEqual([])
    expect(evaluator.ledger()[0]).toMatchObject({ pass: 2, filtered: 2, filteredUnknown: 0 })
  })

  test('money scores are in its currency', () => {
    const sum = e.over('sum', e.select('llm_call'), e.field('cost', USD), USD)
    const evaluator = evaluatorOf(
      buildOnlineEval('cheap', e.cmp(e.score(USD), '<=', e.lit(250_000, USD)), { score: sum }),
    )
    const results = evaluator.onTrace(settle([root(), span({ kind: 'llm', costMicroUsd: 123_000 })]), 1, 0)
    expect(results[0]).toMatchObject({ verdict: 'pass', score: 0.123 })
  })
})

describe('evidence', () => {
  const textOf = (outputText: string) => span({ kind: 'llm', outputText })

  test('says where a failure comes from, masked', () => {
    const [result] = evaluatorOf(noSecret()).onSpan(textOf('mail jo@acme.com 🙂 sk-abc'), 0)
    expect(result!.evidence).toEqual([
      { field: 'output.text', start: 5, end: 16, pattern: 'pii.email', masked: 'j***@a***.com' },
      { field: 'output.text', start: 20, end: 26, pattern: 'secret', masked: '******' },
    ])
  })

  test('is not looked for where nothing failed', () => {
    const flagged = evaluatorOf(noSecret({ pass: e.matches(e.field('output.text'), 0) }))
    expect(flagged.onSpan(textOf('sk-abc'), 0)[0]).toMatchObject({ verdict: 'pass', evidence: [] })
    expect(flagged.onSpan(textOf('clean'), 0)[0]).toMatchObject({ verdict: 'fail', evidence: [] })
  })

  test('is of the operands that failed', () => {
    const input = e.not(e.matches(e.field('input.text'), 0))
    const output = e.not(e.matches(e.field('output.text'), 0))
    const on = span({ kind: 'llm', inputText: 'sk-in', outputText: 'sk-out' })
    const fieldsOf = (pass: OnlineEvalPlan['pass']) =>
      evaluatorOf(noSecret({ pass }))
        .onSpan(on, 0)[0]!
        .evidence.map((found) => found.field)
    expect(fieldsOf(e.and(input, output))).toEqual(['input.text', 'output.text'])
    expect(fieldsOf(e.or(input, output))).toEqual(['input.text', 'output.text'])
    expect(fieldsOf(e.and(input, e.or(output, e.lit(true))))).toEqual(['input.text'])
    expect(fieldsOf(e.not(e.or(e.not(input), e.lit(false))))).toEqual(['input.text'])
  })

  test.each<[string, OnlineEvalPlan['pass']]>([
    ['any', e.not(e.over('any', e.select('llm_call'), e.matches(e.field('output.text'), 0)))],
    ['all', e.over('all', e.select('llm_call'), e.not(e.matches(e.field('output.text'), 0)))],
    ['any … where', e.not(e.over('any', e.select('llm_call', e.matches(e.field('output.text'), 0))))],
    [
      'count … == 0',
      e.cmp(e.over('count', e.select('llm_call', e.matches(e.field('output.text'), 0))), '==', e.lit(0)),
    ],
    ['1 > count …', e.cmp(e.lit(1), '>', e.over('count', e.select('llm_call', e.matches(e.field('output.text'), 0))))],
  ])('within %s names the span', (_, pass) => {
    const leak = textOf('a sk-abc')
    const [result] = evaluatorOf(buildOnlineEval('it', pass)).onTrace(settle([root(), textOf('clean'), leak]), 1, 0)
    expect(result).toMatchObject({
      verdict: 'fail',
      evidence: [{ field: 'output.text', start: 2, end: 8, spanId: leak.spanId }],
    })
  })

  test('too few of what was asked for is no evidence', () => {
    const twice = e.cmp(e.over('count', e.select('llm_call', e.matches(e.field('output.text'), 0))), '>=', e.lit(2))
    const [result] = evaluatorOf(buildOnlineEval('it', twice)).onTrace(settle([root(), textOf('sk-abc')]), 1, 0)
    expect(result).toMatchObject({ verdict: 'fail', evidence: [] })
  })
})

describe("another eval's verdict", () => {
  const gate = buildOnlineEval('gate', e.cmp(e.field('tokens.input', INT), '<', e.lit(10)), {
    scope: llmScope,
    when: 'arrival',
  })
  const llm = (tokensInput?: number) => span({ kind: 'llm', tokensInput })

  test('is that of the same span, in whatever order they are declared', () => {
    const scope = { ...llmScope, where: e.verdictOf('test/gate') }
    const second = buildOnlineEval('second', e.lit(true), { scope, when: 'arrival' })
    for (const evals of [
      [gate, second],
      [second, gate],
    ]) {
      const evaluator = evaluatorOf(...evals)
      expect(evaluator.onSpan(llm(20), 0).map((r) => [r.evalId, r.verdict])).toEqual([
        ['test/gate', 'fail'],
        ['test/second', 'pass'],
      ])
      expect(evaluator.onSpan(llm(1), 0)).toHaveLength(1)
      expect(evaluator.ledger()[0]).toMatchObject({ evalId: 'test/gate', pass: 1, fail: 1 })
    }
  })

  test.each<[string, Span[], 'pass' | 'fail' | 'unknown', boolean]>([
    ['any that fails', [llm(20), llm(), llm(1)], 'fail', true],
    ['else any unknown', [llm(), llm(1)], 'unknown', true],
    ['else pass', [llm(1)], 'pass', true],
    ['nothing in scope has none', [], 'pass', false],
  ])('seen from a trace is the gravest of its spans: %s', (_, spans, verdict, is) => {
    const evaluator = evaluatorOf(gate, buildOnlineEval('it', e.verdictOf('test/gate', verdict)))
    const projected = [root(), ...spans].map(evaluator.project)
    expect(evaluator.onTrace(settle(projected), 1, 0).at(-1)!.verdict).toBe(is ? 'pass' : 'fail')
  })

  test("seen from a span of a settled trace, an eval of traces is the trace's", () => {
    const short = buildOnlineEval('short', e.cmp(e.over('count', e.select('span')), '<=', e.lit(2)))
    const scope = { ...llmScope, where: e.verdictOf('test/short') }
    const evaluator = evaluatorOf(buildOnlineEval('it', e.lit(true), { scope }), short)
    expect(evaluator.onTrace(settle([root(), llm()]), 1, 0).map((r) => r.evalId)).toEqual(['test/short'])
    expect(evaluator.onTrace(settle([root(), llm(), llm()]), 1, 0).map((r) => r.evalId)).toEqual([
      'test/short',
      'test/it',
      'test/it',
    ])
  })

  test('of itself, or of what is no online eval, is refused', () => {
    expect(() => evaluatorOf(buildOnlineEval('loop', e.verdictOf('test/loop')))).toThrow('depends on itself')
    expect(() => evaluatorOf(buildOnlineEval('it', e.verdictOf('test/gone')))).toThrow('no online eval test/gone')
    const offline = buildOfflineEval('judged', e.lit(true))
    const plan = buildPlan({ evals: [buildOnlineEval('it', e.verdictOf('test/judged')), offline] })
    expect(() => compileEvaluator(plan)).toThrow('no online eval test/judged')
  })
})

describe('what is kept of a span until its trace settles', () => {
  test('is little when little is read', () => {
    const { project } = evaluatorOf(
      buildOnlineEval('it', e.cmp(e.field('duration', DURATION), '<', e.lit(1))),
      noSecret(),
    )
    const kept = project(span({ outputText: 'long', inputText: 'long', attributes: new Map([['a', 1]]) }))
    expect(Object.keys(kept)).toHaveLength(13)
    expect(JSON.stringify(kept)).not.toContain('long')
  })

  test('holds the texts and attributes that are read, those of evals asked for a verdict among them', () => {
    const attr = e.cmp(e.attr('tier'), '==', e.lit('gold'))
    const { project } = evaluatorOf(
      noSecret(),
      buildOnlineEval('it', e.and(e.not(e.verdictOf('test/no_secret')), attr)),
    )
    const on = span({
      outputText: 'out',
      inputText: 'in',
      attributes: new Map([
        ['tier', 'gold'],
        ['other', 'x'],
      ]),
    })
    const kept = project(on)
    expect(kept).toMatchObject({ outputText: 'out', inputText: undefined })
    expect([...kept.attributes!]).toEqual([['tier', 'gold']])
  })
})
