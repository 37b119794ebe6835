/** The queue port on BullMQ, whichever backend the queue and worker are made with. */
import type { Job, Queue, Worker } from 'bullmq'
import { DEFAULT_TENANT } from '../access/principal.ts'
import { openDailyJobs } from './daily-jobs.ts'
import { openInvestigationJobs } from './investigation-jobs.ts'
import { OpenWorkers } from './open-workers.ts'
import type {
  OfflineQueue,
  QueueError,
  QueueErrorHandler,
  QueueWorker,
  QueueWorkerOptions,
  RunHandlers,
} from './port.ts'
import { RUN_OPTIONS, recordOf, toRunState, workBatch, workRun } from './run-jobs.ts'
import { RunListing } from './run-listing.ts'
import type { RunRecord } from './run-record.ts'

/** Names of the queues; `marks` is never worked on: it keeps one record an eval. */
export const QUEUE_NAMES = {
  runs: 'assay-offline-runs',
  batches: 'assay-offline-batches',
  marks: 'assay-offline-marks',
} as const

/** A run that took its process down this many times is given up, so that it cannot do so for ever. */
const MAX_STALLS = 5
/** So is a batch. Processes that die of something else take those along that only wait in them. */
const MAX_BATCH_STALLS = 20
const DEFAULT_LOCK_MS = 30_000

export interface WorkerSettings {
  concurrency: number
  lockDuration: number
  stalledInterval: number
  maxStalledCount: number
}

/** The part of BullMQ's classes that is used here; their full types differ by backend. */
export type BullQueue = Pick<
  Queue,
  'add' | 'addBulk' | 'getJob' | 'getRanges' | 'getJobState' | 'waitUntilReady' | 'close'
> &
  ErrorSource
export type BullWorker = Pick<Worker, 'waitUntilReady' | 'close'> & ErrorSource
interface ErrorSource {
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What differs between the backends. */
export interface BullBackend {
  readonly name: 'redis' | 'pglite'
  /** What is known of marks; null where others have the store open too, who may change them. */
  readonly knownMarks: Map<string, number | undefined> | null
  openQueue(name: string): BullQueue
  openWorker(name: string, run: (job: Job, token?: string) => Promise<unknown>, settings: WorkerSettings): BullWorker
  /** What the store's client threw, if it says that the store cannot be reached. */
  unavailable?(error: unknown): QueueError | undefined
  close(): Promise<void>
}

/** Of marks that are remembered. */
const MAX_NUMBERS = 10_000

/** `investigationDelayMs`: for tests. */
export async function openBullQueue(
  backend: BullBackend,
  onError: QueueErrorHandler,
  { investigationDelayMs }: { investigationDelayMs?: number | undefined } = {},
): Promise<OfflineQueue> {
  const [runs, batches, marks] = [QUEUE_NAMES.runs, QUEUE_NAMES.batches, QUEUE_NAMES.marks].map((name) =>
    backend.openQueue(name),
  ) as [BullQueue, BullQueue, BullQueue]
  // Without a listener an EventEmitter's 'error' takes the process down.
  for (const queue of [runs, batches, marks]) queue.on('error', onError)
  await Promise.all([runs, batches, marks].map((queue) => queue.waitUntilReady()))
  const daily = await openDailyJobs(backend, onError)
  const investigations = await openInvestigationJobs(backend, onError, investigationDelayMs)
  const listing = new RunListing(runs)
  const workers = new OpenWorkers()
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await question()
    } catch (error) {
      throw backend.unavailable?.(error) ?? error
    }
  }

  async function work(handlers: RunHandlers, options: QueueWorkerOptions): Promise<QueueWorker> {
    const lockMs = options.lockMs ?? DEFAULT_LOCK_MS
    const settings = { lockDuration: lockMs, stalledInterval: lockMs }
    const maxBatchStalls = options.maxBatchStalls ?? MAX_BATCH_STALLS
    const batchId = ({ job, index }: { job: { tenant: string; runId: string }; index: number }): string =>
      `${idWithin(job.tenant, job.runId)}#${index}`
    const both = [
      backend.openWorker(QUEUE_NAMES.runs, (job, token) => workRun(job, token ?? '', handlers, batches, batchId), {
        ...settings,
        maxStalledCount: MAX_STALLS,
        concurrency: options.concurrency,
      }),
      backend.openWorker(QUEUE_NAMES.batches, (job, token) => workBatch(job, token ?? '', handlers, maxBatchStalls), {
        ...settings,
        // Where even to say that it is given up takes the process down, the run fails and says so.
        maxStalledCount: 2 * maxBatchStalls + 1,
        concurrency: options.batchesAtOnce ?? options.concurrency,
      }),
    ]
    return workers.add(both, options.onError)
  }

  async function recordsOf(jobs: readonly Job[]): Promise<RunRecord[]> {
    const records = await Promise.all(
      jobs.map(async (job) => recordOf(job, toRunState(await runs.getJobState(job.id ?? '')))),
    )
    return records.filter((record) => record !== null)
  }

  /** Each batch asks whether its run goes on. */
  const numbers = backend.knownMarks
  const numberOf = async (id: string): Promise<number | undefined> => {
    if (numbers?.has(id)) return numbers.get(id)
    const mark = await marks.getJob(id)
    const found = mark === undefined ? undefined : numberOfMark(mark.data)
    if (numbers === null) return found
    if (numbers.size >= MAX_NUMBERS) numbers.clear()
    // It may have been set meanwhile, which is newer.
    if (!numbers.has(id)) numbers.set(id, found)
    return numbers.get(id)
  }
  const setNumber = async (
    id: string,
    data: { tenant: string; slotMs: number | null; [of: string]: string | number | null },
  ): Promise<void> => {
    numbers?.delete(id)
    const mark = await marks.getJob(id)
    if (mark === undefined) await marks.add('mark', data, { jobId: id })
    else await mark.updateData(data)
    numbers?.set(id, numberOfMark(data))
  }

  return {
    backend: backend.name,
    enqueueDaily: daily.enqueueDaily,
    workDaily: daily.workDaily,
    enqueueInvestigation: investigations.enqueue,
    workInvestigations: investigations.work,
    work,
    enqueue: (job) =>
      ask(async () => {
        const jobId = idWithin(job.tenant, job.runId)
        if ((await runs.getJob(jobId)) !== undefined) return 'known'
        await runs.add('run', job, { ...RUN_OPTIONS, jobId })
        return 'added'
      }),
    stateOf: (tenant, runId) => ask(async () => toRunState(await runs.getJobState(idWithin(tenant, runId)))),
    runOf: (tenant, runId) =>
      ask(async () => {
        const id = idWithin(tenant, runId)
        const job = await runs.getJob(id)
        return job === undefined ? null : recordOf(job, toRunState(await runs.getJobState(id)))
      }),
    runsOf: (tenant, asked) => ask(async () => recordsOf(await listing.page(tenant, asked))),
    latestRunsOf: (tenant, each) => ask(async () => recordsOf(await listing.latest(tenant, each))),
    lastSlot: (tenant, evalId) => ask(() => numberOf(markId('mark', tenant, evalId))),
    setLastSlot: (tenant, evalId, slotMs) =>
      ask(() => setNumber(markId('mark', tenant, evalId), { tenant, evalId, slotMs })),
    pausedSince: (tenant, evalId) => ask(async () => (await numberOf(markId('pause', tenant, evalId))) ?? null),
    setPaused: (tenant, evalId, slotMs) =>
      ask(() => setNumber(markId('pause', tenant, evalId), { tenant, evalId, slotMs })),
    cancelledSince: (tenant, runId) => ask(async () => (await numberOf(markId('cancel', tenant, runId))) ?? null),
    setCancelled: (tenant, runId, slotMs) =>
      ask(() => setNumber(markId('cancel', tenant, runId), { tenant, runId, slotMs })),
    async close() {
      await workers.drain()
      await Promise.all([runs.close(), batches.close(), marks.close(), daily.close(), investigations.close()])
      await backend.close()
    },
  }
}

/** BullMQ refuses ids that are integers; the prefix makes sure. */
function markId(kind: 'mark' | 'pause' | 'cancel', tenant: string, id: string): string {
  return `${kind}@${idWithin(tenant, id)}`
}

/** Those of the default tenant are as they were before there were others. No name of ours has a `~`. */
function idWithin(tenant: string, id: string): string {
  return tenant === DEFAULT_TENANT ? id : `${tenant}~${id}`
}

/** The one number of a mark has one name, since marks were those of slots alone. */
function numberOfMark(data: unknown): number | undefined {
  if (typeof data !== 'object' || data === null || !('slotMs' in data)) return undefined
  return typeof data.slotMs === 'number' ? data.slotMs : undefined
}
