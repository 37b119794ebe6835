/**
 * Why an alert fires: what its message, the API and the record in `alerts` say besides the rule. Every number is in the measure's
 * unit (rates 0..1), every time in milliseconds since the epoch. What is not known is null or empty, never guessed.
 */
import { z } from 'zod'

/** A number with the interval in which it lies (95%); null where the numbers at hand give none. */
const estimate = z.object({
  value: z.number(),
  interval: z.object({ low: z.number(), high: z.number() }).nullable(),
  /** Subjects that it is made of. */
  n: z.number(),
})

const detection = z.discriminatedUnion('kind', [
  /** The value against the limit that the file names. */
  z.object({
    kind: z.literal('threshold'),
    cmp: z.enum(['<', '<=', '>', '>=']),
    value: z.number().nullable(),
    limit: z.number(),
  }),
  /** The evidence for a change (logarithm of the e-SR statistic), and from where on it is an alarm. */
  z.object({
    kind: z.literal('e-sr'),
    statistic: z.number(),
    alarmFrom: z.number(),
    /** Since when it seems to be so. */
    sinceMs: z.number(),
    /** The chance of any false alarm in `perMs`, over all groups together. */
    falseAlarms: z.object({ ratio: z.number(), perMs: z.number() }),
  }),
  /** How far off the usual value at this hour of the week, in robust standard deviations. */
  z.object({
    kind: z.literal('anomaly'),
    distance: z.number(),
    alarmFrom: z.number(),
    usual: z.object({ low: z.number(), high: z.number() }),
  }),
  z.object({ kind: z.literal('silence'), silentForMs: z.number() }),
])

/** The change split in two (Kitagawa): the same traffic did worse, or other traffic came. They add up to `delta`. */
const change = z.object({
  delta: z.number(),
  rateEffect: z.number(),
  mixEffect: z.number(),
  /** Of quantiles: the change and the strata are shares (0..1) of this, as `above 2s`, and not in the measure's unit. */
  shareOf: z.string().optional(),
})

/**
 * Why a change is not split in parts: it is of a count or a sum, which grow with the traffic; nothing came; nothing (or too little) is known of
 * the time before, or of now; it is over.
 */
const notSplit = z.enum(['total', 'silence', 'nothing_before', 'nothing_now', 'over'])

/** A part of the traffic: before (in the reference, at this hour of other weeks, or in the windows before) and now. */
const stratum = z.object({
  /** `agent.name=support env=prod`; `everything else` for those too small for a baseline of their own. */
  name: z.string(),
  shareBefore: z.number(),
  shareNow: z.number(),
  before: z.number().nullable(),
  now: z.number().nullable(),
  /** What of the change of the whole it explains by doing worse or better, and by becoming more or less of the traffic than it was. */
  rateEffect: z.number(),
  mixEffect: z.number(),
})

/** Whether the judge itself changed, by the anchors that are judged again and again. */
export const judgeSteadinessSchema = z.object({
  model: z.string(),
  drifted: z.boolean(),
  /** McNemar's, of the anchors whose agreement with their label flipped. */
  p: z.number(),
  lost: z.number(),
  gained: z.number(),
  checkedAtMs: z.number(),
})

/** The first version that is worse than what ran before it. */
const deploy = z.object({
  label: z.enum(['agent.version', 'model']),
  value: z.string(),
  firstSeenMs: z.number(),
  /** In the measure's unit, or shares (0..1) of `shareOf`. */
  before: estimate,
  with: estimate,
  /** Of quantiles, and of alerts with a limit or on anomalies: what the shares are of, as `fail` or `above 2s`. */
  shareOf: z.string().optional(),
  /** Of the difference, corrected for the number of versions that were looked at. */
  p: z.number(),
})

/** What of the definitions changed lately. */
export const definitionChangeSchema = z.object({
  atMs: z.number(),
  /** The commit of git that they are of, with `+changes` where files were edited since; null where it is not known. */
  revision: z.string().nullable(),
  author: z.string().nullable().default(null),
  subject: z.string().nullable().default(null),
  what: z.string(),
})

export const alertWhySchema = z.object({
  /** `mean(score) regresses by 0.3 vs 14d`. */
  rule: z.string(),
  /** What it is compared with: of the reference, of what is usual at this hour, or for limits on shares and means of the windows before. */
  baseline: estimate.nullable(),
  now: estimate.nullable(),
  detection,
  change: change.nullable(),
  /** The parts that moved, those that explain most first; at most five. */
  strata: z.array(stratum),
  /** Where `change` is null. */
  notSplit: notSplit.optional(),
  judge: judgeSteadinessSchema.nullable(),
  deploy: deploy.nullable(),
  definitions: z.array(definitionChangeSchema),
})

export type JudgeSteadiness = z.infer<typeof judgeSteadinessSchema>
export type AlertWhy = z.infer<typeof alertWhySchema>
export type Estimate = z.infer<typeof estimate>
export type Detection = z.infer<typeof detection>
export type NotSplit = z.infer<typeof notSplit>
export type StratumMoved = z.infer<typeof stratum>
export type BadDeploy = z.infer<typeof deploy>
