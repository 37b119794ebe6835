import { CAPS } from '../../dsl/caps.ts'
import { spanToJson } from '../../engine/model/span-json.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { traceIdSchema } from '../parameters.ts'
import { problem } from '../problem.ts'
import { measuresOf, resultToJson } from '../result-json.ts'
import type { ResultJson, TraceResponse } from '../schemas.ts'

/** More than any trace has: a bound, not a page. */
const MAX_TRACE_RESULTS = 20_000

/** `GET /v1/traces/{traceId}`: the spans, each with its verdicts, and the verdicts on the whole. */
export function traceRoutes(app: ApiApp, { traces, definitions }: ApiContext): void {
  app.get('/v1/traces/:traceId', async (context) => {
    const parsed = traceIdSchema.safeParse(context.req.param('traceId'))
    if (!parsed.success) return problem(context, 400, `traceId: ${parsed.error.issues[0]!.message}`)
    const traceId = parsed.data
    const { tenant } = context.var.principal
    const [spans, found] = await Promise.all([
      traces.getTrace(tenant, traceId),
      traces.queryResults(tenant, { traceId, limit: MAX_TRACE_RESULTS }),
    ])
    if (spans.length === 0) return problem(context, 404, `there is no trace ${traceId}`)
    const bySpan = new Map<string, ResultJson[]>(spans.map(({ spanId }) => [spanId, []]))
    const measureOf = measuresOf(definitions.current(tenant).plan)
    const ofTrace: ResultJson[] = []
    for (const result of found) (bySpan.get(result.spanId) ?? ofTrace).push(resultToJson(result, measureOf))
    const body: TraceResponse = {
      traceId,
      spans: spans.map((span) => ({ ...spanToJson(span), results: bySpan.get(span.spanId) ?? [] })),
      results: ofTrace,
      ...(spans.length > CAPS.spansPerTrace && { truncated: true }),
    }
    return context.json(body)
  })
}
