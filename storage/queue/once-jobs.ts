/** Jobs that are done once, whoever enqueues them: what each is about is its id. */
import { type Job, UnrecoverableError } from 'bullmq'
import type { z } from 'zod'
import type { BullBackend, WorkerSettings } from './bull-queue.ts'
import { OpenWorkers } from './open-workers.ts'
import type { QueueErrorHandler, QueueWorker } from './port.ts'

export interface OnceJobs<Data> {
  /** Once, for as long as finished jobs are remembered. */
  enqueue(data: Data): Promise<void>
  /** A handler that rejects is tried again; one that was killed is run by another worker: it must be idempotent. */
  work(handler: (data: Data) => Promise<void>): Promise<QueueWorker>
  close(): Promise<void>
}

export interface OnceJobsOptions<Data> {
  queue: string
  schema: z.ZodType<Data>
  /** BullMQ refuses ids with a colon. */
  idOf: (data: Data) => string
  nameOf: (data: Data) => string
  attemptsOf: (data: Data) => number
  firstRetryMs: number
  /** Before a job is taken up; 0 unless told. */
  delayMs?: number
  settings: WorkerSettings
}

const REMEMBERED = { age: 30 * 24 * 3600, count: 1_000 }

export async function openOnceJobs<Data>(
  backend: BullBackend,
  options: OnceJobsOptions<Data>,
  onError: QueueErrorHandler,
): Promise<OnceJobs<Data>> {
  const { schema, idOf, nameOf, attemptsOf, firstRetryMs, delayMs = 0, settings } = options
  const queue = backend.openQueue(options.queue)
  queue.on('error', onError)
  await queue.waitUntilReady()
  const workers = new OpenWorkers()
  const run = async (job: Job, handler: (data: Data) => Promise<void>): Promise<void> => {
    const parsed = schema.safeParse(job.data)
    // Trying a foreign shape again cannot help.
    if (!parsed.success) throw new UnrecoverableError(`not a job of ${options.queue} that this version knows`)
    await handler(parsed.data)
  }
  return {
    async enqueue(data) {
      const jobId = idOf(data)
      if ((await queue.getJob(jobId)) !== undefined) return
      await queue.add(nameOf(data), data, {
        jobId,
        delay: delayMs,
        attempts: attemptsOf(data),
        backoff: { type: 'exponential', delay: firstRetryMs },
        removeOnComplete: REMEMBERED,
        removeOnFail: REMEMBERED,
      })
    },
    async work(handler) {
      return workers.add([backend.openWorker(options.queue, (job) => run(job, handler), settings)], onError)
    },
    async close() {
      await workers.drain()
      await queue.close()
    },
  }
}
