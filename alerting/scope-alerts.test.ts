/** Alerts on a scope's own measures: from spans, by the eval that is made of the alert, through the log and the evaluator. */
import { expect, test } from 'vitest'
import { compileText } from '../dsl/testing.ts'
import { withMeasureEvals } from '../engine/alerting/scope-evals.ts'
import { createStoredJudge } from '../engine/backtest/judge-stored.ts'
import { encodeResults } from '../engine/codec/results.ts'
import { makeSpan, type SpanFields } from '../engine/model/make-span.ts'
import { ALERTS, EVAL_RESULTS } from '../storage/log/topics.ts'
import { all, bench, consumedAll, evaluator, transitions, until, useAlertBench } from '../test/support/alert-bench.ts'

useAlertBench()

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0')

let count = 0
/** A trace of an agent and its call of a model. */
function traceOf(agentName: string, agent: SpanFields, call: SpanFields) {
  const traceId = hex(++count, 32)
  const common = { traceId, agentName, agentVersion: '1', env: 'prod', startTimeUs: bench.clockMs * 1000 }
  const root = hex(2 * count, 16)
  return [
    makeSpan({ ...common, spanId: root, kind: 'agent', durationNs: 1e9, status: 'ok', ...agent }),
    makeSpan({
      ...common,
      spanId: hex(2 * count + 1, 16),
      parentSpanId: root,
      kind: 'llm',
      durationNs: 5e8,
      tokensTotal: 900,
      costMicroUsd: 2_000,
      ...call,
    }),
  ]
}

/** What the online workers would write of these traces. */
async function judged(...traces: ReturnType<typeof traceOf>[]): Promise<void> {
  const judge = createStoredJudge(withMeasureEvals(bench.plan))
  const results = traces.flatMap((spans) => judge.judge(spans, new Map()))
  const evalId = 'shop/wrong'
  expect(new Set(results.map((result) => result.evalId))).toEqual(new Set([evalId]))
  const arrived = results.map((result) => ({ ...result, subjectArrivedAtMs: bench.clockMs }))
  const headers = { tenant: 'default', eval: evalId }
  await bench.log.append(EVAL_RESULTS, [{ key: `default/${evalId}`, value: encodeResults(arrived), headers }])
}

test.each<[string, string, SpanFields, SpanFields, number, RegExp]>([
  ['latency', 'p95(duration) > 5s over 10m', { durationNs: 9e9 }, {}, 9e9, /^p95\(duration\) > 5s over 10m$/],
  ['the error rate', 'error_rate > 20% over 10m', { status: 'error' }, {}, 0.25, /^rate\(status == "error"\) > 20%/],
  [
    'tokens',
    'mean(sum(llm_call.tokens.total)) > 2000 over 10m',
    {},
    { tokensTotal: 8_100 },
    2_700,
    /^mean\(sum\(llm_call\.tokens\.total\)\) > 2000/,
  ],
  [
    'cost',
    'sum(llm_call.cost) > 1 USD over 10m',
    {},
    { costMicroUsd: 600_000 },
    1_212_000,
    /^sum\(sum\(llm_call\.cost\)\) > 1/,
  ],
])('on %s of a scope it fires, with the traces behind it', async (_, rule, agent, call, value, shown) => {
  const { plan, diagnostics } = compileText(
    `package shop\nalert wrong { on: trace where agent.name == "support"  when: ${rule}  severity: page }\n`,
  )
  if (plan === undefined || plan === null) throw new Error(JSON.stringify(diagnostics))
  bench.plan = plan
  const started = await evaluator()
  const fine = Array.from({ length: 6 }, () => traceOf('support', {}, {}))
  // Of another agent it is none of its business.
  const others = Array.from({ length: 6 }, () => traceOf('search', agent, call))
  await judged(...fine, ...others)
  await until('reading', consumedAll)
  expect(started.stats().observations).toBe(6)
  expect(await transitions()).toEqual([])
  await judged(traceOf('support', agent, call), traceOf('support', agent, call))
  await until('firing', async () => (await transitions()).length === 1)
  const [record] = await all(ALERTS)
  const transition = JSON.parse(Buffer.from(record!.value).toString())
  expect(transition).toMatchObject({ to: 'firing', evalId: 'shop/wrong', numbers: { value, verdicts: { error: 0 } } })
  expect(transition.rule).toMatch(shown)
  expect(transition.examples[0]).toMatchObject({ agentName: 'support', traceId: hex(count, 32) })
})
