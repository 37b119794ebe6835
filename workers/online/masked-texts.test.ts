import { expect, test } from 'vitest'
import { buildOnlineEval, buildPattern, buildPlan, e, INT } from '../../engine/evaluate/build-plan.ts'
import { compileEvaluator } from '../../engine/evaluate/evaluator.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { TraceAssembly } from './assembly.ts'
import { DEFAULT_TIMES } from './assembly-times.ts'
import { ReadBack } from './read-back.ts'
import { TraceJudge } from './trace-judge.ts'
import { defaultBudget } from './traces-in-memory.ts'

const plan = buildPlan({
  patterns: [buildPattern('secret', 'canary-[a-z0-9]+')],
  evals: [
    buildOnlineEval('no_secret', e.not(e.matches(e.field('output.text'), 0)), {
      scope: { subject: 'llm_call', where: null, traceWhere: null },
      redact: { fields: ['output.text'], patterns: [0] },
    }),
    buildOnlineEval('few', e.cmp(e.score(), '<=', e.lit(9)), { score: e.over('count', e.select('span'), null, INT) }),
  ],
})
const spanOf = (id: string, outputText: string, parentSpanId?: string): Span =>
  makeSpan({ traceId: 'a'.repeat(32), spanId: id.repeat(16), parentSpanId, kind: 'llm', outputText, startTimeUs: 1 })

async function verdicts(storedText: string): Promise<string[]> {
  const stored = spanOf('2', storedText, '1'.repeat(16))
  compileRedaction(plan).apply(stored)
  const assembly = new TraceAssembly({
    times: DEFAULT_TIMES,
    budget: defaultBudget(),
    knowsSinceMs: 10_000_000,
  })
  assembly.advance(10_000_000)
  assembly.add(spanOf('1', 'nothing'), 1, compileEvaluator(plan))
  assembly.advance(10_005_000)
  const traces = { getTrace: async () => [stored], queryResults: async () => [], spanIdsOf: async () => new Map() }
  const judge = new TraceJudge(
    new ReadBack({
      traces,
      nowMs: () => 0,
      storedUpTo: async () => ({ traces: new Map([[0, 1]]), results: new Map() }),
      resultsEnd: async () => new Map(),
    }),
    (text) => expect.fail(text),
  )
  const results = await judge.judge(assembly.takeDue(), assembly, 0)
  return results.map(({ evalId, verdict, reason }) => `${evalId} ${verdict} ${JSON.stringify(reason)}`).sort()
}

test('a text that was masked in the store is unknown, not clean', async () => {
  const unknown = 'test/no_secret unknown {"code":"truncated","field":"output.text"}'
  expect(await verdicts('it is canary-7f3a9')).toEqual(['test/few pass undefined', unknown, unknown])
})

test('a text without a mask is judged as it is', async () => {
  const pass = 'test/no_secret pass undefined'
  expect(await verdicts('it is nothing')).toEqual(['test/few pass undefined', pass, pass])
})
