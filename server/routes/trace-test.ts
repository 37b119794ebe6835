import { z } from 'zod'
import { createRedaction, type PiiPatterns } from '../../engine/testing/redact-text.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { captureTests, withSpanAlone } from '../capture/capture-tests.ts'
import { withMadeUp } from '../capture/unmask.ts'
import { evalIdSchema, spanIdSchema, traceIdSchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import { measuresOf, resultToJson } from '../result-json.ts'
import type { TraceTestsResponse } from '../schemas.ts'

const MAX_RESULTS = 20_000

/** Query of `GET /v1/traces/{traceId}/test`. */
export const traceTestQuerySchema = z.strictObject({
  eval: evalIdSchema.optional(),
  span: spanIdSchema.optional(),
  all: z.enum(['true', 'false'], 'must be true or false').default('false'),
})

/** `GET /v1/traces/{traceId}/test?eval=&span=&all=`: the trace as `test` blocks, as `assay capture` prints them. */
export function traceTestRoutes(app: ApiApp, { traces, definitions, pii }: ApiContext): void {
  if (pii === undefined) return
  let known: PiiPatterns | null = null
  app.get('/v1/traces/:traceId/test', async (context) => {
    const parsedId = traceIdSchema.safeParse(context.req.param('traceId'))
    if (!parsedId.success) return problem(context, 400, `traceId: ${parsedId.error.issues[0]!.message}`)
    const parsed = traceTestQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(traceTestQuerySchema.shape))
    const { eval: evalId, span, all } = parsed.data
    const { tenant } = context.var.principal
    const { plan } = definitions.current(tenant)
    const own = plan.evals.filter(({ file }) => !file.startsWith('assay:'))
    const evals =
      evalId === undefined ? (own.length > 0 ? own : plan.evals) : plan.evals.filter(({ id }) => id === evalId)
    if (evals.length === 0) return problem(context, 404, `there is no eval ${evalId ?? ''} in force`)
    const traceId = parsedId.data
    const [spans, results] = await Promise.all([
      traces.getTrace(tenant, traceId),
      traces.queryResults(tenant, { traceId, limit: MAX_RESULTS }),
    ])
    if (spans.length === 0) return problem(context, 404, `there is no trace ${traceId}`)
    if (span !== undefined && !spans.some(({ spanId }) => spanId === span))
      return problem(context, 404, `the trace has no span ${span}`)
    const measureOf = measuresOf(plan)
    const stored = { spans, results: results.map((result) => resultToJson(result, measureOf)) }
    const whole = { ...stored, spans: withMadeUp(spans, stored.results) }
    known ??= pii()
    const tests = captureTests(plan, span === undefined ? whole : withSpanAlone(whole, span), stored, {
      evals,
      redact: createRedaction(known, plan),
      all: all === 'true',
    })
    return context.json({ tests } satisfies TraceTestsResponse)
  })
}
