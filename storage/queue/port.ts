/** The queue port: runs of offline evals as jobs, on BullMQ over Redis or over PGlite. */
import { z } from 'zod'
import type { DailyJobs } from './daily-jobs.ts'
import type { InvestigationQueue } from './investigation-jobs.ts'
import type { BatchOutcome, RunBatch, RunPlan, RunRecord } from './run-record.ts'

const offlineJobSchema = z.object({
  tenant: z.string().min(1),
  /** `package/name`. */
  evalId: z.string().min(1),
  /** `eval@slot`: with the tenant the id of the job, so that it is enqueued once whoever enqueues it. */
  runId: z.string().min(1),
  /** Milliseconds since the epoch: the scheduled minute, or the moment at which a run was asked for. */
  slotMs: z.int().nonnegative(),
  /** `anchors`: labelled subjects are judged again, and nothing else. */
  trigger: z.enum(['schedule', 'manual', 'anchors']),
  /** The traces that a manual run was asked to look at, instead of those that its eval's sample names. */
  window: z.object({ fromMs: z.int().nonnegative(), toMs: z.int().nonnegative() }).optional(),
})

export type OfflineJob = z.infer<typeof offlineJobSchema>

/** Job payloads come back from a store that others may write to. Throws a `ZodError` on a foreign shape. */
export function parseOfflineJob(raw: unknown): OfflineJob {
  return offlineJobSchema.parse(raw)
}

export type RunState = 'waiting' | 'active' | 'done' | 'failed' | 'unknown'

/** What went wrong in the background, for people: the queue goes on trying by itself. */
export type QueueErrorHandler = (error: Error) => void

export interface QueueWorkerOptions {
  /** Runs that are planned at the same time in this process. */
  concurrency: number
  /** Batches at the same time in this process; as many as `concurrency` unless told. */
  batchesAtOnce?: number
  /** A job whose process died is taken up by another worker after about this long. */
  lockMs?: number
  /** A batch whose process died more often is given up; for tests. */
  maxBatchStalls?: number
  onError: QueueErrorHandler
}

/**
 * Both are tried again where they reject (5 attempts, 2 s doubling, and of a batch one more, which gives it up; `RunInterrupted` and
 * `RunPostponed` cost none), and may run twice when their process was killed: they write idempotently.
 */
export interface RunHandlers {
  /** What the run has to do; null when there is nothing of it left, which ends it. Once it has resolved it is not asked again. */
  plan(job: OfflineJob): Promise<RunPlan | null>
  batch(batch: RunBatch): Promise<BatchOutcome>
  /** After the last batch; the run is done when it resolves. */
  done?(job: OfflineJob, record: RunRecord): Promise<void>
}

export interface QueueWorker {
  /** Takes no further job and resolves when the running ones have ended. */
  drain(): Promise<void>
}

export interface RunsAsked {
  evalId?: string
  /** Those behind this one, in the order of the answer. */
  after?: RunCursor
  limit: number
}

export interface RunCursor {
  enqueuedAtMs: number
  runId: string
}

export interface OfflineQueue extends Omit<DailyJobs, 'close'>, InvestigationQueue {
  readonly backend: 'redis' | 'pglite'
  /** `known`: a job of the tenant with this run id exists already, in whatever state; nothing was added. */
  enqueue(job: OfflineJob): Promise<'added' | 'known'>
  work(handlers: RunHandlers, options: QueueWorkerOptions): Promise<QueueWorker>
  stateOf(tenant: string, runId: string): Promise<RunState>
  /** Null where there is no such run, or none any more. */
  runOf(tenant: string, runId: string): Promise<RunRecord | null>
  /** Newest first, among those that were enqueued last. */
  runsOf(tenant: string, options: RunsAsked): Promise<RunRecord[]>
  /** Of each eval the newest, so many at the most, newest first; none of its anchors. */
  latestRunsOf(tenant: string, each: number): Promise<RunRecord[]>
  /** The last slot that the schedule of an eval has dealt with; undefined for an eval never seen. Shared by all schedulers. */
  lastSlot(tenant: string, evalId: string): Promise<number | undefined>
  setLastSlot(tenant: string, evalId: string, slotMs: number): Promise<void>
  /** Since when an eval is paused; null where it is not. */
  pausedSince(tenant: string, evalId: string): Promise<number | null>
  setPaused(tenant: string, evalId: string, sinceMs: number | null): Promise<void>
  /** Since when a run is cancelled: what of it has not begun is left. */
  cancelledSince(tenant: string, runId: string): Promise<number | null>
  setCancelled(tenant: string, runId: string, sinceMs: number): Promise<void>
  close(): Promise<void>
}

/** Thrown by a handler that was asked to stop: its job is put back at no cost, to be taken after the next start. */
export class RunInterrupted extends Error {
  constructor() {
    super('the run was interrupted')
    this.name = 'RunInterrupted'
  }
}

/** Thrown by a handler that waits for something that is away: its job comes again after `delayMs`, at no cost, however often. */
export class RunPostponed extends Error {
  readonly delayMs: number
  constructor(delayMs: number, cause: unknown) {
    super('the run waits for what it needs', { cause })
    this.name = 'RunPostponed'
    this.delayMs = delayMs
  }
}

/** `unavailable`: the queue's store cannot be opened or reached; the message says which and what to do. */
export class QueueError extends Error {
  readonly code: 'unavailable'
  constructor(code: QueueError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'QueueError'
    this.code = code
  }
}
