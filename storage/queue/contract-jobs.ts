/** Jobs and handlers of the queue's contract. */
import type { InvestigationJob } from './investigation-jobs.ts'
import type { OfflineJob, OfflineQueue, RunHandlers } from './port.ts'
import { NO_OUTCOME, type RunPlan } from './run-record.ts'

export function firingOf(incidentId: string): InvestigationJob {
  const numbers = {
    measure: { kind: 'count', verdict: 'fail', type: { kind: 'int' } },
    cmp: '>=',
    threshold: 1,
    windowMs: 600_000,
    value: 1,
    count: 1,
    total: 1,
    verdicts: { pass: 0, fail: 1, unknown: 0, error: 0 },
  } as const
  const what = { id: 't', alertId: 'shop/leak', evalId: 'shop/no_pii', group: {}, rule: '', title: null, owner: null }
  const when = { from: 'inactive', to: 'firing', cause: 'condition', atMs: 1, sinceMs: 1 } as const
  const transition = { ...what, ...when, severity: 'page', mode: 'live', incidentId, numbers, examples: [], why: null }
  return { tenant: 'acme', transition: transition as InvestigationJob['transition'] }
}

export function jobOf(evalId: string, slotMs: number): OfflineJob {
  return { tenant: 'default', evalId, slotMs, trigger: 'schedule', runId: `${evalId}@${slotMs}` }
}

export function fail(error: Error): void {
  throw error
}

/** Of runs that have no batches. */
export function plans(work: (job: OfflineJob) => Promise<void>): RunHandlers {
  return {
    plan: async (job) => {
      await work(job)
      return null
    },
    batch: async () => NO_OUTCOME,
  }
}

export function planOf(subjects: number, unpaid = 0, cheaper = 0): RunPlan {
  return {
    populationTraces: subjects,
    lookedAtTraces: subjects,
    sampled: subjects,
    unpaid,
    cheaper,
    holdBackMicroUsd: 5,
    estimateMicroUsd: null,
    budgetMicroUsd: null,
    subjects: Array.from({ length: subjects }, (_, i) => [`trace-${i}`, '', 0.5]),
  }
}

export async function untilState(queue: OfflineQueue, runId: string, state: string): Promise<void> {
  while ((await queue.stateOf('default', runId)) !== state) await new Promise((resolve) => setTimeout(resolve, 20))
}
