import { z } from 'zod'
import { maskWith } from '../../engine/evaluate/explain/explain-eval.ts'
import { compilePatterns } from '../../engine/regex/patterns.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { explainTrace } from '../explain-trace.ts'
import { evalIdSchema, spanIdSchema, traceIdSchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import { measuresOf, resultToJson } from '../result-json.ts'

const MAX_RESULTS = 20_000
const MAX_SUBJECTS = 100

/** Query of `GET /v1/traces/{traceId}/why`. */
export const whyQuerySchema = z.strictObject({
  eval: evalIdSchema,
  span: spanIdSchema.optional(),
})

/** `GET /v1/traces/{traceId}/why?eval=&span=`: what the definitions in force make of it, part by part. Texts that are redacted stay so. */
export function traceWhyRoutes(app: ApiApp, { traces, definitions }: ApiContext): void {
  app.get('/v1/traces/:traceId/why', async (context) => {
    const parsedId = traceIdSchema.safeParse(context.req.param('traceId'))
    if (!parsedId.success) return problem(context, 400, `traceId: ${parsedId.error.issues[0]!.message}`)
    const parsed = whyQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(whyQuerySchema.shape))
    const { eval: evalId, span } = parsed.data
    const { tenant } = context.var.principal
    const { plan } = definitions.current(tenant)
    const evalPlan = plan.evals.find((one) => one.id === evalId)
    if (evalPlan === undefined) return problem(context, 404, `there is no eval ${evalId} in force`)
    const traceId = parsedId.data
    const [spans, results] = await Promise.all([
      traces.getTrace(tenant, traceId),
      traces.queryResults(tenant, { traceId, evalId, limit: MAX_RESULTS }),
    ])
    if (spans.length === 0) return problem(context, 404, `there is no trace ${traceId}`)
    const measureOf = measuresOf(plan)
    const trace = { spans, results: results.map((result) => resultToJson(result, measureOf)) }
    const mask = maskWith(compilePatterns(plan.patterns), plan)
    const subjects = explainTrace(plan, evalPlan, trace, mask, span).slice(0, MAX_SUBJECTS)
    return context.json({
      eval: evalId,
      subjects: subjects.map(({ explanation, stored, difference }) => ({
        ...explanation,
        ...(stored !== null && { stored }),
        ...(difference !== null && { difference }),
      })),
    })
  })
}
