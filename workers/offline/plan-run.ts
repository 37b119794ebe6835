/** What a run has to do: its sample, drawn once and kept. */
import type { OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import { type OfflineJob, RunInterrupted } from '../../storage/queue/port.ts'
import type { RunPlan } from '../../storage/queue/run-record.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { drawSample } from './sample.ts'
import { MANUAL_DELAY_MS, windowOf } from './slot.ts'

export interface PlanContext {
  traces: Pick<TracesStore, 'settledTraceIds' | 'getTraces'>
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
  const { tenant } = job
  const { traces, signal } = context
  const { sample } = compiled.plan
  if (job.trigger === 'manual') {
    await context.sleep(Math.max(0, job.slotMs + MANUAL_DELAY_MS - context.nowMs()), signal)
    if (signal.aborted) throw new RunInterrupted()
  }
  const traceIds = await traces.settledTraceIds(tenant, {
    ...windowOf(sample.overNs, job),
    limit: MAX_POPULATION,
  })
  const drawn = await drawSample({
    runId: job.runId,
    traceIds,
    size: sample.size,
    subjectsOf: async (ids) => {
      const found = await traces.getTraces(tenant, ids)
      return ids.map((traceId) => {
        const spans = found.get(traceId)
        if (spans === undefined) return []
        return compiled.subjects(viewTrace(tenant, traceId, spans)).map((span) => span?.spanId ?? '')
      })
    },
    readsAtOnce: READS_AT_ONCE,
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? new RunInterrupted() : error
  })
  return {
    populationTraces: drawn.populationTraces,
    lookedAtTraces: drawn.lookedAtTraces,
    sampled: drawn.subjects.length,
    unpaid: 0,
    estimateMicroUsd: null,
    budgetMicroUsd: null,
    subjects: drawn.subjects.map(({ traceId, spanId, inclusionProbability }) => [
      traceId,
      spanId,
      inclusionProbability,
    ]),
  }
}
