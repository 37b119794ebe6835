/** What a tenant uses, as the API answers it. */
import { z } from 'zod'

/** A day of a tenant and an agent. */
export const usageSchema = z.object({
  /** UTC. */
  day: z.string(),
  tenant: z.string(),
  /** Absent where spans name none. */
  agent: z.string().optional(),
  spans: z.int(),
  /** Of texts, attributes, events and links as they are stored, before compression. */
  bytes: z.int(),
  judgeInputTokens: z.int(),
  judgeOutputTokens: z.int(),
  /** Null where judges answered and no price of theirs is known. */
  judgeCostUsd: z.number().nullable(),
})

/** `from` and `to` are days, and both are in it. */
export const usageResponseSchema = z.object({ from: z.string(), to: z.string(), usage: z.array(usageSchema) })

export type UsageResponse = z.infer<typeof usageResponseSchema>
