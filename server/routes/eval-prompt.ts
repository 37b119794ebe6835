import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type ShownSubject, showSubject } from '../../engine/evaluate/judge-questions.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { spanIdSchema, traceIdSchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import type { EvalPromptResponse } from '../schemas.ts'

/** Query of `GET /v1/evals/{package}/{name}/prompt`. */
export const promptQuerySchema = z.strictObject({ trace: traceIdSchema.optional(), span: spanIdSchema.optional() })

/** `GET /v1/evals/{package}/{name}/prompt?trace=&span=`: what its judge is asked about a subject, the one judged last unless named. Nobody is asked. */
export function evalPromptRoutes(app: ApiApp, { traces, definitions }: ApiContext): void {
  app.get('/v1/evals/:package/:name/prompt', async (context) => {
    const parsed = promptQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(promptQuerySchema.shape))
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const { tenant } = context.var.principal
    const { plan } = definitions.current(tenant)
    const evalPlan = plan.evals.find((one) => one.id === id)
    if (evalPlan === undefined) return problem(context, 404, `there is no eval ${id} in force`)
    if (evalPlan.kind === 'online' || isMeasured(evalPlan)) return problem(context, 409, `${id} asks no judge`)
    if (evalPlan.sample.scope.subject === 'session')
      return problem(context, 409, `${id} is of sessions: its question is not shown here`)
    let { trace: traceId, span: spanId } = parsed.data
    if (traceId === undefined) {
      const [last] = await traces.queryResults(tenant, { evalId: id, limit: 1 })
      if (last === undefined) return problem(context, 404, `${id} has not judged anything yet: name a trace`)
      traceId = last.traceId
      spanId ??= last.spanId || undefined
    }
    const spans = await traces.getTrace(tenant, traceId)
    if (spans.length === 0) return problem(context, 404, `there is no trace ${traceId}`)
    const compiled = compileOfflineEval(plan, evalPlan)
    const view = viewTrace(tenant, traceId, spans)
    const subjects = compiled.subjects(view).filter((one) => spanId === undefined || one?.spanId === spanId)
    if (subjects.length === 0) return problem(context, 404, `nothing of the trace is in the scope of ${id}`)
    const nonce = (): string => randomBytes(16).toString('hex')
    const shown = await showSubject(compiled, view, subjects[0], { nonce, isDirect: false })
    return context.json(promptOf(id, traceId, shown))
  })
}

function promptOf(evalId: string, traceId: string, { spanId, questions, why }: ShownSubject): EvalPromptResponse {
  return {
    eval: evalId,
    traceId,
    ...(spanId !== undefined && { spanId }),
    ...(why !== null && { notAsked: why.code }),
    questions: questions.map(({ prompt, isAfterAnswer }) => ({
      promptVersion: prompt.promptVersion,
      messages: prompt.messages,
      ...(isAfterAnswer && { hasPlaceholder: true as const }),
    })),
  }
}
