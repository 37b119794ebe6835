/**
 * What an investigation found: which things failing traces have more often than passing ones. A job works it out of the store after an alert
 * has fired. Shares are of traces; `lift` says how many times as often failing traces have the thing.
 */
import { z } from 'zod'
import { judgeSteadinessSchema } from '../why.ts'

/** `tool` `refund`; `attr("acme.tier")` `gold`. Labels are the language's, values what the traces say. */
const feature = z.object({ label: z.string(), value: z.string() })

const share = z.object({ count: z.number(), of: z.number() })

const finding = feature.extend({
  /** Failing traces lack it more often: of tools alone. Counts and lift are then of the traces without it. */
  isAbsent: z.boolean(),
  failing: share,
  passing: share,
  lift: z.number(),
  /** Of the lift, 95%. */
  interval: z.object({ low: z.number(), high: z.number() }),
  /** Fisher's exact test of this thing alone. */
  p: z.number(),
  /** Corrected for all that was compared (Benjamini–Hochberg). */
  q: z.number(),
  /** What comes with it, and says nothing more. */
  also: z.array(feature),
})

/** A judge's words on the findings; every number in them was found in the table. */
const summary = z.object({
  text: z.string(),
  model: z.string().nullable(),
  costMicroUsd: z.number().nullable(),
})

export const alertInvestigationSchema = z.object({
  /** When it was done, milliseconds since the epoch. */
  atMs: z.number(),
  /** Traces that were judged in this time. */
  fromMs: z.number(),
  toMs: z.number(),
  /** `too_few`: of failing or passing traces, to compare anything. */
  outcome: z.enum(['found', 'nothing', 'too_few']),
  /** How many there were, and how many were looked at. */
  failing: z.object({ traces: z.number(), compared: z.number() }),
  passing: z.object({ traces: z.number(), compared: z.number() }),
  /** How many things were compared. */
  tested: z.number(),
  /** The strongest first. */
  findings: z.array(finding),
  /** Whether the judge itself changed since before; null where nothing is known of it, or nothing is judged. */
  judge: judgeSteadinessSchema.nullable().default(null),
  summary: summary.nullable(),
  /** Why a judge that was asked gave none; null where none was asked, or it did. */
  summaryRefused: z.string().nullable(),
})

export type AlertInvestigation = z.infer<typeof alertInvestigationSchema>
export type Finding = z.infer<typeof finding>
export type Feature = z.infer<typeof feature>
