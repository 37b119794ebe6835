import { describe, expect, test } from 'vitest'
import type {
  AlertPlan,
  FixtureSpan,
  FixtureTrace,
  FixtureValue,
  Literal,
  Plan,
  TestExpect,
  TestGiven,
  TestPlan,
  ValueType,
} from '../../dsl/plan.ts'
import {
  buildOfflineEval,
  buildOnlineEval,
  buildPattern,
  buildPlan,
  DURATION,
  e,
  INT,
  STRING,
  USD,
} from '../evaluate/build-plan.ts'
import { runTests } from './run-tests.ts'

const value = (literal: Literal, type: ValueType = STRING): FixtureValue => ({ kind: 'value', type, value: literal })
const MISSING: FixtureValue = { kind: 'missing' }
const call = (subject: FixtureSpan['subject'], fields: FixtureSpan['fields'] = {}): FixtureSpan => ({ subject, fields })
const trace = (fields: FixtureTrace['fields'], ...spans: FixtureSpan[]): TestGiven => ({
  kind: 'trace',
  trace: { fields, spans },
})
const expectVerdict = (
  name: string,
  verdict: Extract<TestExpect, { kind: 'verdict' }>['verdict'],
  because: string | null = null,
): TestExpect => ({
  kind: 'verdict',
  evalId: `test/${name}`,
  verdict,
  because,
  line: 7,
})

const checkout = e.cmp(e.field('agent.name'), '==', e.lit('checkout'))
const inCheckout = { subject: 'llm_call', where: null, traceWhere: checkout } as const
const named = (name: string) => e.select('tool_call', e.cmp(e.field('name'), '==', e.lit(name)))
const leaks: AlertPlan = {
  kind: 'alert',
  id: 'test/leaks',
  name: 'leaks',
  package: 'test',
  title: null,
  owner: null,
  mode: 'live',
  was: [],
  on: { kind: 'eval', evalId: 'test/no_pii' },
  by: [],
  when: {
    kind: 'threshold',
    measure: { kind: 'count', verdict: 'fail', type: { kind: 'int' } },
    cmp: '>=',
    value: 1,
    overNs: 600e9,
  },
  falseAlarms: null,
  forNs: 0,
  severity: 'page',
  notify: [],
  noData: { kind: 'fire', afterNs: 1800e9 },
  conditionHash: '',
  file: 'test.eval',
  line: 1,
}

/** The evals of the language page's own example. */
const plan: Plan = buildPlan({
  patterns: [buildPattern('pii.email', '\\w+@\\w+\\.com')],
  evals: [
    buildOnlineEval('fast', e.cmp(e.score(DURATION), '<=', e.lit(8e9, DURATION)), {
      score: e.field('duration', DURATION),
      scope: { subject: 'trace', where: checkout, traceWhere: null },
    }),
    buildOnlineEval('no_pii', e.not(e.matches(e.field('output.text'), 0)), {
      scope: inCheckout,
      when: 'arrival',
      missing: { kind: 'unknown' },
    }),
    buildOnlineEval('verified', e.before(named('verify'), named('refund'))),
    buildOnlineEval(
      'cheap',
      e.cmp(e.over('sum', e.select('llm_call'), e.field('cost', USD), USD), '<=', e.lit(250_000, USD)),
    ),
    buildOnlineEval('run_ok', e.isPresent(e.field('output.text')), {
      scope: { subject: 'agent_run', where: null, traceWhere: null },
      when: 'arrival',
    }),
    buildOnlineEval('tier', e.cmp(e.attr('acme.tier', INT), '==', e.lit(1))),
    buildOfflineEval('helpful', e.cmp(e.score(), '>=', e.lit(4)), {
      sample: { size: 'all', scope: { subject: 'trace', where: checkout, traceWhere: null }, overNs: 1, by: [] },
    }),
  ],
  alerts: [leaks],
})

function run(given: TestGiven[], ...expectations: TestExpect[]) {
  const one: TestPlan = { name: 'it', package: 'test', file: 'test.eval', line: 3, given, expect: expectations }
  const report = runTests({ ...plan, tests: [one] })
  expect(report.passed + report.failed).toBe(1)
  expect(report.tests[0]!.ok).toBe(report.passed === 1)
  return report.tests[0]!.expectations
}

const slow = trace(
  { 'agent.name': value('checkout'), env: value('prod'), duration: value(9.2e9, DURATION) },
  call('llm_call', { 'output.text': value('Refund issued.') }),
  call('tool_call', { name: value('refund') }),
)

describe('verdicts on a fixture', () => {
  test('a test that holds', () => {
    const outcomes = run(
      [slow],
      expectVerdict('fast', 'fail'),
      expectVerdict('no_pii', 'pass'),
      expectVerdict('verified', 'fail'),
    )
    expect(outcomes.map((one) => one.ok)).toEqual([true, true, true])
    expect(outcomes[0]).toMatchObject({ line: 7, target: 'test/fast', expected: 'fail', actual: 'fail', score: 9200 })
  })

  test('one that does not says what came out instead, and why', () => {
    const leak = trace(
      { 'agent.name': value('checkout') },
      call('llm_call', { 'output.text': value('ask jo@acme.com') }),
    )
    expect(run([leak], expectVerdict('no_pii', 'pass'))[0]).toMatchObject({
      ok: false,
      expected: 'pass',
      actual: 'fail',
      why: 'pii.email matches output.text at 4–15 (j***@a***.com)',
    })
    expect(run([slow], expectVerdict('fast', 'pass'))[0]).toMatchObject({
      ok: false,
      actual: 'fail',
      why: 'score is 9200 ms',
    })
  })

  test('uncaptured output never passes; because names the field', () => {
    const uncaptured = trace({ 'agent.name': value('checkout') }, call('llm_call', { 'output.text': MISSING }))
    expect(run([uncaptured], expectVerdict('no_pii', 'unknown', 'output.text'))[0]).toMatchObject({ ok: true })
    expect(run([uncaptured], expectVerdict('no_pii', 'unknown'))[0]!.ok).toBe(true)
    expect(run([uncaptured], expectVerdict('no_pii', 'unknown', 'input.text'))[0]).toMatchObject({
      ok: false,
      expected: 'unknown because input.text',
      actual: 'unknown because output.text',
      why: 'output.text is missing',
    })
  })

  test('because may name a field with its subject or without', () => {
    const free = trace({}, call('llm_call'))
    expect(run([free], expectVerdict('cheap', 'unknown', 'llm_call.cost'))[0]!.ok).toBe(true)
    expect(run([free], expectVerdict('cheap', 'unknown', 'cost'))[0]!.ok).toBe(true)
    expect(run([free], expectVerdict('cheap', 'unknown', 'llm_call.model'))[0]!.ok).toBe(false)
  })

  test('because an attribute, with its type or without, or because of words', () => {
    const free = trace({ 'agent.name': value('x') })
    for (const because of ['attr("acme.tier")', 'attr("acme.tier", int)', 'is missing', 'not_captured', 'truncated']) {
      expect(run([free], expectVerdict('tier', 'unknown', because))[0]!.ok).toBe(because !== 'truncated')
    }
    expect(run([free], expectVerdict('tier', 'unknown', 'name'))[0]!.ok).toBe(false)
  })

  test('because of a match: its field, or the name of its pattern', () => {
    const leak = trace(
      { 'agent.name': value('checkout') },
      call('llm_call', { 'output.text': value('ask jo@acme.com') }),
    )
    for (const because of ['output.text', 'llm_call.output.text', 'pii.email', 'pii.email matches'])
      expect(run([leak], expectVerdict('no_pii', 'fail', because))[0]!.ok).toBe(true)
    for (const because of ['input.text', 'pii.card', 'not_captured'])
      expect(run([leak], expectVerdict('no_pii', 'fail', because))[0]!.ok).toBe(false)
  })

  test('of several subjects the gravest counts', () => {
    const texts = (...outputs: (string | null)[]) =>
      trace(
        { 'agent.name': value('checkout') },
        ...outputs.map((text) => call('llm_call', { 'output.text': text === null ? MISSING : value(text) })),
      )
    expect(run([texts('fine', null, 'jo@acme.com')], expectVerdict('no_pii', 'fail'))[0]!.ok).toBe(true)
    expect(run([texts('fine', null)], expectVerdict('no_pii', 'unknown', 'output.text'))[0]!.ok).toBe(true)
    expect(run([texts('fine', 'too')], expectVerdict('no_pii', 'pass'))[0]!.ok).toBe(true)
  })

  test('none when nothing is in scope', () => {
    const other = trace({ 'agent.name': value('other') }, call('llm_call'))
    expect(run([other], expectVerdict('no_pii', 'none'), expectVerdict('fast', 'none')).every((one) => one.ok)).toBe(
      true,
    )
    expect(run([other], expectVerdict('fast', 'pass'))[0]).toMatchObject({
      ok: false,
      actual: 'none',
      why: 'nothing in the trace is in its scope',
    })
    expect(run([], expectVerdict('fast', 'pass'))[0]).toMatchObject({ ok: false, why: 'the test gives no trace' })
  })

  test("calls run in the order written, and the trace's duration is what it says", () => {
    const verify = call('tool_call', { name: value('verify'), duration: value(6e9, DURATION) })
    const refund = call('tool_call', { name: value('refund'), duration: value(1e9, DURATION) })
    const fields = { 'agent.name': value('checkout'), duration: value(8e9, DURATION) }
    expect(
      run([trace(fields, verify, refund)], expectVerdict('verified', 'pass'), expectVerdict('fast', 'pass')).map(
        (o) => o.ok,
      ),
    ).toEqual([true, true])
    expect(run([trace(fields, refund, verify)], expectVerdict('verified', 'fail'))[0]!.ok).toBe(true)
    // Two that don't fit one after the other overlap.
    expect(run([trace(fields, verify, verify)], expectVerdict('fast', 'pass'))[0]).toMatchObject({
      ok: true,
      score: 8000,
    })
    // A start is the time since the trace began.
    const at = (name: string, startNs: number) =>
      call('tool_call', { name: value(name), start: value(startNs, DURATION) })
    expect(run([trace(fields, at('refund', 5e9), at('verify', 1e9))], expectVerdict('verified', 'pass'))[0]!.ok).toBe(
      true,
    )
    // Even in no time at all there is an order.
    expect(
      run(
        [
          trace(
            { duration: value(10, DURATION) },
            call('tool_call', { name: value('refund') }),
            call('tool_call', { name: value('verify') }),
          ),
        ],
        expectVerdict('verified', 'fail'),
      )[0]!.ok,
    ).toBe(true)
  })

  test('the trace itself is an agent run where the test says something of it', () => {
    expect(run([trace({ 'output.text': value('hi') })], expectVerdict('run_ok', 'pass'))[0]!.ok).toBe(true)
    expect(
      run(
        [trace({ 'agent.name': value('a') }, call('agent_run', { 'output.text': value('hi') }))],
        expectVerdict('run_ok', 'pass'),
      )[0]!.ok,
    ).toBe(true)
    expect(run([slow], expectVerdict('run_ok', 'fail'))[0]!.ok).toBe(true)
    expect(run([trace({ 'agent.name': value('a') }, call('llm_call'))], expectVerdict('run_ok', 'none'))[0]!.ok).toBe(
      true,
    )
  })

  test('other names are attributes', () => {
    expect(run([trace({ 'attr("acme.tier")': value(1, INT) })], expectVerdict('tier', 'pass'))[0]!.ok).toBe(true)
    expect(run([trace({ 'acme.tier': value('gold') })], expectVerdict('tier', 'error'))[0]).toMatchObject({
      ok: true,
      why: 'attr("acme.tier") is string, not int',
    })
  })

  test('an eval that is not there is a failure, not an accident', () => {
    expect(run([slow], expectVerdict('gone', 'pass'))[0]).toMatchObject({
      ok: false,
      why: 'there is no eval test/gone',
    })
  })
})

describe('a judge says what the test says', () => {
  const judge = (returns: number | 'abstain' | 'error'): TestGiven => ({
    kind: 'judge',
    evalId: 'test/helpful',
    returns,
  })

  test.each([
    [3, 'fail'],
    [4, 'pass'],
    ['abstain', 'unknown'],
    ['error', 'error'],
  ] as const)('%s: %s', (returns, verdict) => {
    expect(run([slow, judge(returns)], expectVerdict('helpful', verdict))[0]!.ok).toBe(true)
    expect(run([slow, judge(returns)], expectVerdict('helpful', 'none'))[0]).toMatchObject({
      ok: false,
      actual: verdict,
    })
  })

  test('without one there is no verdict to test', () => {
    expect(run([slow], expectVerdict('helpful', 'pass'))[0]).toMatchObject({
      ok: false,
      why: 'it needs a judge: say `given helpful judge returns …`',
    })
  })

  test('only what is in scope is judged', () => {
    expect(run([trace({ 'agent.name': value('other') }), judge(5)], expectVerdict('helpful', 'none'))[0]!.ok).toBe(true)
  })
})

describe('alerts on virtual time', () => {
  const stream = (verdicts: Extract<TestGiven, { kind: 'verdicts' }>['verdicts']): TestGiven => ({
    kind: 'verdicts',
    evalId: 'test/no_pii',
    verdicts,
    eachNs: 60e9,
  })
  const expectAlert = (state: Extract<TestExpect, { kind: 'alert' }>['state'], atMin: number | null): TestExpect => ({
    kind: 'alert',
    alertId: 'test/leaks',
    state,
    atNs: atMin === null ? null : atMin * 60e9,
    line: 9,
  })
  const oneLeak = stream([
    { verdict: 'pass', times: 9 },
    { verdict: 'fail', times: 1 },
  ])

  test('the example of the language page', () => {
    const outcomes = run([oneLeak], expectAlert('firing', 10), expectAlert('inactive', 9), expectAlert('firing', null))
    expect(outcomes.map((one) => one.ok)).toEqual([true, true, true])
  })

  test('it resolves when its window is clean again', () => {
    const calm = stream([
      { verdict: 'fail', times: 1 },
      { verdict: 'pass', times: 15 },
    ])
    const outcomes = run([calm], expectAlert('firing', 10), expectAlert('resolved', 11), expectAlert('resolved', null))
    expect(outcomes.map((one) => one.ok)).toEqual([true, true, true])
  })

  test('silence is not health', () => {
    expect(
      run([stream([{ verdict: 'pass', times: 1 }])], expectAlert('inactive', 30), expectAlert('firing', 31)).map(
        (o) => o.ok,
      ),
    ).toEqual([true, true])
  })

  test('a failure says what happened', () => {
    expect(run([oneLeak], expectAlert('inactive', 10))[0]).toMatchObject({
      ok: false,
      expected: 'inactive at 10m',
      actual: 'firing at 10m',
      why: 'it was firing at 10m',
    })
  })

  test("a trace's own verdicts move it too", () => {
    const leak = trace({ 'agent.name': value('checkout') }, call('llm_call', { 'output.text': value('jo@acme.com') }))
    expect(run([leak], expectAlert('firing', 0))[0]!.ok).toBe(true)
    expect(run([slow], expectAlert('inactive', 0))[0]!.ok).toBe(true)
  })
})

test('a thousand tests of a thousand evals cost each its own eval alone', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `eval_${i}`)
  const evals = names.map((name, i) =>
    buildOnlineEval(name, e.cmp(e.field('duration', DURATION), '<=', e.lit(i * 1e9, DURATION))),
  )
  const tests = names.map(
    (name): TestPlan => ({
      name,
      package: 'test',
      file: 'test.eval',
      line: 1,
      given: [slow],
      expect: [expectVerdict(name, Number(name.slice(5)) < 10 ? 'fail' : 'pass')],
    }),
  )
  const usedBefore = process.cpuUsage()
  const report = runTests(buildPlan({ evals, tests }))
  const { user, system } = process.cpuUsage(usedBefore)
  expect(report).toMatchObject({ passed: 1000, failed: 0 })
  // Of CPU, generously: it takes some 50 ms, and a run of every eval for every test some 2 s.
  expect((user + system) / 1000).toBeLessThan(1000)
})
