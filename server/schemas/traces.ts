/** Traces and sessions, as the API answers them. */
import { z } from 'zod'
import { ledgerSchema, resultSchema } from './results.ts'

/** The span's own fields are those of `engine/model/span-json.ts`. */
export const traceSpanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  kind: z.string(),
  name: z.string(),
  startTime: z.string(),
  durationMs: z.number(),
  results: z.array(resultSchema),
})

export const traceResponseSchema = z.object({
  traceId: z.string(),
  spans: z.array(traceSpanSchema),
  /** Verdicts on the trace as a whole. */
  results: z.array(resultSchema),
  /** There are more spans: these are the root and the earliest. */
  truncated: z.literal(true).optional(),
})

export const traceSummarySchema = z.object({
  traceId: z.string(),
  startTime: z.string(),
  durationMs: z.number(),
  /** Of the root. */
  name: z.string(),
  spans: z.int(),
  failedSpans: z.int(),
  llmCalls: z.int(),
  toolCalls: z.int(),
  agent: z.object({ name: z.string().optional(), version: z.string().optional() }).optional(),
  env: z.string().optional(),
  session: z.string().optional(),
  user: z.string().optional(),
  models: z.array(z.string()),
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Of the calls that say what they cost; null where none does. */
  costUsd: z.number().nullable(),
  /** The beginnings of what the root was asked and what it answered. */
  input: z.string().optional(),
  output: z.string().optional(),
  verdicts: ledgerSchema,
  failedEvals: z.array(z.string()),
})

/** The newest first; `next` is the `after` of the next page. */
export const tracesResponseSchema = z.object({ traces: z.array(traceSummarySchema), next: z.string().optional() })

export const sessionSchema = z.object({
  session: z.string(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  traces: z.int(),
  failedSpans: z.int(),
  user: z.string().optional(),
  agent: z.string().optional(),
  /** As cost, of the spans that name the session. */
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Of the calls that say what they cost; null where none does. */
  costUsd: z.number().nullable(),
})

/**
 * With its traces, the newest first; `next` is the `after` of the next page of these. `results`: what was said of the session as a whole,
 * under the traces that are shown: each stands under the first of the traces that were judged together.
 */
export const sessionResponseSchema = tracesResponseSchema.extend({
  session: sessionSchema,
  results: z.array(resultSchema),
})

export const sessionsResponseSchema = z.object({ sessions: z.array(sessionSchema), next: z.string().optional() })

/** Its form is that of `engine/evaluate/explain/tree.ts`. */
export const whyResponseSchema = z.object({
  eval: z.string(),
  subjects: z.array(
    z.looseObject({
      verdict: z.string(),
      /** Where the stored verdict is another: what it would be now, and why. */
      difference: z.string().optional(),
    }),
  ),
})

export const pagesResponseSchema = z.object({
  /** The window, RFC 3339: for the pages' traces. */
  from: z.string(),
  to: z.string(),
  /** Ranges of trace ids; the last has no `toTrace`. */
  pages: z.array(z.object({ fromTrace: z.string(), toTrace: z.string().optional() })),
})

export const pageTracesResponseSchema = z.object({
  /** Settled traces that began in the window, each whole: `spans` as a trace's, with the fields that were asked for. */
  traces: z.array(z.object({ traceId: z.string(), spans: z.array(z.looseObject({ spanId: z.string() })) })),
  /** Traces of the window that are left out because they have not settled yet. */
  openTraces: z.int(),
})

/** One for each file of evals that say something of the trace. */
export const traceTestsResponseSchema = z.object({
  tests: z.array(z.object({ file: z.string(), text: z.string() })),
})

export type TraceTestsResponse = z.infer<typeof traceTestsResponseSchema>
export type TraceSummaryJson = z.infer<typeof traceSummarySchema>
export type TracesResponse = z.infer<typeof tracesResponseSchema>
export type SessionJson = z.infer<typeof sessionSchema>
export type SessionResponse = z.infer<typeof sessionResponseSchema>
export type SessionsResponse = z.infer<typeof sessionsResponseSchema>
export type TraceResponse = z.infer<typeof traceResponseSchema>
export type PagesResponse = z.infer<typeof pagesResponseSchema>
export type PageTracesResponse = z.infer<typeof pageTracesResponseSchema>
