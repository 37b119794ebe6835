/** What agents do now, as the API answers it. */
import { z } from 'zod'
import { ledgerSchema } from './results.ts'

export const liveAgentSchema = z.object({
  agent: z.string(),
  env: z.string().optional(),
  lastSeen: z.string(),
  /** Begun and not ended; counted at the agent whose span came first. */
  inFlightTraces: z.int(),
  /** Of the window, as all that follows: traces that ended, or the agent's own spans where it works inside others' traces. */
  runs: z.int(),
  /** Of the runs; null without one. */
  errorRate: z.number().nullable(),
  p95DurationMs: z.number().nullable(),
  spans: z.int(),
  failedSpans: z.int(),
  runsPerMinute: z.number(),
  spansPerMinute: z.number(),
  tokensPerMinute: z.number(),
  /** Of the calls that say what they cost; null where none does. */
  costUsdPerMinute: z.number().nullable(),
  /** By eval. */
  verdicts: z.record(z.string(), ledgerSchema),
  /** The last seen first. */
  versions: z.array(z.string()),
  models: z.array(z.string()),
})

export const liveAgentsResponseSchema = z.object({
  agents: z.array(liveAgentSchema),
  /** With those beyond the limit. */
  total: z.int(),
  windowSeconds: z.int(),
  /** How far every evaluator has read; absent where none told of an agent. */
  evaluatedTo: z.string().optional(),
})

export type LiveAgentJson = z.infer<typeof liveAgentSchema>
export type LiveAgentsResponse = z.infer<typeof liveAgentsResponseSchema>
