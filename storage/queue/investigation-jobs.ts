/** Jobs that look into what a firing alert is about: one an incident. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import type { BullBackend } from './bull-queue.ts'
import { type OnceJobs, openOnceJobs } from './once-jobs.ts'
import type { QueueErrorHandler } from './port.ts'

const investigationJobSchema = z.object({
  tenant: z.string().min(1),
  /** The transition to firing. */
  transition: alertTransitionSchema,
})

export type InvestigationJob = z.infer<typeof investigationJobSchema>

export interface InvestigationQueue {
  /** Once an incident, whoever enqueues it. It begins a moment later: what the alert rests on is on its way to the store. */
  enqueueInvestigation(job: InvestigationJob): Promise<void>
  /** Tried again over an hour and a half; it must be idempotent. */
  workInvestigations(handler: (job: InvestigationJob) => Promise<void>): ReturnType<OnceJobs<InvestigationJob>['work']>
}

/** Of the log on its way into the store. */
const DELAY_MS = 10_000

/** `delayMs`: for tests, which have stored all there is. */
export function openInvestigationJobs(
  backend: BullBackend,
  onError: QueueErrorHandler,
  delayMs = DELAY_MS,
): Promise<OnceJobs<InvestigationJob>> {
  return openOnceJobs(
    backend,
    {
      queue: 'assay-investigations',
      schema: investigationJobSchema,
      idOf: ({ tenant, transition: { incidentId, id } }) =>
        `investigation@${createHash('sha256')
          .update(`${tenant}/${incidentId ?? id}`)
          .digest('hex')
          .slice(0, 32)}`,
      nameOf: () => 'investigation',
      attemptsOf: () => 10,
      firstRetryMs: 10_000,
      delayMs,
      settings: { concurrency: 1, lockDuration: 60_000, stalledInterval: 60_000, maxStalledCount: 3 },
    },
    onError,
  )
}
