/** A batch of a run: each of its subjects gets its score, and the results are handed on. */
import type { OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { TraceView } from '../../engine/evaluate/subject.ts'
import { type AnswerLevel, measureOfStandIn } from '../../engine/judge/answered-by.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult, Reason } from '../../engine/model/result.ts'
import { judgeAnswers } from '../../storage/metrics/registry.ts'
import { type OfflineJob, RunInterrupted } from '../../storage/queue/port.ts'
import { type BatchOutcome, NO_OUTCOME, type RunBatch } from '../../storage/queue/run-record.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { isOwnAgent } from '../../storage/tracing/own-traces.ts'
import { quietly } from '../../storage/tracing/tracer.ts'
import type { RunBudget } from './budget.ts'
import { type OutputEstimate, withBudget } from './budgeted-client.ts'
import type { JudgeClient } from './judge-client.ts'
import type { Prices } from './prices.ts'
import type { ReadAhead } from './read-ahead.ts'
import { type Asked, levelOf, type ScoreContext, scorerOf } from './score-subject.ts'
import { readUnits } from './subjects.ts'

export interface BatchContext extends ScoreContext {
  traces: Pick<TracesStore, 'getTraces' | 'queryResults'>
  /** Durable when it resolves. The same results may come twice. */
  publish: (results: readonly EvalResult[]) => Promise<void>
  nowMs: () => number
  prices?: Prices
  outputs?: OutputEstimate
  /** Null where nothing bounds it. */
  budget?: RunBudget | null
  /** Of all subjects of this process: resolves when one more may be judged, with what to call when it is. */
  enter: () => Promise<() => void>
  /** Of all batches of this process: when this one has its traces read. At once unless told. */
  readAhead?: ReadAhead
  /** Asked once, when the first subject may be judged; where it says no all of them are left. */
  mayBegin?: () => Promise<boolean>
  /** The batch stops where it is: what is judged is published, the rest is left to the next attempt. */
  signal: AbortSignal
}

const keyOf = (traceId: string, spanId: string): string => `${traceId}/${spanId}`

/** Rejects with `RunInterrupted` when the signal aborts, and with the store's or log's error when one of them fails. */
export async function runBatch(batch: RunBatch, compiled: OfflineEval, context: BatchContext): Promise<BatchOutcome> {
  const { results, outcome, ended } = await judgeInPlace(batch, compiled, context)
  if (results.length > 0) await context.publish(results)
  const broken = ended.find((one) => one.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  if (context.signal.aborted) throw new RunInterrupted()
  return outcome
}

/** Its traces are in memory until it is judged, and no longer. */
async function judgeInPlace(batch: RunBatch, compiled: OfflineEval, context: BatchContext): Promise<JudgedBatch> {
  const place = await context.readAhead?.enter()
  try {
    if (context.signal.aborted) throw new RunInterrupted()
    return await judgeBatch(batch, compiled, context, (spans) => place?.holds(spans))
  } finally {
    place?.leave()
  }
}

interface JudgedBatch {
  results: readonly EvalResult[]
  outcome: BatchOutcome
  /** Of each subject that was to be judged. */
  ended: readonly PromiseSettledResult<void>[]
}

async function judgeBatch(
  batch: RunBatch,
  compiled: OfflineEval,
  context: BatchContext,
  holds: (spans: number) => void,
): Promise<JudgedBatch> {
  const { job, subjects } = batch
  const { signal } = context
  const scorer = (asksCheaper: boolean) =>
    scorerOf(compiled, {
      ...context,
      beganMs: batch.beganMs,
      judge: paidJudge(batch, compiled, context, asksCheaper),
    })
  const [scoreOf, scoreCheaply] = [scorer(false), scorer(true)]
  const paid = subjects.length - batch.unpaid
  const judged = batch.isFirst ? new Set<string>() : await judgedAlready(batch, context)
  const todo = subjects
    .map(([traceId, spanId, probability, more], place) => ({
      traceId,
      spanId,
      probability,
      traces: more?.traces,
      drawnFor: more?.drawnFor,
      isPaid: place < paid,
      isCheaper: place >= paid - batch.cheaper,
    }))
    .filter(({ traceId, spanId }) => !judged.has(keyOf(traceId, spanId)))
  const views = await readUnits(context.traces, job.tenant, todo)
  holds([...views.values()].reduce((sum, { spans }) => sum + spans.length, 0))

  const outcome = { ...NO_OUTCOME, alreadyJudged: subjects.length - todo.length }
  const results: EvalResult[] = []
  let begins: Promise<boolean> | undefined
  const mayBegin = (): Promise<boolean> => {
    begins ??= context.mayBegin?.() ?? Promise.resolve(true)
    return begins
  }
  const judge = async (subject: (typeof todo)[number]): Promise<void> => {
    if (signal.aborted) return
    const view = views.get(subject.traceId)
    const span = subject.spanId === '' ? undefined : view?.spans.find(({ spanId }) => spanId === subject.spanId)
    if (view === undefined || (subject.spanId !== '' && span === undefined)) {
      outcome.left++
      return
    }
    const leave = await context.enter()
    try {
      if (!(await mayBegin())) {
        outcome.left++
        return
      }
      const score = async (): Promise<Asked> => (subject.isCheaper ? scoreCheaply : scoreOf)(view, span)
      // Traces of judging Assay's own traces would be judged the next time, and so on.
      const asked = notAsked(batch, subject) ?? (await (isOwnAgent(agentOf(view, span)) ? quietly(score) : score()))
      const result = resultOf(job, compiled, view, span, asked, { ...subject, nowMs: context.nowMs() })
      outcome[result.verdict]++
      if (asked.usage !== undefined) {
        const level = levelOf(asked)
        const counted = COUNTED[level]
        if (counted !== undefined) outcome[counted]++
        judgeAnswers.inc({ level })
        if (asked.usage.costMicroUsd === undefined) outcome.unpriced++
      }
      if (result.reason?.code === 'over_budget') outcome.overBudget++
      outcome.costMicroUsd += result.costMicroUsd ?? 0
      results.push(result)
    } finally {
      leave()
    }
  }
  // All are waited for: what was judged beside one that failed is paid for.
  return { results, outcome, ended: await Promise.allSettled(todo.map(judge)) }
}

function paidJudge(
  { holdBackMicroUsd }: RunBatch,
  { plan }: OfflineEval,
  context: BatchContext,
  asksCheaper: boolean,
): JudgeClient {
  const { judge, budget, prices, outputs } = context
  if (budget === undefined || budget === null || prices === undefined || outputs === undefined) return judge
  const cheaper = plan.budget?.cheaper ?? null
  return withBudget(judge, { budget, prices, outputs, cheaper, holdBackMicroUsd, asksCheaper })
}

/** What a run's record tells apart: the rest is in its verdicts. */
const COUNTED: Partial<Record<AnswerLevel, 'cached' | 'orElse' | 'cheaper' | 'proxy'>> = {
  cached: 'cached',
  or_else: 'orElse',
  cheaper: 'cheaper',
  proxy: 'proxy',
}

function notAsked({ givenUp }: RunBatch, { isPaid }: { isPaid: boolean }): Asked | null {
  if (givenUp === undefined && isPaid) return null
  const why: Reason =
    givenUp === undefined || !isPaid ? { code: 'over_budget' } : { code: 'given_up', detail: `not asked: ${givenUp}` }
  return { judged: { kind: 'none', why }, explanation: undefined, usage: undefined }
}

interface Drawn {
  probability: number
  drawnFor: 'flagged' | undefined
  nowMs: number
}

const agentOf = ({ root, agent }: TraceView, span: TraceView['spans'][number] | undefined): string | undefined =>
  span === undefined ? (root.agentName ?? agent.agentName) : span.agentName

function resultOf(
  job: OfflineJob,
  compiled: OfflineEval,
  view: TraceView,
  span: TraceView['spans'][number] | undefined,
  asked: Asked,
  { probability, drawnFor, nowMs }: Drawn,
): EvalResult {
  const evalPlan = compiled.plan
  const { verdict, reason } = compiled.decide(view, span, asked.judged)
  const { root, agent } = view
  return makeResult({
    tenant: job.tenant,
    evalId: evalPlan.id,
    measureHash: asked.standIn == null ? evalPlan.measureHash : measureOfStandIn(evalPlan, asked.standIn),
    verdictHash: evalPlan.verdictHash,
    mode: evalPlan.mode,
    subjectKind: evalPlan.sample.scope.subject,
    traceId: view.traceId,
    spanId: span?.spanId ?? '',
    subjectTimeUs: span?.startTimeUs ?? view.startTimeUs,
    evaluatedAtMs: nowMs,
    verdict,
    score: asked.judged.kind === 'score' ? asked.judged.score : undefined,
    reason,
    judgements: asked.judgements,
    explanation: asked.explanation,
    agentName: agentOf(view, span),
    agentVersion: span === undefined ? (root.agentVersion ?? agent.agentVersion) : span.agentVersion,
    env: span === undefined ? (root.env ?? agent.env) : span.env,
    judgeModel: asked.usage?.model,
    judgeInputTokens: asked.usage?.inputTokens,
    judgeOutputTokens: asked.usage?.outputTokens,
    costMicroUsd: asked.usage?.costMicroUsd,
    runId: job.runId,
    inclusionProbability: probability,
    drawnFor,
    labels: compiled.labels(view, span),
  })
}

/** Of this run: far more than the results of any that is usual. */
const MAX_RESULTS = 50_000

/** A batch that was interrupted or killed does not pay twice for what it has judged; errors are tried again. */
async function judgedAlready({ job, subjects }: RunBatch, { traces }: BatchContext): Promise<Set<string>> {
  const { tenant, evalId, runId } = job
  const wanted = new Set(subjects.map(([traceId, spanId]) => keyOf(traceId, spanId)))
  const results = await traces.queryResults(tenant, { evalId, runId, sinceMs: job.slotMs, limit: MAX_RESULTS })
  return new Set(
    results
      .filter(({ verdict }) => verdict !== 'error')
      .map(({ traceId, spanId }) => keyOf(traceId, spanId))
      .filter((key) => wanted.has(key)),
  )
}
