import { z } from 'zod'
import { storedSessions } from '../../storage/traces/session-around.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { judgedEval, promptsAbout } from '../judge-prompts.ts'
import { spanIdSchema, traceIdSchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'

/** Query of `GET /v1/evals/{package}/{name}/prompt`. */
export const promptQuerySchema = z.strictObject({ trace: traceIdSchema.optional(), span: spanIdSchema.optional() })

const NO_JUDGES = { defaultJudge: null, providers: [] }

/**
 * `GET /v1/evals/{package}/{name}/prompt?trace=&span=`: what its judge is asked about what of a trace is in its scope, or about the session of the trace;
 * about the subject judged last unless a trace is named. Nobody is asked.
 */
export function evalPromptRoutes(app: ApiApp, { traces, definitions, judges = NO_JUDGES }: ApiContext): void {
  app.get('/v1/evals/:package/:name/prompt', async (context) => {
    const parsed = promptQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(promptQuerySchema.shape))
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const { tenant } = context.var.principal
    const { plan } = definitions.current(tenant)
    const found = plan.evals.find((one) => one.id === id)
    if (found === undefined) return problem(context, 404, `there is no eval ${id} in force`)
    const judged = judgedEval(found)
    if (!judged.ok) return problem(context, 409, judged.message)
    let { trace: traceId, span: spanId } = parsed.data
    if (traceId === undefined) {
      const [last] = await traces.queryResults(tenant, { evalId: id, limit: 1 })
      if (last === undefined) return problem(context, 404, `${id} has not judged anything yet: name a trace`)
      traceId = last.traceId
      spanId ??= last.spanId || undefined
    }
    const spans = await traces.getTrace(tenant, traceId)
    if (spans.length === 0) return problem(context, 404, `there is no trace ${traceId}`)
    const sessions = storedSessions(traces, tenant)
    const outcome = await promptsAbout({ plan, evalPlan: judged.evalPlan, spans, spanId, judges, sessions })
    return outcome.ok ? context.json(outcome.prompts) : problem(context, 404, outcome.message)
  })
}
