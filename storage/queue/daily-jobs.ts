/** Jobs that are done once for a day, or for each few minutes, whoever enqueues them: the id of each is its name and its time. */
import { type Job, UnrecoverableError } from 'bullmq'
import { z } from 'zod'
import type { BullBackend, WorkerSettings } from './bull-queue.ts'
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

const QUEUE = 'assay-daily'
const REMEMBERED = { age: 30 * 24 * 3600, count: 1_000 }
/** Over about eight hours. */
const ATTEMPTS = 10
const FIRST_RETRY_MS = 60_000
const SETTINGS: WorkerSettings = { concurrency: 1, lockDuration: 60_000, stalledInterval: 60_000, maxStalledCount: 3 }

export async function openDailyJobs(backend: BullBackend, onError: QueueErrorHandler): Promise<DailyJobs> {
  const queue = backend.openQueue(QUEUE)
  queue.on('error', onError)
  await queue.waitUntilReady()
  const workers = new Set<QueueWorker>()
  return {
    async enqueueDaily(job) {
      const jobId = idOf(job)
      if ((await queue.getJob(jobId)) !== undefined) return
      await queue.add(job.name, job, {
        jobId,
        // The next slot's is as good as this one.
        attempts: job.name === 'baselines' ? 1 : ATTEMPTS,
        backoff: { type: 'exponential', delay: FIRST_RETRY_MS },
        removeOnComplete: REMEMBERED,
        removeOnFail: REMEMBERED,
      })
    },
    async workDaily(handler) {
      const worker = backend.openWorker(QUEUE, (job) => runJob(job, handler), SETTINGS)
      worker.on('error', onError)
      await worker.waitUntilReady()
      const handle: QueueWorker = {
        async drain() {
          workers.delete(handle)
          await worker.close()
        },
      }
      workers.add(handle)
      return handle
    },
    async close() {
      await Promise.all([...workers].map((worker) => worker.drain()))
      await queue.close()
    },
  }
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

async function runJob(job: Job, handler: (job: DailyJob) => Promise<void>): Promise<void> {
  const parsed = dailyJobSchema.safeParse(job.data)
  // Trying a foreign shape again cannot help.
  if (!parsed.success) throw new UnrecoverableError('not a daily job that this version knows')
  await handler(parsed.data)
}
