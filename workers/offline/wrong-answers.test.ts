/** What a judge answers wrongly, from the provider's wire to the result: an `error` with the reason, and never a verdict. */
import { afterEach, expect, test } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { compileText } from '../../dsl/testing.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { judgeAnswers } from '../../storage/metrics/registry.ts'
import type { RunBatch } from '../../storage/queue/run-record.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import { type Scripted, startOpenAiServer } from '../../test/support/openai-server.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createJudgeClient } from './judge-client.ts'
import { createProviderHealth } from './provider-health.ts'
import { runBatch } from './run-batch.ts'

const NOW_MS = Date.parse('2026-11-03T06:00:00Z')
const TRACE = '1'.repeat(32)
const span = makeSpan({
  traceId: TRACE,
  spanId: '1'.repeat(16),
  kind: 'agent',
  startTimeUs: NOW_MS * 1000,
  inputText: 'When?',
  outputText: 'Tomorrow.',
  retrievalQuery: 'When?',
  documents: [{ id: 'kb', text: 'Tomorrow.', score: undefined }],
})
const search = makeSpan({ ...span, spanId: '2'.repeat(16), parentSpanId: span.spanId, kind: 'retriever' })

const RUBRIC = 'show:    output.text\n  scale:   1 to 5\n  rubric:  "5 good. 1 bad."\n  pass:    score >= 1'
const METRIC = 'metric:  faithfulness(answer: output.text, context: retrieval.documents)\n  pass:    score >= 0%'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Whatever the score, it would pass. */
async function judged(method: string, answer: Scripted, more: Partial<RunBatch> = {}): Promise<EvalResult> {
  const { plan, diagnostics } = compileText(
    `package p\noffline eval e {\n  every:   hour in "UTC"\n  sample:  all of trace over 1h\n  judge:   "openai/small"\n  ${method}\n  missing: unknown\n}\n`,
  )
  if (plan === null) throw new Error(JSON.stringify(diagnostics))
  const server = await startOpenAiServer({ answer: () => answer })
  const state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => NOW_MS })
  closers.push(server.close, state.close)
  const judge = createJudgeClient({
    providers: new Map([['openai', { name: 'openai', baseUrl: server.url, apiKey: 'none' }]]),
    health: createProviderHealth({ state, providers: ['openai'], nowMs: () => NOW_MS }),
    cache: createAnswerCache(state, 'default', () => NOW_MS),
    nowMs: () => NOW_MS,
    timeoutMs: 250,
    sleep: async () => {},
    random: () => 0,
  })
  const results: EvalResult[] = []
  const job = { tenant: 'default', evalId: 'p/e', runId: 'p/e@1', slotMs: NOW_MS, trigger: 'schedule' } as const
  const none = { unpaid: 0, cheaper: 0, holdBackMicroUsd: 0 }
  const batch: RunBatch = { job, index: 0, subjects: [[TRACE, '', 1]], ...none, isFirst: true, ...more }
  const outcome = await runBatch(batch, compileOfflineEval(plan, plan.evals[0] as OfflineEvalPlan), {
    traces: { getTraces: async () => new Map([[TRACE, [span, search]]]), queryResults: async () => [] },
    judge,
    nonce: () => '0123456789abcdef',
    nowMs: () => NOW_MS,
    enter: async () => () => {},
    publish: async (some) => void results.push(...some),
    signal: new AbortController().signal,
  })
  expect(outcome).toMatchObject({ pass: 0, fail: 0, unknown: 0, error: 1 })
  return results[0]!
}

/** Of `assay_judge_answers_total`: subjects about whom nobody said anything. */
async function answeredByNobody(): Promise<number> {
  const { values } = await judgeAnswers.get()
  return values.find(({ labels }) => labels.level === 'none')?.value ?? 0
}

const content = (text: string): Scripted => ({ kind: 'content', content: text })

test.each<[string, Scripted, 'judge_malformed' | 'judge_unreachable', string]>([
  ['prose', content('I would give it a four.'), 'judge_malformed', 'the answer is not a JSON object'],
  ['nothing', content(''), 'judge_malformed', 'the answer is empty'],
  ['JSON of another shape', content('{"score":"high"}'), 'judge_malformed', ''],
  ['half an object', content('{"evidence":[],"reasoning":"Go'), 'judge_malformed', 'the answer is not a JSON object'],
  ['a book', content('x'.repeat(70_000)), 'judge_malformed', 'the answer exceeds 64000 characters'],
  [
    'a flood',
    { kind: 'raw', body: `{"choices":"${'x'.repeat(5_000_000)}` },
    'judge_malformed',
    'the response exceeds 4 MiB',
  ],
  ['a broken body', { kind: 'cut' }, 'judge_unreachable', 'the connection broke'],
  ['a body that stops', { kind: 'stall' }, 'judge_unreachable', 'timed out'],
  ['silence', { kind: 'hang' }, 'judge_unreachable', 'timed out'],
  ['500', { kind: 'status', status: 500 }, 'judge_unreachable', '500'],
  ['429', { kind: 'status', status: 429 }, 'judge_unreachable', '429'],
  [
    'a stream that ends early',
    { kind: 'raw', body: 'data: {"choices":[{"delta":{"content":"{\\"sc', contentType: 'text/event-stream' },
    'judge_malformed',
    'the response is not a chat completion',
  ],
])('%s, of a rubric and of a metric that asks in steps', async (_, answer, code, detail) => {
  const before = await answeredByNobody()
  for (const method of [RUBRIC, METRIC]) {
    const { verdict, score, reason } = await judged(method, answer)
    expect({ verdict, score, reason }).toEqual({
      verdict: 'error',
      score: undefined,
      reason: { code, detail: expect.stringContaining(detail) },
    })
  }
  expect(await answeredByNobody()).toBe(before + 2)
})

test('a batch that took its process down too often asks nobody, and each of its subjects says why', async () => {
  const good = content('{"evidence":[],"reasoning":"Good.","abstain":false,"score":4}')
  const before = await answeredByNobody()
  const { verdict, reason } = await judged(RUBRIC, good, { givenUp: 'the process that had it was killed 21 times' })
  expect({ verdict, reason }).toEqual({
    verdict: 'error',
    reason: { code: 'given_up', detail: 'not asked: the process that had it was killed 21 times' },
  })
  // None of the judge's answers: it was not to be asked.
  expect(await answeredByNobody()).toBe(before)
})
