/** Parsers of what requests carry. */
import { z } from 'zod'
import type { RunCursor } from '../storage/queue/port.ts'
import { SPAN_PAGE_FIELDS } from '../storage/traces/pages.ts'
import type { ResultCursor, SpanPageField } from '../storage/traces/port.ts'
import { cursorParameter, timeSchema } from './cursor.ts'
import { parameter } from './parameter.ts'
import { verdictSchema } from './schemas.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** What the store's times reach to; also far within what a `Date` holds. */
const LATEST_SINCE_MS = Date.UTC(2200, 0, 1)

/** `10m`, `24h`, `7d` before now, or an RFC 3339 time; milliseconds since the epoch, null if neither or not from 1970 to 2200. */
export function parseSince(text: string, nowMs: number): number | null {
  const duration = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text)
  if (duration) return within(nowMs - Number(duration[1]) * unitMs[duration[2]!]!)
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i.test(text)) return null
  return within(Date.parse(text))
}

/** Null for NaN too. */
const within = (timeMs: number): number | null => (timeMs >= 0 && timeMs < LATEST_SINCE_MS ? timeMs : null)

export const traceIdSchema = parameter('a trace id: 32 hex digits', (text) =>
  /^[0-9a-f]{32}$/i.test(text) ? text.toLowerCase() : null,
)

export const spanIdSchema = parameter('a span id: 16 hex digits', (text) =>
  /^[0-9a-f]{16}$/i.test(text) ? text.toLowerCase() : null,
)

const EVAL_ID = /^[A-Za-z_][\w-]*\/[A-Za-z_][\w-]*$/
export const evalIdSchema = parameter('an eval: package/name', (text) => (EVAL_ID.test(text) ? text : null))

export const MAX_RESULTS = 1_000

const limitSchema = parameter(`a whole number from 1 to ${MAX_RESULTS}`, (text) => {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= MAX_RESULTS ? limit : null
})

/** Query of `GET /v1/agents/live`. */
export const liveAgentsQuerySchema = z.strictObject({
  agent: z.string().optional(),
  env: z.string().optional(),
  limit: limitSchema.default(100),
})

export const momentSchema = (nowMs: number) =>
  parameter(
    'a duration such as 10m or 24h, nor a time such as 2026-01-31T09:00:00Z; it may reach back to 1970',
    (text) => parseSince(text, nowMs),
  )

/** The start of a day (UTC). */
export const daySchema = (nowMs: number) =>
  parameter('a day such as 2026-01-31, a duration such as 7d, nor a time such as 2026-01-31T09:00:00Z', (text) => {
    const timeMs = parseSince(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text, nowMs)
    return timeMs === null ? null : Math.floor(timeMs / 86_400_000) * 86_400_000
  })

/** Spans of a page that is asked for over HTTP, at the most and unless it is told. */
const MAX_PAGE_SPANS = 10_000
const DEFAULT_PAGE_SPANS = 4_000
const MAX_PAGE_EVALS = 100

/** Query of `GET /v1/export/pages`. */
export const pagesQuerySchema = (nowMs: number) =>
  z.strictObject({
    from: momentSchema(nowMs),
    to: momentSchema(nowMs).optional(),
    spans: parameter(`a whole number from 1 to ${MAX_PAGE_SPANS}`, (text) => {
      const spans = /^\d{1,9}$/.test(text) ? Number(text) : 0
      return spans >= 1 && spans <= MAX_PAGE_SPANS ? spans : null
    }).default(DEFAULT_PAGE_SPANS),
  })

/** Query of `GET /v1/export/traces`. */
export const pageQuerySchema = (nowMs: number) =>
  z.strictObject({
    from: momentSchema(nowMs),
    to: momentSchema(nowMs),
    fromTrace: traceIdSchema,
    toTrace: traceIdSchema.optional(),
    fields: parameter(`a list of ${SPAN_PAGE_FIELDS.join(', ')}`, (text) => {
      const fields = text === '' ? [] : [...new Set(text.split(','))]
      return fields.every(isPageField) ? fields : null
    }).optional(),
  })

function isPageField(name: string): name is SpanPageField {
  return SPAN_PAGE_FIELDS.some((field) => field === name)
}

/** Query of `GET /v1/export/results`. */
export const pageResultsQuerySchema = z.strictObject({
  fromTrace: traceIdSchema,
  toTrace: traceIdSchema.optional(),
  evals: parameter(`a list of at most ${MAX_PAGE_EVALS} evals, each package/name`, (text) => {
    const ids = text.split(',')
    return ids.length <= MAX_PAGE_EVALS && ids.every((id) => EVAL_ID.test(id)) ? ids : null
  }),
})

export const verdictParameter = parameter(`a verdict: ${verdictSchema.options.join(', ')}`, (text) => {
  const verdict = verdictSchema.safeParse(text)
  return verdict.success ? verdict.data : null
})

/** Of a list by score the first is the score. */
const resultPlaceSchema = z
  .tuple([z.number().nullable(), timeSchema, z.string(), z.string(), z.string(), z.string()])
  .transform(
    ([score, evaluatedAtMs, evalId, traceId, spanId, runId]): ResultCursor => ({
      ...(score !== null && { score }),
      evaluatedAtMs,
      evalId,
      traceId,
      spanId,
      runId,
    }),
  )

/** Query of `GET /v1/results`. An unknown parameter is an error: a misspelt filter would show everything. */
export const resultsQuerySchema = (nowMs: number) =>
  z.strictObject({
    eval: evalIdSchema.optional(),
    verdict: verdictParameter.optional(),
    agent: z.string().min(1).max(1_000).optional(),
    trace: traceIdSchema.optional(),
    since: momentSchema(nowMs).optional(),
    run: z.string().min(1).max(300).optional(),
    order: z.enum(['newest', 'worst'], 'must be newest or worst').default('newest'),
    after: cursorParameter(resultPlaceSchema),
    limit: limitSchema.default(100),
  })

const runPlaceSchema = z
  .tuple([timeSchema, z.string()])
  .transform(([enqueuedAtMs, runId]): RunCursor => ({ enqueuedAtMs, runId }))

/** Query of `GET /v1/offline`. */
export const offlineQuerySchema = z.strictObject({
  agreement: z.enum(['true', 'false'], 'must be true or false').default('false'),
})

/** Query of `GET /v1/offline/runs`. */
export const offlineRunsQuerySchema = z.strictObject({
  eval: evalIdSchema.optional(),
  after: cursorParameter(runPlaceSchema),
  limit: limitSchema.default(20),
})

/** Body of `POST /v1/evals/{package}/{name}/run`; without it, or empty: now, over what the eval's sample says. */
export const runRequestSchema = (nowMs: number) =>
  z
    .strictObject({
      at: z.enum(['now', 'slot']).default('now'),
      since: momentSchema(nowMs).optional(),
      until: momentSchema(nowMs).optional(),
    })
    .transform(({ at, since, until }, context) => {
      if (since === undefined && until === undefined) return { at }
      const [fromMs, toMs] = [since, until ?? nowMs]
      const wrong =
        fromMs === undefined
          ? { path: ['since'], message: 'is needed beside until' }
          : fromMs >= toMs
            ? { path: ['until'], message: 'is not after since' }
            : at === 'slot'
              ? { path: ['at'], message: 'a slot has its own window; leave since and until out' }
              : null
      if (wrong === null && fromMs !== undefined) return { at, window: { fromMs, toMs } }
      context.addIssue({ code: 'custom', ...wrong })
      return z.NEVER
    })

/** Query of `GET /v1/labels`. */
export const labelsQuerySchema = z.strictObject({ eval: evalIdSchema, limit: limitSchema.default(MAX_RESULTS) })
