/** What alerts are and were, and what keeps them quiet, as the API answers it. */
import { z } from 'zod'
import { alertExampleSchema } from '../../engine/alerting/example-json.ts'
import { alertInvestigationSchema } from '../../engine/alerting/investigation/investigation.ts'
import { matchersSchema } from '../../engine/alerting/silence.ts'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import { alertWhySchema } from '../../engine/alerting/why.ts'

export const alertTransitionJsonSchema = z.object({
  alert: z.string(),
  eval: z.string(),
  /** By label, of an alert with `by`. */
  group: z.record(z.string(), z.string()),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  severity: z.enum(['page', 'ticket', 'info']),
  mode: z.enum(['live', 'shadow']),
  state: z.enum(['inactive', 'pending', 'firing', 'resolved']),
  cause: alertTransitionSchema.shape.cause,
  at: z.string(),
  since: z.string(),
  incident: z.string().nullable(),
  rule: z.string(),
  value: z.number().nullable(),
  threshold: z.number(),
  /** Of `value`, `threshold` and the numbers of `why`: `ratio` (0..1), `ms`, a currency's code, `tokens`; null for counts and plain scores. */
  unit: z.string().nullable(),
  why: alertWhySchema.nullable(),
  traces: z.array(z.string()),
  /** Up to three subjects behind it, the newest first. Evidence is masked; `path` is of their page. */
  examples: z.array(alertExampleSchema.in.extend({ path: z.string(), url: z.string().nullable() })),
  /** What failing traces have more often than passing ones; null while nobody has looked, or nothing was to be looked at. */
  investigation: alertInvestigationSchema.nullable(),
  /** Where `cause` is `rebaselined`: who accepted the level, and why. */
  accepted: z.object({ by: z.string(), reason: z.string().nullable() }).nullable(),
})

export const alertStateJsonSchema = alertTransitionJsonSchema.extend({
  /** While it is in force; `until` is null in those that last as long as the incident. */
  acknowledged: z
    .object({ by: z.string(), reason: z.string().nullable(), at: z.string(), until: z.string().nullable() })
    .nullable(),
  /** The ids of the silences that are in force on it. */
  silencedBy: z.array(z.string()),
})

/** `since`: null for since the change of which the alert tells, or from `at` on. */
export const rebaselinedResponseSchema = z.object({
  alert: z.string(),
  at: z.string(),
  since: z.string().nullable(),
  by: z.string(),
  reason: z.string().nullable(),
})

export const alertStatesResponseSchema = z.object({ alerts: z.array(alertStateJsonSchema) })

export const alertHistoryResponseSchema = z.object({
  transitions: z.array(alertTransitionJsonSchema),
  next: z.string().optional(),
})

const detectabilitySchema = z.object({
  alert: z.string(),
  rule: z.string(),
  /** Null where nothing is known yet. */
  baseline: z.number().nullable(),
  /** Of the baseline and of the drops: `ratio` (0..1), `ms`, a currency's code, `tokens`; null for plain scores. */
  unit: z.string().nullable(),
  perHour: z.number(),
  /** How much more the traffic varies than coins do. */
  phi: z.number(),
  falseAlarms: z.object({ ratio: z.number(), perMs: z.number(), monitors: z.number() }),
  /** Which drop (of a quantile: by how much all subjects get worse) is seen in about how many hours; null: never. */
  drops: z.array(z.object({ drop: z.number(), hours: z.number().nullable() })),
  isBlind: z.boolean(),
  /** Why it is blind. */
  why: z.string().nullable(),
  /** The same in words, for people. */
  lines: z.array(z.string()),
})

export const alertDetectabilityResponseSchema = z.object({ alerts: z.array(detectabilitySchema) })

export const silenceJsonSchema = z.object({
  id: z.string(),
  state: z.enum(['pending', 'active', 'waiting', 'expired']),
  matchers: matchersSchema,
  from: z.string(),
  until: z.string(),
  every: z.string().nullable(),
  by: z.string(),
  reason: z.string(),
  createdAt: z.string(),
  expiredBy: z.string().nullable(),
})

/** `warnings`: no alert matches it, say. */
export const newSilenceJsonSchema = silenceJsonSchema.extend({ warnings: z.array(z.string()) })

export const silencesResponseSchema = z.object({ silences: z.array(silenceJsonSchema) })

export type RebaselinedResponse = z.infer<typeof rebaselinedResponseSchema>
export type AlertDetectabilityResponse = z.infer<typeof alertDetectabilityResponseSchema>
export type AlertStateJson = z.infer<typeof alertStateJsonSchema>
export type AlertStatesResponse = z.infer<typeof alertStatesResponseSchema>
export type AlertHistoryResponse = z.infer<typeof alertHistoryResponseSchema>
export type NewSilenceJson = z.infer<typeof newSilenceJsonSchema>
export type SilenceJson = z.infer<typeof silenceJsonSchema>
export type SilencesResponse = z.infer<typeof silencesResponseSchema>
