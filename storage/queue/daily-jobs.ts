/** Jobs that are done once for a day, or for each few minutes, whoever enqueues them: the id of each is its name and its time. */
import { z } from 'zod'
import type { BullBackend } from './bull-queue.ts'
import { openOnceJobs } from './once-jobs.ts'
import type { QueueErrorHandler, QueueWorker } from './port.ts'

const dailyJobSchema = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('integrity'),
    /** UTC, that the job is about: `2026-11-21`. */
    day: z.iso.date(),
  }),
  /** What alerts compare with, worked out from what is stored. */
  z.object({ name: z.literal('baselines'), slotMs: z.int().nonnegative() }),
  z.object({
    name: z.literal('scorecard'),
    tenant: z.string(),
    scorecardId: z.string(),
    slotMs: z.int().nonnegative(),
  }),
])

export type DailyJob = z.infer<typeof dailyJobSchema>

export interface DailyJobs {
  /** Once a day and name, for as long as finished jobs are remembered. */
  enqueueDaily(job: DailyJob): Promise<void>
  /** A handler that rejects is tried again, hours later too; one that was killed is run by another worker: it must be idempotent. */
  workDaily(handler: (job: DailyJob) => Promise<void>): Promise<QueueWorker>
  close(): Promise<void>
}

/** Over about eight hours. */
const ATTEMPTS = 10

export async function openDailyJobs(backend: BullBackend, onError: QueueErrorHandler): Promise<DailyJobs> {
  const jobs = await openOnceJobs(
    backend,
    {
      queue: 'assay-daily',
      schema: dailyJobSchema,
      idOf,
      nameOf: ({ name }) => name,
      // The next slot's is as good as this one.
      attemptsOf: ({ name }) => (name === 'baselines' ? 1 : ATTEMPTS),
      firstRetryMs: 60_000,
      settings: { concurrency: 1, lockDuration: 60_000, stalledInterval: 60_000, maxStalledCount: 3 },
    },
    onError,
  )
  return { enqueueDaily: jobs.enqueue, workDaily: jobs.work, close: jobs.close }
}

/** BullMQ refuses ids with a colon. */
function idOf(job: DailyJob): string {
  switch (job.name) {
    case 'integrity':
      return `integrity@${job.day}`
    case 'baselines':
      return `baselines@${job.slotMs}`
    case 'scorecard':
      return `scorecard@${job.tenant}@${job.scorecardId}@${job.slotMs}`
  }
}
