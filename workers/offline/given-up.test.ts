/** A batch that fails each time that it is tried: what is judged of it stays, the rest says why it is not. */
import { type Job, WaitingChildrenError } from 'bullmq'
import { expect, test } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { compileText } from '../../dsl/testing.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { BullQueue } from '../../storage/queue/bull-queue.ts'
import type { OfflineJob, RunHandlers } from '../../storage/queue/port.ts'
import { workBatch, workRun } from '../../storage/queue/run-jobs.ts'
import type { RunPlan } from '../../storage/queue/run-record.ts'
import type { JudgeClient } from './judge-client.ts'
import { type BatchContext, runBatch } from './run-batch.ts'

const NOW_MS = Date.parse('2026-11-03T06:00:00Z')
const JOB: OfflineJob = { tenant: 'default', evalId: 'p/e', slotMs: NOW_MS, trigger: 'schedule', runId: 'p/e@1' }
const [GOOD, BROKEN, UNPAID] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string]
const PLAN: RunPlan = {
  populationTraces: 3,
  lookedAtTraces: 3,
  sampled: 3,
  unpaid: 1,
  cheaper: 0,
  holdBackMicroUsd: 0,
  estimateMicroUsd: null,
  budgetMicroUsd: null,
  subjects: [
    [GOOD, '', 1],
    [BROKEN, '', 1],
    [UNPAID, '', 1],
  ],
}

const spans = new Map(
  [GOOD, BROKEN, UNPAID].map((traceId) => [
    traceId,
    [
      makeSpan({
        traceId,
        spanId: '1'.repeat(16),
        kind: 'agent',
        startTimeUs: NOW_MS * 1000,
        outputText: traceId === BROKEN ? 'it breaks' : 'it is well',
      }),
    ],
  ]),
)

function compiled() {
  const { plan, diagnostics } = compileText(`package p
offline eval e {
  every:   hour in "UTC"
  sample:  all of trace over 1h
  judge:   "a/one"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 good. 1 bad."
  pass:    score >= 4
  missing: unknown
}
`)
  if (plan === null) throw new Error(JSON.stringify(diagnostics))
  return compileOfflineEval(plan, plan.evals[0] as OfflineEvalPlan)
}

const judge: JudgeClient = {
  ask: async (_, { messages, read }) => {
    if (JSON.stringify(messages).includes('it breaks')) throw new TypeError('it is too large')
    const reading = read('{"evidence":[],"reasoning":"Good.","abstain":false,"score":5}')
    if (reading.kind !== 'answer') throw new Error('it reads everything')
    const usage = { model: 'one', inputTokens: 1, outputTokens: 1, costMicroUsd: 1 }
    return { kind: 'answered', answer: reading.answer, usage }
  },
}

const nobody = () => expect.fail('it is not for this')

/** As the queue has it, with the attempts that it is given. */
async function queuedBatch(): Promise<{ data: unknown; attempts: number }> {
  const added: { data: unknown; opts: { attempts: number } }[] = []
  const run = {
    id: 'one',
    data: JOB,
    updateData: async () => {},
    moveToWaitingChildren: async () => true,
  }
  const handlers: RunHandlers = { plan: async () => PLAN, batch: nobody }
  const batches = { addBulk: async (jobs: typeof added) => void added.push(...jobs) }
  const worked = workRun(run as unknown as Job, 'token', handlers, batches as unknown as BullQueue, () => 'one-0')
  await expect(worked).rejects.toThrow(WaitingChildrenError)
  expect(added).toHaveLength(1)
  return { data: added[0]!.data, attempts: added[0]!.opts.attempts }
}

const getTraces = async (_: string, ids: readonly string[]) => new Map(ids.map((id) => [id, spans.get(id) ?? []]))

/** Judges by the real `runBatch`. */
const handlersWith = (more: Pick<BatchContext, 'traces' | 'nowMs' | 'publish'>): RunHandlers => ({
  plan: nobody,
  batch: (batch) =>
    runBatch(batch, compiled(), {
      judge,
      nonce: () => '0123456789abcdef',
      enter: async () => () => {},
      signal: new AbortController().signal,
      ...more,
    }),
})

test('the results of its last attempt are not written over, and the rest gets its reason', async () => {
  const { data, attempts } = await queuedBatch()
  const published: EvalResult[] = []
  // For its first attempts the store cannot be read; what an attempt publishes is stored after it.
  let stored: EvalResult[] = []
  let attemptsMade = 0
  const handlers = handlersWith({
    traces: {
      getTraces: async (tenant, ids) => {
        if (attemptsMade < 4) throw new Error('it cannot be read')
        return getTraces(tenant, ids)
      },
      queryResults: async () => stored,
    },
    nowMs: () => NOW_MS + attemptsMade,
    publish: async (results) => void published.push(...results),
  })
  const ends: string[] = []
  let failedReason: string | undefined
  for (; attemptsMade < attempts; attemptsMade++) {
    const job = { data, attemptsMade, attemptsStarted: attemptsMade + 1, stalledCounter: 0, failedReason }
    try {
      const { error, alreadyJudged } = await workBatch(job as unknown as Job, 'token', handlers, 20)
      ends.push(`${error} given up, ${alreadyJudged} judged before`)
    } catch (error) {
      failedReason = (error as Error).message
      ends.push(failedReason)
    }
    stored = [...published]
  }
  const unread = 'it cannot be read'
  expect(ends).toEqual([unread, unread, unread, unread, 'it is too large', '1 given up, 2 judged before'])
  const verdicts = new Map(published.map(({ traceId, verdict, reason }) => [traceId, [verdict, reason]]))
  expect(published).toHaveLength(3)
  expect(verdicts.get(GOOD)).toEqual(['pass', undefined])
  expect(verdicts.get(UNPAID)).toEqual(['unknown', { code: 'over_budget' }])
  const detail = 'not asked: it failed 5 times: it is too large'
  expect(verdicts.get(BROKEN)).toEqual(['error', { code: 'given_up', detail }])
})

test('what the budget does not pay for says so, though its batch is given up', async () => {
  const { data } = await queuedBatch()
  const published: EvalResult[] = []
  const handlers = handlersWith({
    traces: { getTraces, queryResults: async () => [] },
    nowMs: () => NOW_MS,
    publish: async (results) => void published.push(...results),
  })
  const job = { data, attemptsMade: 5, attemptsStarted: 6, stalledCounter: 0 }
  await workBatch(job as unknown as Job, 'token', handlers, 20)
  expect(published.map(({ verdict, reason }) => [verdict, reason?.code])).toEqual([
    ['error', 'given_up'],
    ['error', 'given_up'],
    ['unknown', 'over_budget'],
  ])
})
