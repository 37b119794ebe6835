/** What a run has to do: its sample, drawn once and kept, as far as its budget pays for it. */
import type { JudgePlan } from '../../dsl/plan.ts'
import { readTraceField, spanField } from '../../engine/evaluate/fields.ts'
import type { OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { ProjectedSpan, TraceView } from '../../engine/evaluate/subject.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import { type OfflineJob, RunInterrupted } from '../../storage/queue/port.ts'
import type { RunPlan } from '../../storage/queue/run-record.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type Afforded, afford } from './afford.ts'
import type { RunBudget } from './budget.ts'
import type { OutputEstimate } from './budgeted-client.ts'
import { createEstimator, type SubjectEstimate } from './estimate.ts'
import type { Prices } from './prices.ts'
import { drawSample, type Sample, type SampledSubject } from './sample.ts'
import { MANUAL_DELAY_MS, windowOf } from './slot.ts'
import { type Candidate, drawByStrata } from './strata.ts'

export interface PlanContext {
  traces: Pick<TracesStore, 'settledTraceIds' | 'getTraces'>
  /** Asked by metrics whose eval names no judge. */
  defaultJudge?: JudgePlan | null
  prices?: Prices
  outputs?: OutputEstimate
  /** Null where nothing bounds it. */
  budget?: RunBudget | null
  nowMs: () => number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

/** Ids are 32 characters: some 10 MB at this many. Of a window with more, the store takes an even sample. */
const MAX_POPULATION = 200_000
const READS_AT_ONCE = 50

/** Rejects with `RunInterrupted` when the signal aborts, and with the store's error when that fails. */
export async function planRun(job: OfflineJob, compiled: OfflineEval, context: PlanContext): Promise<RunPlan> {
  const { tenant, runId } = job
  const { traces, signal, budget = null } = context
  const { sample, method } = compiled.plan
  if (job.trigger === 'manual') {
    await context.sleep(Math.max(0, job.slotMs + MANUAL_DELAY_MS - context.nowMs()), signal)
    if (signal.aborted) throw new RunInterrupted()
  }
  const traceIds = await traces.settledTraceIds(tenant, {
    ...windowOf(sample.overNs, job),
    limit: MAX_POPULATION,
  })
  const judges = method.judge ?? context.defaultJudge ?? null
  const estimates = new Map<string, SubjectEstimate>()
  const estimate =
    context.prices === undefined || context.outputs === undefined
      ? null
      : createEstimator(compiled, judges, context.prices, context.outputs)
  const stratumOf = strataBy(sample.by, sample.scope.subject === 'trace')
  const candidatesOf = async (ids: readonly string[]): Promise<Candidate[][]> => {
    const found = await traces.getTraces(tenant, ids)
    return Promise.all(
      ids.map(async (traceId) => {
        const spans = found.get(traceId)
        if (spans === undefined) return []
        const view = viewTrace(tenant, traceId, spans)
        const subjects = compiled.subjects(view)
        for (const span of subjects)
          if (estimate !== null) estimates.set(keyOf(traceId, span?.spanId ?? ''), await estimate(view, span))
        return subjects.map((span) => ({ spanId: span?.spanId ?? '', stratum: stratumOf(view, span) }))
      }),
    )
  }
  const common = { runId, traceIds, readsAtOnce: READS_AT_ONCE, signal }
  const drawing: Promise<Sample> =
    sample.by.length > 0 && sample.size !== 'all'
      ? drawByStrata({ ...common, size: sample.size, candidatesOf })
      : drawSample({
          ...common,
          size: sample.size,
          subjectsOf: async (ids) => (await candidatesOf(ids)).map((all) => all.map(({ spanId }) => spanId)),
        })
  const drawn = await drawing.catch((error: unknown) => {
    throw signal.aborted ? new RunInterrupted() : error
  })
  const ofSample = drawn.subjects.map(({ traceId, spanId }) => estimates.get(keyOf(traceId, spanId)) ?? NO_ESTIMATE)
  const left = budget === null ? null : await budget.left()
  const afforded = left === null ? null : affordAll(ofSample, left)
  return {
    populationTraces: drawn.populationTraces,
    lookedAtTraces: drawn.lookedAtTraces,
    sampled: drawn.subjects.length,
    unpaid: afforded?.unpaid ?? 0,
    cheaper: afforded?.cheaper ?? 0,
    holdBackMicroUsd: afforded?.holdBackMicroUsd ?? 0,
    estimateMicroUsd: judges === null ? null : sumOf(ofSample.map(({ ownMicroUsd }) => ownMicroUsd)),
    budgetMicroUsd: left,
    subjects: subjectsOf(drawn.subjects, afforded),
  }
}

const keyOf = (traceId: string, spanId: string): string => `${traceId}/${spanId}`

const NO_ESTIMATE: SubjectEstimate = { ownMicroUsd: null, cheapMicroUsd: null }

/** Null where one is not known. */
function sumOf(costs: readonly (number | null)[]): number | null {
  return costs.reduce((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0)
}

function affordAll(estimates: readonly SubjectEstimate[], leftMicroUsd: number): Afforded {
  const cheap = estimates.flatMap(({ cheapMicroUsd }) => cheapMicroUsd ?? [])
  return afford(
    estimates.map(({ ownMicroUsd }) => ownMicroUsd ?? 0),
    cheap.length === estimates.length ? cheap : null,
    leftMicroUsd,
  )
}

/** Those that are paid for are an even part of the sample, for its order is random: that is in their probability. */
function subjectsOf(drawn: readonly SampledSubject[], afforded: Afforded | null): RunPlan['subjects'] {
  const paid = drawn.length - (afforded?.unpaid ?? 0)
  return drawn.map(({ traceId, spanId, inclusionProbability }, place) => [
    traceId,
    spanId,
    place < paid ? (inclusionProbability * paid) / drawn.length : inclusionProbability,
  ])
}

/** The values of the `by` fields, as one text. */
function strataBy(
  by: readonly string[],
  onTrace: boolean,
): (view: TraceView, span: ProjectedSpan | undefined) => string {
  if (onTrace) {
    const readers = by.map((path) => readTraceField(path))
    return (view) => JSON.stringify(readers.map((read) => read(view) ?? null))
  }
  const readers = by.map((path) => spanField(path).read)
  return (_, span) => JSON.stringify(span === undefined ? [] : readers.map((read) => read(span) ?? null))
}
