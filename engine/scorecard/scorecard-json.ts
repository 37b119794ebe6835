/** A scorecard as JSON: what is posted, kept and shown. Records of before lack what was added later. */
import { z } from 'zod'
import type { ScorecardFn, ValueType } from '../../dsl/plan.ts'

const interval = z.object({ low: z.number(), high: z.number() })

const cell = z.object({
  /** `pass_rate`, `mean`, `p95`. */
  fn: z.string(),
  evalId: z.string(),
  /** By label, of a row that is divided; empty for one that is not. */
  group: z.record(z.string(), z.string()),
  /** The unit of the value. */
  type: z.looseObject({ kind: z.string() }),
  /** In the unit of `type`, ratios 0..1; null where there is nothing to measure, or of `spend` no price is known. */
  value: z.number().nullable(),
  interval: interval.nullable(),
  /** How the interval was made: Wilson's, of a sample whose clusters count as what they tell; by clusters; by betting; by ranks. */
  method: z.enum(['wilson', 'clustered', 'betting', 'ranks']).nullable().default(null),
  /** Subjects that the value is made of. */
  n: z.number(),
  /** Of all subjects; null without any. */
  coverage: z.number().nullable(),
  /** `isClear`: its interval does not hold zero. */
  change: z
    .object({
      before: z.number(),
      delta: z.number(),
      interval: interval.nullable().default(null),
      isClear: z.boolean(),
    })
    .nullable(),
  /** Of judges: the value once corrected by what people said, and how many subjects they labelled. */
  corrected: z.object({ value: z.number(), interval, labelled: z.number() }).nullable().default(null),
  /** The value at the steps of `trend`, oldest first; null where there was nothing to measure. */
  trend: z.array(z.number().nullable()).readonly().default([]),
})

const period = z.object({ fromMs: z.number(), toMs: z.number() })

export const scorecardSchema = z.object({
  id: z.string(),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  period,
  before: period.nullable(),
  rows: z.array(z.object({ cells: z.array(cell).readonly() })).readonly(),
  /** What the trends of the cells are of; null of those that were posted before they had any. */
  trend: z.object({ fromMs: z.number(), stepMs: z.number() }).nullable().default(null),
  /** What the judges of its evals cost, in micro-units of USD; `before` in the period that it is compared with. Null where no price of theirs is known. */
  spend: z.object({ now: z.number().nullable(), before: z.number().nullable() }).nullable().default(null),
  /** Failing subjects, the worst first. */
  worst: z
    .array(
      z.object({
        evalId: z.string(),
        traceId: z.string(),
        /** Empty for a subject that is a whole trace. */
        spanId: z.string().default(''),
        score: z.number().nullable().default(null),
      }),
    )
    .readonly(),
  /** Of its evals, what fires as it is made. */
  alerts: z
    .array(
      z.object({
        alertId: z.string(),
        title: z.string().nullable(),
        severity: z.enum(['page', 'ticket', 'info']),
        group: z.record(z.string(), z.string()),
        sinceMs: z.number(),
        acknowledgedBy: z.string().nullable(),
      }),
    )
    .readonly()
    .default([]),
})

type Json = z.output<typeof scorecardSchema>
type CellJson = Json['rows'][number]['cells'][number]

export interface Cell extends Omit<CellJson, 'fn' | 'type'> {
  readonly fn: ScorecardFn
  readonly type: ValueType
}

export interface Scorecard extends Omit<Json, 'rows'> {
  readonly rows: readonly { readonly cells: readonly Cell[] }[]
}

export type Period = z.output<typeof period>
export type OpenAlert = Json['alerts'][number]
export type WorstSubject = Json['worst'][number]

/** Of what another Assay made: its units and functions are those of the same language. */
export const scorecardOfJson = (json: Json): Scorecard => json as Scorecard
