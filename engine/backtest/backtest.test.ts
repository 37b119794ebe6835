import { describe, expect, test } from 'vitest'
import type { Plan } from '../../dsl/plan.ts'
import { OFFLINE, planOf } from '../../dsl/testing.ts'
import { makeResult } from '../model/make-result.ts'
import { makeSpan, type SpanFields } from '../model/make-span.ts'
import type { Span } from '../model/span.ts'
import { createBacktest, type EvalBacktest } from './backtest.ts'
import { compareEval } from './compare.ts'
import { byStoredKey, createStoredJudge } from './judge-stored.ts'
import { restrictPlan } from './restrict-plan.ts'

const shop = (text: string): Plan =>
  planOf(
    `package shop\nimport pii from "assay:pii"\nonline eval uses { on: llm_call where model == "none"  pass: not (model matches any [pii.email]) }\n${text}`,
  )
const hex = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')

/** Traces 1, 2, 3, … of a root of so many seconds and a model call. */
function traces(seconds: readonly number[], call: (index: number) => SpanFields = () => ({})): Span[][] {
  return seconds.map((length, index) => {
    const traceId = hex(32, index + 1)
    return [
      makeSpan({ traceId, spanId: hex(16, 1), kind: 'agent', durationNs: length * 1e9, startTimeUs: 1e9 }),
      makeSpan({
        traceId,
        spanId: hex(16, 2),
        parentSpanId: hex(16, 1),
        kind: 'llm',
        startTimeUs: 1e9,
        ...call(index),
      }),
    ]
  })
}

function run(before: string, after: string, given: Span[][], stored = byStoredKey([])): Map<string, EvalBacktest> {
  const backtest = createBacktest(shop(before), shop(after), { examples: 2 })
  for (const one of given) backtest.add([one], stored)
  return new Map(backtest.evals().map((one) => [(one.after ?? one.before)!.name, one]))
}

const FAST = (limit: string): string => `online eval fast { on: trace  score: duration  pass: score <= ${limit} }\n`

describe('flips', () => {
  test('in both directions, with the first of each as examples', () => {
    const found = run(FAST('5s'), FAST('3s'), traces([1, 4, 4, 4, 6])).get('fast')!
    const compared = compareEval(found)
    expect(compared.flips).toEqual({ pass_to_fail: 3, fail_to_pass: 0, lost: 0, gained: 0 })
    expect(found.examples.map(({ traceId, before, after, score }) => [traceId, before, after, score])).toEqual([
      [hex(32, 2), 'pass', 'fail', 4000],
      [hex(32, 3), 'pass', 'fail', 4000],
    ])
    expect([compared.before?.passRate.rate, compared.after?.passRate.rate]).toEqual([4 / 5, 1 / 5])
    expect(compared.passRateDifference?.difference).toBeCloseTo(-3 / 5)
    expect(compared.flipsP).toBeCloseTo(0.25, 12)
    expect(compareEval(run(FAST('3s'), FAST('5s'), traces([4])).get('fast')!).flips.fail_to_pass).toBe(1)
  })

  test('what comes into scope, leaves it, or can no longer be decided', () => {
    const scoped = (model: string): string =>
      `online eval length { on: llm_call where model == "${model}"  pass: tokens.output < 5  missing: unknown }\n`
    const given = traces([1, 1, 1], (index) => ({ model: index === 0 ? 'a' : 'b', tokensOutput: 3 }))
    const { before, after, flips } = compareEval(run(scoped('a'), scoped('b'), given).get('length')!)
    expect([before?.passRate.n, after?.passRate.n]).toEqual([1, 2])
    expect(flips).toMatchObject({ lost: 1, gained: 2 })
    const policy = (missing: string): string =>
      `online eval length { on: llm_call  pass: tokens.output < 5  missing: ${missing} }\n`
    expect(compareEval(run(policy('fail'), policy('unknown'), traces([1])).get('length')!)).toMatchObject({
      flips: { lost: 1 },
      coverageDifference: { difference: -1 },
      warnings: ['undecided_everywhere'],
    })
  })

  test('evals that mean the same are judged once', () => {
    const backtest = createBacktest(shop(FAST('5s')), shop(`const most: duration = 5s\n${FAST('most')}`), {
      examples: 1,
    })
    backtest.add(traces([1, 9]), byStoredKey([]))
    expect(backtest.counts).toEqual({ traces: 2, spans: 4, judged: 2 })
    const compared = compareEval(backtest.evals().find(({ after }) => after?.name === 'fast')!)
    expect(compared).toMatchObject({ flipsP: null, before: { pass: 1, fail: 1 }, after: { pass: 1, fail: 1 } })
  })

  test('a change of an eval reaches those that ask for its verdict', () => {
    const asks = 'online eval asks { on: llm_call where fails(fast)  pass: duration < 1h }\n'
    const { flips } = compareEval(run(FAST('5s') + asks, FAST('3s') + asks, traces([1, 4, 9])).get('asks')!)
    expect(flips).toMatchObject({ gained: 1, lost: 0 })
  })
})

test('new and removed evals have one side, and no flips', () => {
  const found = run(FAST('5s'), 'online eval other { on: retrieval  pass: duration < 1s }\n', traces([1, 9]))
  const [gone, added] = [compareEval(found.get('fast')!), compareEval(found.get('other')!)]
  expect(gone).toMatchObject({ before: { pass: 1, fail: 1 }, after: null, flipsP: null, warnings: [] })
  expect(gone.flips).toEqual({ pass_to_fail: 0, fail_to_pass: 0, lost: 0, gained: 0 })
  expect(added).toMatchObject({ before: null, after: { pass: 0, fail: 0 }, warnings: ['matched_nothing'] })
  expect(found.get('fast')!.examples).toEqual([])
  expect(compareEval(run('', FAST('1ms'), traces([1])).get('fast')!).warnings).toEqual(['failed_everything'])
})

describe('texts that were stored masked', () => {
  const MAIL =
    'online eval mail {\n  on: llm_call\n  pass: not (output.text matches any [pii.email])\n  missing: unknown\n}\n'
  const masked = traces([1, 1], (index) => ({ outputText: index === 0 ? 'write to *********** today' : '**No** mail' }))
  const plan = shop(MAIL)
  const mail = plan.evals.find(({ name }) => name === 'mail')!
  const verdict = (more: object) =>
    makeResult({ ...{ evalId: mail.id, traceId: hex(32, 1), spanId: hex(16, 2), verdict: 'fail' }, ...more })

  test('make no verdict of evals that read them: unknown, unless it was stored by the same measure', () => {
    const judge = createStoredJudge(plan)
    expect(judge.wanted(masked)).toEqual(['shop/mail'])
    expect(judge.wanted(masked.slice(1))).toEqual([])
    const without = masked.flatMap((spans) => judge.judge(spans, byStoredKey([])))
    expect(without.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['unknown', { code: 'truncated', field: 'output.text' }],
      ['pass', undefined],
    ])
    const same = byStoredKey([verdict({ measureHash: mail.measureHash, verdictHash: mail.verdictHash })])
    expect(judge.judge(masked[0]!, same).map(({ verdict }) => verdict)).toEqual(['fail'])
    const other = byStoredKey([verdict({ measureHash: 'other', verdictHash: mail.verdictHash })])
    expect(judge.judge(masked[0]!, other).map(({ verdict }) => verdict)).toEqual(['unknown'])
    expect(judge.masked).toEqual({ taken: 1, unknown: 2 })
  })

  test('of other spans count for evals that look at the trace, and for those that ask for another verdict', () => {
    const text = `${MAIL}online eval any_mail { on: trace  pass: not any(llm_call.output.text contains "@")  missing: unknown }
online eval asks { on: trace where fails(mail) or duration > 0s  pass: duration < 1h }
online eval fast { on: trace  pass: duration < 1h }
`
    const judge = createStoredJudge(shop(text))
    const verdicts = Object.fromEntries(
      judge.judge(masked[0]!, byStoredKey([])).map((result) => [result.evalId, result.verdict]),
    )
    expect(verdicts).toEqual({
      'shop/mail': 'unknown',
      'shop/any_mail': 'unknown',
      'shop/asks': 'unknown',
      'shop/fast': 'pass',
    })
  })
})

describe('offline evals', () => {
  const judged = (plan: Plan, trace: number, score: number | undefined, more: object = {}) => {
    const { id, measureHash, verdictHash } = plan.evals.find(({ name }) => name === 'helpful')!
    const verdict = score === undefined ? 'unknown' : score >= 4 ? 'pass' : 'fail'
    const reason = score === undefined ? ({ code: 'abstained' } as const) : undefined
    return makeResult({
      ...{ evalId: id, measureHash, verdictHash, verdict, score, reason },
      traceId: hex(32, trace),
      ...more,
    })
  }
  const both = (change: (text: string) => string) => ({ before: shop(OFFLINE), after: shop(change(OFFLINE)) })

  test('with another threshold have their verdicts derived again from stored scores', () => {
    const { before, after } = both((text) => text.replace('score >= 4', 'score >= 3'))
    const backtest = createBacktest(before, after, { examples: 3 })
    const given = traces([1, 1, 1, 1])
    expect(backtest.wanted(given)).toEqual(['shop/helpful'])
    const results = [
      // The later run of the first trace comes first.
      judged(before, 1, 3, { runId: 'b' }),
      judged(before, 1, 5, { runId: 'a' }),
      judged(before, 2, 2),
      judged(before, 3, undefined),
      judged(before, 4, 3, { measureHash: 'other' }),
      judged(before, 9, 3),
    ]
    backtest.add(given, byStoredKey(results))
    const found = backtest.evals().find((one) => one.after?.name === 'helpful')!
    // What the judge abstained of stays unknown, whatever `missing:` says.
    expect(compareEval(found)).toMatchObject({
      before: { pass: 0, fail: 2, unknown: 1 },
      after: { pass: 1, fail: 1, unknown: 1 },
      flips: { fail_to_pass: 1, pass_to_fail: 0 },
    })
    expect(found.examples).toMatchObject([{ traceId: hex(32, 1), score: 3, before: 'fail', after: 'pass' }])
  })

  test.each([
    ['5  Solved.', '5  Solved!'],
    ['200 of', '300 of'],
  ])('with another measure, or the same, are not there: %s → %s', (from, to) => {
    const { before, after } = both((text) => text.replace(from, to))
    const backtest = createBacktest(before, after, { examples: 3 })
    expect(backtest.wanted(traces([1]))).toEqual([])
    expect(backtest.evals().map((one) => one.after?.name)).toEqual(['uses'])
  })
})

test('a plan is restricted to evals and those that they ask', () => {
  const plan = shop(
    `${FAST('5s')}online eval asks { on: trace where fails(fast)  pass: duration < 1h }\n${FAST('6s').replace('fast', 'alone')}`,
  )
  expect(restrictPlan(plan, ['shop/asks']).evals.map(({ name }) => name)).toEqual(['fast', 'asks'])
  expect(restrictPlan(plan, []).evals).toEqual([])
})
