/** A whole run in this process, without a queue: the same sample, judges and results as those of a run on a schedule. */
import type { OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { OfflineJob } from '../../storage/queue/port.ts'
import { type BatchOutcome, batchesOf, sumOutcomes } from '../../storage/queue/run-record.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { createTurnstile } from '../../storage/turnstile.ts'
import { type PlanContext, planRun } from './plan-run.ts'
import { type BatchContext, runBatch } from './run-batch.ts'

/** What a run reads of the store. */
export type OfflineTraces = Pick<
  TracesStore,
  'settledTraceIds' | 'settledSessions' | 'flaggedSubjects' | 'getTraces' | 'queryResults'
>

export interface RunContext extends PlanContext, Omit<BatchContext, 'traces' | 'enter'> {
  traces: OfflineTraces
  /** Judge calls at the same time. */
  callsAtOnce: number
  /** What people should know of it. */
  onNotice: (message: string) => void
}

/** Rejects with `RunInterrupted` when the signal aborts, and with the store's or log's error when one of them fails. */
export async function runOfflineEval(
  job: OfflineJob,
  plan: Plan,
  evalPlan: OfflineEvalPlan,
  context: RunContext,
): Promise<BatchOutcome> {
  const compiled = compileOfflineEval(plan, evalPlan)
  const { enter } = createTurnstile(context.callsAtOnce)
  const outcomes: BatchOutcome[] = []
  const planned = await planRun(job, compiled, context)
  for (const note of planned.notes ?? []) context.onNotice(`${evalPlan.id}: ${note}`)
  for (const batch of batchesOf(job, planned)) outcomes.push(await runBatch(batch, compiled, { ...context, enter }))
  return sumOutcomes(outcomes)
}
