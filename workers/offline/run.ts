/** One run of an offline eval: draw the sample, give each subject its score by a judge or a metric, hand the results on. */
import { notRunYet } from '../../dsl/not-run.ts'
import type { OfflineEvalPlan, OfflineMethod, Plan } from '../../dsl/plan.ts'
import type { Measured } from '../../engine/evaluate/measure.ts'
import { compileOfflineEval, type Judged, type OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { ProjectedSpan, TraceView } from '../../engine/evaluate/subject.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import { buildPrompt } from '../../engine/judge/prompt.ts'
import { readShown } from '../../engine/judge/shown.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { type OfflineJob, RunInterrupted } from '../../storage/queue/port.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import type { JudgeUsage } from './completion.ts'
import type { JudgeClient, JudgeOutcome } from './judge-client.ts'
import { askPanel } from './panel.ts'
import { drawSample, type SampledSubject } from './sample.ts'
import { MANUAL_DELAY_MS, windowOf } from './slot.ts'

/** What a run reads of the store. */
export type OfflineTraces = Pick<TracesStore, 'settledTraceIds' | 'getTrace' | 'queryResults'>

export interface RunContext {
  traces: OfflineTraces
  judge: JudgeClient
  /** Durable when it resolves. The same results may come twice. */
  publish: (results: readonly EvalResult[]) => Promise<void>
  nowMs: () => number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Fresh and random: [0-9a-z], at least 16 characters. */
  nonce: () => string
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

type RubricMethod = Extract<OfflineMethod, { kind: 'rubric' }>
/** Undefined when the run was stopped meanwhile. */
type Scorer = (view: TraceView, span: ProjectedSpan | undefined) => Promise<Asked | undefined> | Asked

/** Throws on what `notRunYet` names: whoever enqueues and works asks it first. */
function scorerOf({ plan, measure }: OfflineEval, context: RunContext): Scorer {
  const { method } = plan
  if (measure !== null) return (view, span) => measuredAs(measure(view, span))
  const why = notRunYet(plan)
  if (why !== null || method.kind !== 'rubric') throw new RangeError(`${plan.id}: ${why}`)
  return (view, span) => askJudge(method, view, span, context)
}

function measuredAs(measured: Measured): Asked {
  const explanation = measured.kind === 'score' ? measured.explanation : undefined
  return { judged: measured, explanation, usage: undefined }
}

/** Undefined when the run was stopped meanwhile, or the trace is gone. */
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
  const asked = await scoreOf(view, span)
  if (asked === undefined) return undefined
  const { verdict, reason } = compiled.decide(view, span, asked.judged)
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
    score: asked.judged.kind === 'score' ? asked.judged.score : undefined,
    reason,
    explanation: asked.explanation,
    agentName: span === undefined ? (root.agentName ?? agent.agentName) : span.agentName,
    agentVersion: span === undefined ? (root.agentVersion ?? agent.agentVersion) : span.agentVersion,
    env: span === undefined ? (root.env ?? agent.env) : span.env,
    judgeModel: asked.usage?.model,
    judgeInputTokens: asked.usage?.inputTokens,
    judgeOutputTokens: asked.usage?.outputTokens,
    runId: job.runId,
    inclusionProbability: subject.inclusionProbability,
  })
}

interface Asked {
  judged: Judged
  explanation: string | undefined
  /** Undefined where no judge was asked. */
  usage: JudgeUsage | undefined
}

async function askJudge(
  { judge, show, rubric, scale }: RubricMethod,
  view: TraceView,
  span: ProjectedSpan | undefined,
  context: RunContext,
): Promise<Asked | undefined> {
  const shown = readShown(show, view, span)
  if (shown.kind === 'missing') {
    const why = { code: 'not_captured', field: shown.field } as const
    return { judged: { kind: 'none', why }, explanation: undefined, usage: undefined }
  }
  const prompt = buildPrompt({ rubric, scale, shown: shown.fields, nonce: context.nonce() })
  return askedOf(await askPanel(context.judge, judge, prompt, scale, context.signal))
}

function askedOf(outcome: JudgeOutcome): Asked | undefined {
  switch (outcome.kind) {
    case 'aborted':
      return undefined
    case 'answered': {
      const { answer, usage } = outcome
      const explanation = answer.explanation === '' ? undefined : answer.explanation
      if (answer.kind === 'score') return { judged: { kind: 'score', score: answer.score }, explanation, usage }
      return { judged: { kind: 'none', why: { code: 'abstained' } }, explanation, usage }
    }
    case 'refused':
      return { judged: { kind: 'none', why: { code: 'refused' } }, explanation: undefined, usage: outcome.usage }
    case 'malformed':
    case 'unreachable': {
      const code = outcome.kind === 'malformed' ? 'judge_malformed' : 'judge_unreachable'
      const why = { code, detail: outcome.detail } as const
      return { judged: { kind: 'none', why }, explanation: undefined, usage: outcome.usage }
    }
  }
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
