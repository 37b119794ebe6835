/** What evals said, as the API answers it. */
import { z } from 'zod'

export const verdictSchema = z.enum(['pass', 'fail', 'unknown', 'error'])

export const ledgerSchema = z.object({ pass: z.int(), fail: z.int(), unknown: z.int(), error: z.int() })

export const evidenceSchema = z.object({
  field: z.string(),
  /** UTF-16 code units into the field's text. */
  start: z.int(),
  end: z.int(),
  pattern: z.string(),
  /** Never the matched text itself. */
  masked: z.string(),
  spanId: z.string().optional(),
})

/** One step behind a judge's score. */
export const judgementSchema = z.object({
  kind: z.enum(['claim', 'document', 'statement', 'citation', 'quote', 'judge', 'call', 'handoff', 'task', 'trace']),
  /** The claim's or statement's words; a document's id, else its number; the quote; a judge's model. */
  about: z.string(),
  verdict: z.string(),
  value: z.number().optional(),
  /** What decides it, where it stands in what the judge was shown. */
  quote: z.string().optional(),
  detail: z.string().optional(),
})

/** Behind `or else`, the budget's cheaper judge, or the proxy metric. `by`: judges as the eval names them, or the metric. */
export const standInSchema = z.object({ level: z.enum(['or_else', 'cheaper', 'proxy']), by: z.string() })

export const resultSchema = z.object({
  eval: z.string(),
  traceId: z.string(),
  /** Absent where the subject is the whole trace. */
  spanId: z.string().optional(),
  subject: z.string(),
  subjectTime: z.string(),
  verdict: verdictSchema,
  score: z.number().optional(),
  /** `ms`, a currency (`USD`), `ratio` (0..1) or `tokens`; absent for plain numbers and where the measure is no longer in force. */
  scoreUnit: z.string().optional(),
  reason: z.object({ code: z.string(), field: z.string().optional(), detail: z.string().optional() }).optional(),
  evidence: z.array(evidenceSchema),
  /** The steps behind a judge's score; absent where there are none. */
  judgements: z.array(judgementSchema).optional(),
  /** A judge's. */
  explanation: z.string().optional(),
  revision: z.int(),
  evaluatedAt: z.string(),
  mode: z.enum(['live', 'shadow']),
  measureHash: z.string(),
  verdictHash: z.string(),
  agent: z.object({ name: z.string().optional(), version: z.string().optional() }).optional(),
  env: z.string().optional(),
  judge: z.object({ model: z.string(), inputTokens: z.int().optional(), outputTokens: z.int().optional() }).optional(),
  /** Who answered in place of the eval's judge: such scores are a measure of their own. Absent of the judge's. */
  standIn: standInSchema.optional(),
  costUsd: z.number().optional(),
  /** `eval@slot` of an offline run. */
  runId: z.string().optional(),
  inclusionProbability: z.number().optional(),
  /** Drawn because it was flagged, and not evenly: no alert counts it. */
  drawnFor: z.literal('flagged').optional(),
})

/** `next` is the `after` of the next page. */
export const resultsResponseSchema = z.object({ results: z.array(resultSchema), next: z.string().optional() })

export type ResultJson = z.infer<typeof resultSchema>
export type ResultsResponse = z.infer<typeof resultsResponseSchema>
