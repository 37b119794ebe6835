/** Runs as BullMQ jobs: one for the run, which waits for one for each of its batches. */
import { DelayedError, type Job, UnrecoverableError, WaitingChildrenError } from 'bullmq'
import { z } from 'zod'
import { faultPoint } from '../fault-point.ts'
import type { BullQueue } from './bull-queue.ts'
import {
  type OfflineJob,
  parseOfflineJob,
  type RunHandlers,
  RunInterrupted,
  RunPostponed,
  type RunState,
} from './port.ts'
import {
  type BatchOutcome,
  batchesOf,
  batchOutcomeSchema,
  batchSchema,
  planTotalsSchema,
  type RunBatch,
  type RunPlan,
  type RunRecord,
  runPlanSchema,
  sumOutcomes,
} from './run-record.ts'

/** Finished runs are kept this long: while its record exists, a run id cannot be enqueued again. */
const KEEP_RUNS = { age: 30 * 24 * 3600, count: 10_000 }
/** Of runs that go on: what is gone while its run waits would be judged again where that run's worker was killed. */
const KEEP_BATCHES = { age: 30 * 24 * 3600, count: 20_000 }
const ATTEMPTS = 5
const FIRST_RETRY_MS = 2_000
const RETRIES = { attempts: ATTEMPTS, backoff: { type: 'exponential', delay: FIRST_RETRY_MS } }

export const RUN_OPTIONS = { ...RETRIES, removeOnComplete: KEEP_RUNS, removeOnFail: KEEP_RUNS }
const BATCH_OPTIONS = {
  ...RETRIES,
  // The last one gives it up. It comes 32 s after the one before, whose results are stored by then: they are not to be written over.
  attempts: ATTEMPTS + 1,
  removeOnComplete: KEEP_BATCHES,
  removeOnFail: KEEP_BATCHES,
  // The run tells of batches that failed, and is not held up by them.
  ignoreDependencyOnFailure: true,
}

/** Beside the job's own data once the run is planned; the subjects go when they are in the batches. */
const plannedSchema = z.looseObject({ plan: runPlanSchema.partial({ subjects: true }).optional() })

/** Takes the run as far as it goes now: plans it, puts its batches on the queue, and ends it when they are done. */
export async function workRun(
  job: Job,
  token: string,
  { plan, done }: RunHandlers,
  batches: BullQueue,
  batchId: (batch: RunBatch) => string,
): Promise<void> {
  const run = parseJob(job)
  const planned = plannedSchema.parse(job.data).plan ?? (await putBackOn(job, token, () => plan(run)))
  if (planned === null) return
  const { subjects, ...totals } = planned
  if (subjects !== undefined) {
    // Kept before the first batch is on the queue: drawn again it might be another sample.
    await job.updateData({ ...run, plan: planned })
    faultPoint('offline.after-plan')
    await fanOut(job, run, { ...totals, subjects }, batches, batchId)
    faultPoint('offline.after-fan-out')
    await job.updateData({ ...run, plan: totals })
  }
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError()
  const record = await recordOf(job, 'active')
  if (record === null) throw new UnrecoverableError('its own record cannot be read')
  if (record.batches.failed > 0) {
    const failures = Object.values(await job.getIgnoredChildrenFailures())
    throw new UnrecoverableError(
      `${record.batches.failed} of ${record.batches.all} batches failed: ${failures[0] ?? 'no reason is known'}`,
    )
  }
  if (done !== undefined) await putBackOn(job, token, () => done(run, record))
}

/**
 * One whose process died more than `maxStalls` times, or that failed each time that it was tried, is given up: its subjects are to be `error`,
 * and none is missing.
 */
export async function workBatch(
  job: Job,
  token: string,
  { batch }: RunHandlers,
  maxStalls: number,
): Promise<BatchOutcome> {
  const run = parseJob(job)
  const parsed = batchSchema.parse(job.data)
  const givenUp = whyGivenUp(job, maxStalls)
  return putBackOn(job, token, () =>
    batch({ ...parsed, ...(givenUp !== null && { givenUp }), job: run, isFirst: job.attemptsStarted <= 1 }),
  )
}

function whyGivenUp({ stalledCounter, attemptsMade, failedReason }: Job, maxStalls: number): string | null {
  if (stalledCounter > maxStalls) return `the process that had it was killed ${stalledCounter} times`
  if (attemptsMade >= ATTEMPTS) return `it failed ${ATTEMPTS} times: ${failedReason ?? 'no reason is known'}`
  return null
}

async function fanOut(
  job: Job,
  run: OfflineJob,
  plan: RunPlan,
  batches: BullQueue,
  batchId: (batch: RunBatch) => string,
): Promise<void> {
  const { id } = job
  if (id === undefined) throw new UnrecoverableError('a run without an id')
  const parent = { id, queue: job.queueQualifiedName }
  await batches.addBulk(
    batchesOf(run, plan).map((batch) => {
      const { job: _, isFirst: __, ...data } = batch
      return { name: 'batch', data: { ...run, ...data }, opts: { ...BATCH_OPTIONS, jobId: batchId(batch), parent } }
    }),
  )
}

/** Trying a foreign shape again cannot help. */
function parseJob(job: Job): OfflineJob {
  try {
    return parseOfflineJob(job.data)
  } catch (error) {
    throw new UnrecoverableError(`not a run of an offline eval: ${String(error)}`)
  }
}

/** Work that was interrupted, or waits for something, is put back at no cost. */
async function putBackOn<T>(job: Job, token: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RunInterrupted || error instanceof RunPostponed)) throw error
    await job.moveToDelayed(Date.now() + (error instanceof RunPostponed ? error.delayMs : 0), token)
    throw new DelayedError()
  }
}

/** Null for what is no run of this version. */
export async function recordOf(job: Job, state: RunState): Promise<RunRecord | null> {
  const parsed = plannedSchema.safeParse(job.data)
  if (!parsed.success) return null
  let run: OfflineJob
  try {
    run = parseOfflineJob(job.data)
  } catch {
    return null
  }
  const { plan } = parsed.data
  // Of runs from before there were batches there is no plan.
  const counts = plan === undefined ? {} : await job.getDependenciesCount()
  const { processed = 0, unprocessed = 0, ignored = 0, failed = 0 } = counts
  const values = processed === 0 ? {} : await job.getChildrenValues<unknown>()
  const outcomes = Object.values(values).flatMap((value) => batchOutcomeSchema.safeParse(value).data ?? [])
  return {
    job: run,
    state,
    enqueuedAtMs: job.timestamp,
    endedAtMs: state === 'done' || state === 'failed' ? (job.finishedOn ?? null) : null,
    plan: plan === undefined ? null : planTotalsSchema.parse(plan),
    batches: { all: processed + unprocessed + ignored + failed, done: processed, failed: ignored + failed },
    outcome: sumOutcomes(outcomes),
    error: job.failedReason === undefined || job.failedReason === '' ? null : job.failedReason,
  }
}

export function toRunState(state: string): RunState {
  switch (state) {
    case 'completed':
      return 'done'
    case 'waiting-children':
      return 'active'
    case 'failed':
    case 'active':
    case 'unknown':
      return state
    default:
      // waiting, delayed (between attempts), prioritized
      return 'waiting'
  }
}
