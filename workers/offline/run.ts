/** One run of an offline eval: draw the sample, give each subject its score by a judge or a metric, hand the results on. */
import type { OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { compileOfflineEval, type OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { TraceView } from '../../engine/evaluate/subject.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { type OfflineJob, RunInterrupted } from '../../storage/queue/port.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { drawSample, type SampledSubject } from './sample.ts'
import { type ScoreContext, type Scorer, scorerOf } from './score-subject.ts'
import { MANUAL_DELAY_MS, windowOf } from './slot.ts'

/** What a run reads of the store. */
export type OfflineTraces = Pick<TracesStore, 'settledTraceIds' | 'getTrace' | 'queryResults'>

export interface RunContext extends ScoreContext {
  traces: OfflineTraces
  /** Durable when it resolves. The same results may come twice. */
  publish: (results: readonly EvalResult[]) => Promise<void>
  nowMs: () => number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Judge calls at the same time. */
  callsAtOnce: number
  /** The run stops where it is: what is judged is published, the rest is left to the next attempt. */
  signal: AbortSignal
}

export interface RunSummary {
  populationTraces: number
  lookedAtTraces: number
  sampled: number
  /** Results of an earlier attempt of this run that were in the store already. */
  alreadyJudged: number
  pass: number
  fail: number
  unknown: number
  error: number
}

/** Ids are 32 characters: some 10 MB at this many. Of a window with more, the store takes an even sample. */
const MAX_POPULATION = 200_000
const PUBLISH_EVERY = 25
const READS_AT_ONCE = 8

/** Rejects with `RunInterrupted` when the signal aborts, and with the store's or log's error when one of them fails. */
export async function runOfflineEval(
  job: OfflineJob,
  plan: Plan,
  evalPlan: OfflineEvalPlan,
  context: RunContext,
): Promise<RunSummary> {
  const { tenant } = job
  const { traces, signal } = context
  const compiled = compileOfflineEval(plan, evalPlan)
  const scoreOf = scorerOf(compiled, context)
  if (job.trigger === 'manual') {
    await context.sleep(Math.max(0, job.slotMs + MANUAL_DELAY_MS - context.nowMs()), signal)
    if (signal.aborted) throw new RunInterrupted()
  }
  const traceIds = await traces.settledTraceIds(tenant, {
    ...windowOf(evalPlan.sample.overNs, job.slotMs, job.trigger),
    limit: MAX_POPULATION,
  })
  const sample = await drawSample({
    runId: job.runId,
    traceIds,
    size: evalPlan.sample.size,
    subjectsOf: async (traceId) => {
      const view = await loadTrace(traces, tenant, traceId)
      return view === undefined ? [] : compiled.subjects(view).map((span) => span?.spanId ?? '')
    },
    readsAtOnce: READS_AT_ONCE,
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? new RunInterrupted() : error
  })
  const judged = await judgedAlready(job, sample.subjects.length, context)
  const todo = sample.subjects.filter((subject) => !judged.has(keyOf(subject.traceId, subject.spanId)))

  const counts = { pass: 0, fail: 0, unknown: 0, error: 0 }
  const publisher = createPublisher(context.publish)
  await forEachAtOnce(todo, context.callsAtOnce, signal, async (subject) => {
    const result = await judgeSubject(job, compiled, scoreOf, subject, context)
    if (result === undefined) return
    counts[result.verdict]++
    await publisher.add(result)
  }).finally(() => publisher.flush())
  if (signal.aborted) throw new RunInterrupted()
  return {
    populationTraces: sample.populationTraces,
    lookedAtTraces: sample.lookedAtTraces,
    sampled: sample.subjects.length,
    alreadyJudged: sample.subjects.length - todo.length,
    ...counts,
  }
}

/** Undefined where the trace is gone. */
async function judgeSubject(
  job: OfflineJob,
  compiled: OfflineEval,
  scoreOf: Scorer,
  subject: SampledSubject,
  context: RunContext,
): Promise<EvalResult | undefined> {
  const evalPlan = compiled.plan
  const view = await loadTrace(context.traces, job.tenant, subject.traceId)
  if (view === undefined) return undefined
  const span = subject.spanId === '' ? undefined : view.spans.find(({ spanId }) => spanId === subject.spanId)
  if (subject.spanId !== '' && span === undefined) return undefined
  const { judged, explanation, judgements, usage } = await scoreOf(view, span)
  const { verdict, reason } = compiled.decide(view, span, judged)
  const { root, agent } = view
  return makeResult({
    tenant: job.tenant,
    evalId: evalPlan.id,
    measureHash: evalPlan.measureHash,
    verdictHash: evalPlan.verdictHash,
    mode: evalPlan.mode,
    subjectKind: evalPlan.sample.scope.subject,
    traceId: subject.traceId,
    spanId: subject.spanId,
    subjectTimeUs: span?.startTimeUs ?? view.startTimeUs,
    evaluatedAtMs: context.nowMs(),
    verdict,
    score: judged.kind === 'score' ? judged.score : undefined,
    reason,
    judgements,
    explanation,
    agentName: span === undefined ? (root.agentName ?? agent.agentName) : span.agentName,
    agentVersion: span === undefined ? (root.agentVersion ?? agent.agentVersion) : span.agentVersion,
    env: span === undefined ? (root.env ?? agent.env) : span.env,
    judgeModel: usage?.model,
    judgeInputTokens: usage?.inputTokens,
    judgeOutputTokens: usage?.outputTokens,
    runId: job.runId,
    inclusionProbability: subject.inclusionProbability,
  })
}

async function loadTrace(traces: OfflineTraces, tenant: string, traceId: string): Promise<TraceView | undefined> {
  const spans = await traces.getTrace(tenant, traceId)
  return spans.length === 0 ? undefined : viewTrace(tenant, traceId, spans)
}

/** A run that was interrupted or killed does not pay twice for what it has judged; errors are tried again. */
async function judgedAlready(job: OfflineJob, limit: number, { traces }: RunContext): Promise<Set<string>> {
  if (limit === 0) return new Set()
  const filter = { evalId: job.evalId, sinceMs: job.slotMs, limit: 2 * limit }
  const results = await traces.queryResults(job.tenant, filter)
  const ofThisRun = results.filter(({ runId, verdict }) => runId === job.runId && verdict !== 'error')
  return new Set(ofThisRun.map(({ traceId, spanId }) => keyOf(traceId, spanId)))
}

function keyOf(traceId: string, spanId: string): string {
  return `${traceId}/${spanId}`
}

/** Hands results on in batches, one batch at a time. */
function createPublisher(publish: RunContext['publish']) {
  let waiting: EvalResult[] = []
  let last: Promise<void> = Promise.resolve()
  const flush = (): Promise<void> => {
    const batch = waiting
    waiting = []
    if (batch.length > 0) last = last.then(() => publish(batch))
    return last
  }
  return {
    flush,
    async add(result: EvalResult): Promise<void> {
      waiting.push(result)
      if (waiting.length >= PUBLISH_EVERY) await flush()
    },
  }
}

/** Runs `work` on the items in order, `atOnce` at a time; no further one is begun after a failure or an abort. */
async function forEachAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  let failed = false
  const lane = async () => {
    while (next < items.length && !failed && !signal.aborted) {
      try {
        await work(items[next++]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  const broken = lanes.find((outcome) => outcome.status === 'rejected')
  if (broken !== undefined) throw broken.reason
}
