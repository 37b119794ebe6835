/** The queue port on BullMQ, whichever backend the queue and worker are made with. */
import { DelayedError, type Job, type Queue, UnrecoverableError, type Worker } from 'bullmq'
import { DEFAULT_TENANT } from '../access/principal.ts'
import { openDailyJobs } from './daily-jobs.ts'
import {
  type OfflineJob,
  type OfflineQueue,
  parseOfflineJob,
  type QueueError,
  type QueueErrorHandler,
  type QueueWorker,
  type QueueWorkerOptions,
  RunInterrupted,
  RunPostponed,
  type RunState,
} from './port.ts'

/** Names of the two queues; `marks` is never worked on: it keeps one record an eval. */
export const QUEUE_NAMES = { runs: 'assay-offline-runs', marks: 'assay-offline-marks' } as const

/** Finished runs are kept this long: while its record exists, a run id cannot be enqueued again. */
const KEEP_FINISHED = { age: 30 * 24 * 3600, count: 10_000 }
const ATTEMPTS = 5
const FIRST_RETRY_MS = 2_000
/** A run that took its process down this many times is given up, so that it cannot do so for ever. */
const MAX_STALLS = 5
const DEFAULT_LOCK_MS = 30_000

export interface WorkerSettings {
  concurrency: number
  lockDuration: number
  stalledInterval: number
  maxStalledCount: number
}

/** The part of BullMQ's classes that is used here; their full types differ by backend. */
export type BullQueue = Pick<Queue, 'add' | 'getJob' | 'getJobState' | 'waitUntilReady' | 'close'> & ErrorSource
export type BullWorker = Pick<Worker, 'waitUntilReady' | 'close'> & ErrorSource
interface ErrorSource {
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What differs between the backends. */
export interface BullBackend {
  readonly name: 'redis' | 'pglite'
  openQueue(name: string): BullQueue
  openWorker(name: string, run: (job: Job, token?: string) => Promise<void>, settings: WorkerSettings): BullWorker
  /** What the store's client threw, if it says that the store cannot be reached. */
  unavailable?(error: unknown): QueueError | undefined
  close(): Promise<void>
}

export async function openBullQueue(backend: BullBackend, onError: QueueErrorHandler): Promise<OfflineQueue> {
  const runs = backend.openQueue(QUEUE_NAMES.runs)
  const marks = backend.openQueue(QUEUE_NAMES.marks)
  // Without a listener an EventEmitter's 'error' takes the process down.
  for (const queue of [runs, marks]) queue.on('error', onError)
  await Promise.all([runs.waitUntilReady(), marks.waitUntilReady()])
  const daily = await openDailyJobs(backend, onError)
  const workers = new Set<QueueWorker>()
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await question()
    } catch (error) {
      throw backend.unavailable?.(error) ?? error
    }
  }

  async function work(handler: (job: OfflineJob) => Promise<void>, options: QueueWorkerOptions): Promise<QueueWorker> {
    const lockMs = options.lockMs ?? DEFAULT_LOCK_MS
    const worker = backend.openWorker(QUEUE_NAMES.runs, (job, token) => runJob(job, token, handler), {
      concurrency: options.concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: MAX_STALLS,
    })
    worker.on('error', options.onError)
    await worker.waitUntilReady()
    const handle: QueueWorker = {
      async drain() {
        workers.delete(handle)
        await worker.close()
      },
    }
    workers.add(handle)
    return handle
  }

  return {
    backend: backend.name,
    enqueueDaily: daily.enqueueDaily,
    workDaily: daily.workDaily,
    work,
    enqueue: (job) =>
      ask(async () => {
        const jobId = idWithin(job.tenant, job.runId)
        if ((await runs.getJob(jobId)) !== undefined) return 'known'
        await runs.add('run', job, {
          jobId,
          attempts: ATTEMPTS,
          backoff: { type: 'exponential', delay: FIRST_RETRY_MS },
          removeOnComplete: KEEP_FINISHED,
          removeOnFail: KEEP_FINISHED,
        })
        return 'added'
      }),
    stateOf: (tenant, runId) => ask(async () => toRunState(await runs.getJobState(idWithin(tenant, runId)))),
    lastSlot: (tenant, evalId) =>
      ask(async () => {
        const mark = await marks.getJob(markId(tenant, evalId))
        return mark === undefined ? undefined : slotOfMark(mark.data)
      }),
    setLastSlot: (tenant, evalId, slotMs) =>
      ask(async () => {
        const data = { tenant, evalId, slotMs }
        const jobId = markId(tenant, evalId)
        const mark = await marks.getJob(jobId)
        if (mark === undefined) await marks.add('mark', data, { jobId })
        else await mark.updateData(data)
      }),
    async close() {
      await Promise.all([...workers].map((worker) => worker.drain()))
      await Promise.all([runs.close(), marks.close(), daily.close()])
      await backend.close()
    },
  }
}

async function runJob(job: Job, token: string | undefined, handler: (job: OfflineJob) => Promise<void>): Promise<void> {
  let parsed: OfflineJob
  try {
    parsed = parseOfflineJob(job.data)
  } catch (error) {
    // Trying a foreign shape again cannot help.
    throw new UnrecoverableError(`not a run of an offline eval: ${String(error)}`)
  }
  try {
    await handler(parsed)
  } catch (error) {
    if (!(error instanceof RunInterrupted || error instanceof RunPostponed)) throw error
    await job.moveToDelayed(Date.now() + (error instanceof RunPostponed ? error.delayMs : 0), token)
    throw new DelayedError()
  }
}

/** BullMQ refuses ids that are integers; the prefix makes sure. */
function markId(tenant: string, evalId: string): string {
  return `mark@${idWithin(tenant, evalId)}`
}

/** Those of the default tenant are as they were before there were others. No name of ours has a `~`. */
function idWithin(tenant: string, id: string): string {
  return tenant === DEFAULT_TENANT ? id : `${tenant}~${id}`
}

function slotOfMark(data: unknown): number | undefined {
  if (typeof data !== 'object' || data === null || !('slotMs' in data)) return undefined
  return typeof data.slotMs === 'number' ? data.slotMs : undefined
}

function toRunState(state: string): RunState {
  switch (state) {
    case 'completed':
      return 'done'
    case 'failed':
    case 'active':
      return state
    case 'unknown':
      return 'unknown'
    default:
      // waiting, delayed (between attempts), prioritized, waiting-children
      return 'waiting'
  }
}
