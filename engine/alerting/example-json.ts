/** A subject behind an alert as JSON, and where it is shown. */
import { z } from 'zod'

const reason = z.discriminatedUnion('code', [
  z.object({ code: z.literal('not_captured'), field: z.string() }),
  z.object({ code: z.literal('truncated'), field: z.string().exactOptional() }),
  z.object({ code: z.literal('refused') }),
  z.object({ code: z.literal('abstained'), detail: z.string().exactOptional() }),
  z.object({ code: z.literal('over_budget') }),
  z.object({ code: z.literal('nothing_to_measure'), detail: z.string() }),
  z.object({ code: z.literal('wrong_type'), detail: z.string() }),
  z.object({ code: z.literal('judge_unreachable'), detail: z.string() }),
  z.object({ code: z.literal('judge_malformed'), detail: z.string() }),
  z.object({ code: z.literal('given_up'), detail: z.string() }),
  z.object({ code: z.literal('pass_because'), detail: z.string() }),
])

/** An `AlertExample` as JSON has it: what is undefined is left out. */
export const alertExampleSchema = z
  .object({
    subjectKind: z.enum([
      'trace',
      'session',
      'agent_run',
      'llm_call',
      'tool_call',
      'retrieval',
      'embedding',
      'guardrail',
      'span',
    ]),
    traceId: z.string(),
    spanId: z.string(),
    agentName: z.string().optional(),
    score: z.number().optional(),
    /** `ms`, a currency's code, `ratio` (0..1), `tokens`; absent for plain scores. */
    scoreUnit: z.string().exactOptional(),
    reason: reason.optional(),
    evidence: z.array(z.object({ field: z.string(), pattern: z.string(), masked: z.string() })),
  })
  .transform(({ agentName, score, reason, ...rest }) => ({ ...rest, agentName, score, reason }))

/** The page that shows it: of its span where it is one. */
export const tracePath = ({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string =>
  `/traces/${traceId}${spanId ? `?span=${spanId}` : ''}`
