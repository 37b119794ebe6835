/** What is kept of a run on the queue: what it has to do, batch by batch, and how far it is. */
import { z } from 'zod'
import type { OfflineJob, RunState } from './port.ts'

const count = z.int().nonnegative()

/** Trace, span (empty for a trace), and with which probability it was drawn. */
const subjectSchema = z.tuple([
  z.string(),
  z.string(),
  z.number().gt(0).lte(1),
  z
    .object({
      /** Of a session: all of its traces; the first one names it. */
      traces: z.array(z.string()),
      drawnFor: z.literal('flagged'),
    })
    .partial()
    .optional(),
])

export const runPlanSchema = z.object({
  /** When its batches could be begun; absent of plans from before this was kept, and of what is no run of the eval's own. */
  beganMs: count.optional(),
  /** Settled traces in the window, and how many of them were looked at. */
  populationTraces: count,
  lookedAtTraces: count,
  sampled: count,
  /** Of the sample: those that the budget does not pay for. They are the last of `subjects`. */
  unpaid: count,
  /** Of the sample: those that a cheaper judge is asked about, because the budget does not pay for the eval's own. */
  cheaper: count,
  /** Kept of the budget for those. */
  holdBackMicroUsd: count,
  /** What judging the sample would cost, before a budget shrank it: nothing where the eval asks no judge, null where no price is known or none is configured. */
  estimateMicroUsd: count.nullable(),
  /** The judge's answers were reckoned at a usual length: none of this eval was stored yet, and none had come. */
  estimateIsGuess: z.literal(true).optional(),
  /** What this run may spend; null for no bound. */
  budgetMicroUsd: count.nullable(),
  subjects: z.array(subjectSchema),
  /** What people should know of it: a judge of the family that it judges, that no session was over. */
  notes: z.array(z.string()).optional(),
})

export type RunPlan = z.infer<typeof runPlanSchema>

/** The plan without its subjects: those are in the batches. */
export const planTotalsSchema = runPlanSchema.omit({ subjects: true })
export type PlanTotals = z.infer<typeof planTotalsSchema>

export const SUBJECTS_PER_BATCH = 25

/** A part of a run: a job of its own, whose id is the run's with its number. */
export interface RunBatch {
  readonly job: OfflineJob
  readonly index: number
  readonly subjects: RunPlan['subjects']
  /** So many of the last of them are not paid for, */
  readonly unpaid: number
  /** and of those before them so many of the last are for the cheaper judge. */
  readonly cheaper: number
  /** Of the run's budget, for the cheaper judge. */
  readonly holdBackMicroUsd: number
  /** When the run began. */
  readonly beganMs?: number | undefined
  /** False where an attempt was begun before, and may have left results. */
  readonly isFirst: boolean
  /** Why it is not judged: what is not judged yet is to be `error` for this reason. */
  readonly givenUp?: string | undefined
}

export const batchSchema = z.object({
  index: count,
  subjects: runPlanSchema.shape.subjects,
  unpaid: count,
  cheaper: count.default(0),
  holdBackMicroUsd: count,
  beganMs: count.optional(),
})

export const batchOutcomeSchema = z.object({
  /** Results of an earlier attempt that were in the store already. */
  alreadyJudged: count,
  pass: count,
  fail: count,
  unknown: count,
  error: count,
  /** Of `unknown`: what the budget did not pay for. */
  overBudget: count,
  /** Left alone, because the run was cancelled, or gone from the store. */
  left: count,
  costMicroUsd: count,
  /** Results of judges of which at least one has no price that is known. */
  unpriced: count.default(0),
  /** Answered otherwise than by asking the eval's own judge: from the cache, by `or else`, by the budget's cheaper judge, by the proxy. */
  cached: count.default(0),
  orElse: count.default(0),
  cheaper: count.default(0),
  proxy: count.default(0),
})

export type BatchOutcome = z.infer<typeof batchOutcomeSchema>

export const NO_OUTCOME: BatchOutcome = {
  alreadyJudged: 0,
  pass: 0,
  fail: 0,
  unknown: 0,
  error: 0,
  overBudget: 0,
  left: 0,
  costMicroUsd: 0,
  unpriced: 0,
  cached: 0,
  orElse: 0,
  cheaper: 0,
  proxy: 0,
}

export function sumOutcomes(outcomes: readonly BatchOutcome[]): BatchOutcome {
  const sum = { ...NO_OUTCOME }
  for (const outcome of outcomes) for (const key of Object.keys(sum) as (keyof BatchOutcome)[]) sum[key] += outcome[key]
  return sum
}

export interface RunRecord {
  readonly job: OfflineJob
  readonly state: RunState
  readonly enqueuedAtMs: number
  readonly endedAtMs: number | null
  /** Null until it is planned. */
  readonly plan: PlanTotals | null
  readonly batches: { readonly all: number; readonly done: number; readonly failed: number }
  /** Of the batches that are done. */
  readonly outcome: BatchOutcome
  /** Why it failed, or its last attempt did. */
  readonly error: string | null
}

/** In the order of the plan: the own judge's, those of the cheaper one, and at the end what is unpaid. */
export function batchesOf(
  job: OfflineJob,
  { subjects, unpaid, cheaper, holdBackMicroUsd, beganMs }: RunPlan,
): RunBatch[] {
  const paid = subjects.length - unpaid
  return Array.from({ length: Math.ceil(subjects.length / SUBJECTS_PER_BATCH) }, (_, index) => {
    const from = index * SUBJECTS_PER_BATCH
    const part = subjects.slice(from, from + SUBJECTS_PER_BATCH)
    const beyond = (count: number): number => Math.min(part.length, Math.max(0, from + part.length - count))
    const cheap = beyond(paid - cheaper) - beyond(paid)
    const money = { unpaid: beyond(paid), cheaper: cheap, holdBackMicroUsd }
    return { job, index, subjects: part, ...money, ...(beganMs !== undefined && { beganMs }), isFirst: true }
  })
}
