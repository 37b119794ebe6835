/** Replays, as the API answers them. */
import { z } from 'zod'
import { ledgerSchema, verdictSchema } from './results.ts'

const replaySizeSchema = z.object({ records: z.int(), spans: z.int(), traces: z.int() })

/** What `POST /v1/replays` plans. */
const replayPlanShape = {
  /** RFC 3339. */
  from: z.string(),
  to: z.string(),
  source: z.enum(['log', 'store']),
  evals: z.array(z.string()),
  alerts: z.boolean(),
  spansPerSecond: z.number(),
  /** About so much is read; `records` is 0 from the store. */
  estimate: replaySizeSchema,
  notes: z.array(z.string()),
}

export const replayPlanSchema = z.object({ dryRun: z.literal(true), ...replayPlanShape })

export const replaySchema = z.object({
  run: z.string(),
  state: z.enum(['queued', 'running', 'stopped', 'done', 'failed']),
  askedAt: z.string(),
  ...replayPlanShape,
  definitions: z.string(),
  /** From 0 to 1. */
  progress: z.number(),
  counts: replaySizeSchema.extend({
    results: z.int(),
    undecodable: z.int(),
    failed: z.int(),
    /** Records that the log's retention took before they were read. */
    gone: z.int(),
    openTraces: z.int(),
    unjudgedPieces: z.int(),
    cutTraces: z.int(),
    maskedTaken: z.int(),
    maskedUnknown: z.int(),
  }),
  /** Of the last checkpoint; absent before the first. */
  updatedAt: z.string().optional(),
  /** Why it failed. */
  trouble: z.string().optional(),
})

export const replaysResponseSchema = z.object({ replays: z.array(replaySchema) })

export const replayComparisonSchema = z.object({
  run: z.string(),
  evals: z.array(
    z.object({
      eval: z.string(),
      /** The run's verdicts. */
      verdicts: ledgerSchema,
      /** Subjects on which the run and the live verdict differ: from the live one to the run's. */
      flips: z.array(z.object({ live: verdictSchema, run: verdictSchema, subjects: z.int() })),
      same: z.int(),
      /** Subjects with no live verdict of an eval of this name. */
      withoutLive: z.int(),
    }),
  ),
})

export type ReplayPlanJson = z.infer<typeof replayPlanSchema>
export type ReplayJson = z.infer<typeof replaySchema>
export type ReplayComparison = z.infer<typeof replayComparisonSchema>
