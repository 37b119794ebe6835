/** What the API answers about offline evals and their runs. */
import { z } from 'zod'

const count = z.int().nonnegative()

export const offlineRunSchema = z.object({
  /** `eval@slot`. */
  runId: z.string(),
  eval: z.string(),
  trigger: z.enum(['schedule', 'manual', 'anchors']),
  /** The minute of the schedule, or when it was asked for. */
  slot: z.string(),
  state: z.enum(['waiting', 'active', 'done', 'failed', 'cancelled', 'unknown']),
  enqueuedAt: z.string(),
  endedAt: z.string().optional(),
  /** These are absent until its sample is drawn. */
  populationTraces: count.optional(),
  lookedAtTraces: count.optional(),
  sampled: count.optional(),
  /** What judging the sample would cost, before its budget; 0 where nobody is asked, absent where no price is known. */
  estimateUsd: z.number().optional(),
  /** Nobody knew yet how long the judge's answers are: 500 tokens were taken for each. */
  estimateIsGuess: z.literal(true).optional(),
  /** Of the sample: those that a cheaper judge was asked about, to stay within the budget. */
  cheaper: count.optional(),
  /** What was left for this run when it began. */
  budgetUsd: z.number().optional(),
  batches: z.object({ all: count, done: count, failed: count }),
  /** Of the batches that are done: subjects by verdict; of the unknown those over the budget; those left alone. */
  outcome: z.object({
    alreadyJudged: count,
    pass: count,
    fail: count,
    unknown: count,
    error: count,
    overBudget: count,
    left: count,
    /** Of those judged: answered from the cache, by `or else`, by the budget's cheaper judge, by the proxy. */
    cached: count,
    orElse: count,
    cheaper: count,
    proxy: count,
  }),
  /** Null where a judge was asked and no price of it is known. */
  spentUsd: z.number().nullable(),
  /** What should be known of it: a judge of the family of models that it judges, or that no session was over. */
  notes: z.array(z.string()).optional(),
  error: z.string().optional(),
})

export const offlineRunsResponseSchema = z.object({ runs: z.array(offlineRunSchema), next: z.string().optional() })

/** What a run would draw and cost, as far as that is known before its sample is drawn. */
const expectedRunSchema = z.object({
  /** Of its definition; absent where it takes all that match. */
  maxSubjects: count.optional(),
  /** Who is asked about each subject; empty where nobody is. */
  judges: z.array(z.string()),
  /** Of its definition; absent without a bound. */
  budgetPerRunUsd: z.number().optional(),
  budgetPerMonthUsd: z.number().optional(),
  /** By the last run that drew a sample; absent where none has. `usd`: null where no price is known. */
  estimate: z.object({ subjects: count, usd: z.number().nullable() }).optional(),
})

/** `known`: a run of that slot was there already, and none was added. */
export const runResponseSchema = z.object({ eval: z.string(), runId: z.string(), known: z.literal(true).optional() })
export const pausedResponseSchema = z.object({ eval: z.string(), paused: z.boolean() })
export const cancelledResponseSchema = z.object({ runId: z.string(), cancelled: z.literal(true) })

/** What a person says of a subject: a score on the judge's scale, or a verdict. */
export const newLabelSchema = z
  .strictObject({
    eval: z.string(),
    traceId: z.string().regex(/^[0-9a-f]{32}$/i, 'is 32 hex digits'),
    /** Absent where the subject is the whole trace. */
    spanId: z
      .string()
      .regex(/^[0-9a-f]{16}$/i, 'is 16 hex digits')
      .optional(),
    score: z.number().optional(),
    verdict: z.enum(['pass', 'fail']).optional(),
    /** Takes back what the same person said of it before. */
    withdrawn: z.literal(true).optional(),
    note: z.string().max(4_000).optional(),
    /** Who says so; `human` unless told. */
    by: z
      .string()
      .regex(/^[\w.@+-]{1,100}$/, 'is a name of letters, digits and . @ + - _')
      .default('human'),
  })
  .refine(
    ({ score, verdict, withdrawn }) => withdrawn === true || score !== undefined || verdict !== undefined,
    'a score or a verdict is needed',
  )
export const labelsBodySchema = z.strictObject({ labels: z.array(newLabelSchema).min(1).max(200) })
export const labelsStoredSchema = z.object({ stored: count })

export const labelSchema = z.object({
  eval: z.string(),
  traceId: z.string(),
  spanId: z.string().optional(),
  score: z.number().optional(),
  verdict: z.enum(['pass', 'fail']),
  note: z.string().optional(),
  by: z.string(),
  at: z.string(),
})
export const labelsResponseSchema = z.object({ labels: z.array(labelSchema) })

const estimateSchema = z.object({ estimate: z.number(), lower: z.number(), upper: z.number() })
const intervalSchema = z.object({ lower: z.number(), upper: z.number() })
/** Null wherever there is too little to tell. */
const coefficientsSchema = z.object({
  subjects: count,
  agreed: z.number().nullable(),
  kappa: z.number().nullable(),
  alpha: z.number().nullable(),
  ac1: z.number().nullable(),
  /** 95%, of each of the three. */
  intervals: z.object({
    kappa: intervalSchema.nullable(),
    alpha: intervalSchema.nullable(),
    ac1: intervalSchema.nullable(),
  }),
})
const roundSummarySchema = z.object({
  runId: z.string(),
  at: z.string(),
  measureHash: z.string(),
  models: z.array(z.string()),
  agreed: z.number(),
  passed: z.number(),
  meanScore: z.number().nullable(),
})
/** Of anchors that were decided both times; `p` is McNemar's, of the agreements that were lost and gained. */
const driftSchema = z.object({
  before: roundSummarySchema,
  now: roundSummarySchema,
  anchors: count,
  lost: count,
  gained: count,
  p: z.number(),
  hasDrifted: z.boolean(),
  isOtherMeasure: z.boolean(),
  isOtherModel: z.boolean(),
})
const anchorsSchema = z.object({
  rounds: count,
  /** When anchors were judged last; null where they never were. */
  lastAt: z.string().nullable(),
  /** The last round against the one before it, and against the first that is kept; null where there are no two. */
  drift: driftSchema.nullable(),
  sinceFirst: driftSchema.nullable(),
})

/** Of one series. 95% intervals. `corrected`: by what people said. */
const agreementFields = {
  measureHash: z.string(),
  judged: count,
  labelled: count,
  people: z.array(z.string()),
  verdicts: coefficientsSchema,
  scores: coefficientsSchema.nullable(),
  passRate: z.object({ judged: estimateSchema.nullable(), corrected: estimateSchema.nullable() }),
  meanScore: z.object({
    judged: estimateSchema.nullable(),
    corrected: estimateSchema.extend({ reliance: z.number() }).nullable(),
  }),
}
export const seriesAgreementSchema = z.object(agreementFields)
export const agreementResponseSchema = z.object({ eval: z.string(), ...agreementFields, anchors: anchorsSchema })

export const offlineResponseSchema = z.object({
  evals: z.array(
    z.object({
      eval: z.string(),
      state: z.enum(['ready', 'paused', 'by_proxy', 'no_provider', 'no_price', 'not_supported', 'no_worker']),
      /** What to do about it. */
      detail: z.string().optional(),
      schedule: z.object({ cron: z.string(), timeZone: z.string() }),
      nextSlot: z.string().optional(),
      pausedSince: z.string().optional(),
      /** The one that was enqueued last. */
      lastRun: offlineRunSchema.optional(),
      nextRun: expectedRunSchema,
      /** Where it is asked for, of evals with a judge: of the series in force; null where nobody has labelled anything of it yet. */
      agreement: seriesAgreementSchema.nullable().optional(),
    }),
  ),
})

export type LabelJson = z.infer<typeof labelSchema>
export type NewLabelJson = z.infer<typeof newLabelSchema>
export type SeriesAgreementJson = z.infer<typeof seriesAgreementSchema>
export type AnchorsJson = z.infer<typeof anchorsSchema>
export type DriftJson = z.infer<typeof driftSchema>
export type AgreementResponse = z.infer<typeof agreementResponseSchema>
export type OfflineRunJson = z.infer<typeof offlineRunSchema>
export type ExpectedRunJson = z.infer<typeof expectedRunSchema>
export type OfflineRunsResponse = z.infer<typeof offlineRunsResponseSchema>
export type OfflineResponse = z.infer<typeof offlineResponseSchema>
export type RunResponse = z.infer<typeof runResponseSchema>
