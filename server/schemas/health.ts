/** The state of Assay itself, and what any answer may be instead, as the API answers it. */
import { z } from 'zod'

export const judgingResponseSchema = z.object({
  /** How judging goes on: `failover` while some providers are out, `cache_only` while all are. */
  level: z.enum(['normal', 'failover', 'cache_only', 'no_provider']),
  /** False while this instance cannot reach the state that all share, and goes by its own calls. */
  shared: z.boolean(),
  providers: z.array(
    z.object({
      name: z.string(),
      /** `closed`: takes calls; `open`: none; `half_open`: a probe at a time. */
      breaker: z.enum(['closed', 'open', 'half_open']),
      outSince: z.string().optional(),
      lastFailure: z.object({ at: z.string(), detail: z.string() }).optional(),
    }),
  ),
})

export const healthSchema = z.object({
  status: z.enum(['ok', 'starting', 'degraded', 'stopping']),
  components: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['ok', 'starting', 'degraded', 'failed', 'off']),
      detail: z.string().optional(),
      /** Of what receives traces: open, it turns requests away; half open, it lets single ones try. `reason`: why it is not closed. */
      breaker: z.object({ state: z.enum(['closed', 'open', 'half_open']), reason: z.string().nullable() }).optional(),
      /** Counted since the process started. */
      counters: z.record(z.string(), z.number()).optional(),
    }),
  ),
})

export const indexResponseSchema = z.object({
  name: z.literal('Assay'),
  routes: z.array(z.object({ method: z.enum(['GET', 'POST', 'DELETE']), path: z.string(), gives: z.string() })),
})

/** RFC 9457. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z
    .array(
      z.object({
        parameter: z.string(),
        message: z.string(),
        /** Of a parameter that is a text of several lines, from 1. */
        line: z.int().optional(),
        column: z.int().optional(),
      }),
    )
    .optional(),
})

export type JudgingResponse = z.infer<typeof judgingResponseSchema>
export type IndexResponse = z.infer<typeof indexResponseSchema>
export type Health = z.infer<typeof healthSchema>
export type Problem = z.infer<typeof problemSchema>
