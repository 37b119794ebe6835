/** Parsers of what requests carry. */
import { z } from 'zod'
import { verdictSchema } from './schemas.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const SINCE_HINT = 'expected a duration such as 10m or 24h, or a time such as 2026-01-31T09:00:00Z'

/** `10m`, `24h`, `7d` before now, or an RFC 3339 time; milliseconds since the epoch, null if neither. */
export function parseSince(text: string, nowMs: number): number | null {
  const duration = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text)
  if (duration) return nowMs - Number(duration[1]) * unitMs[duration[2]!]!
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i.test(text)) return null
  const timeMs = Date.parse(text)
  return Number.isNaN(timeMs) ? null : timeMs
}

export const traceIdSchema = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits')

const evalIdSchema = z.string().regex(/^[A-Za-z_][\w-]*\/[A-Za-z_][\w-]*$/, 'expected package/name')

export const MAX_RESULTS = 1_000

/** Query of `GET /v1/results`. An unknown parameter is an error: a misspelt filter would show everything. */
export const resultsQuerySchema = (nowMs: number) =>
  z.strictObject({
    eval: evalIdSchema.optional(),
    verdict: verdictSchema.optional(),
    trace: traceIdSchema.optional(),
    since: z
      .string()
      .transform((text, context) => {
        const timeMs = parseSince(text, nowMs)
        if (timeMs !== null) return timeMs
        context.addIssue({ code: 'custom', message: SINCE_HINT })
        return z.NEVER
      })
      .optional(),
    limit: z
      .string()
      .regex(/^\d{1,6}$/, 'expected a number')
      .transform(Number)
      .pipe(z.number().min(1).max(MAX_RESULTS))
      .default(100),
  })
