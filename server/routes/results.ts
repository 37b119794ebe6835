import type { Plan } from '../../dsl/plan.ts'
import { scoreOf } from '../../dsl/score-of.ts'
import type { ResultFilter } from '../../storage/traces/port.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { pageOf } from '../cursor.ts'
import { resultsQuerySchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import { measuresOf, resultToJson } from '../result-json.ts'
import type { ResultsResponse } from '../schemas.ts'

/** `GET /v1/results?eval=&verdict=&agent=&trace=&since=&run=&order=&after=&limit=`: latest revisions in pages, newest first or those with the worst score; those of a replay only where `run` names it. */
export function resultRoutes(app: ApiApp, { traces, nowMs, definitions }: ApiContext): void {
  app.get('/v1/results', async (context) => {
    const schema = resultsQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const {
      eval: evalId,
      verdict,
      agent,
      trace: traceId,
      since: sinceMs,
      run: runId,
      order,
      after,
      limit,
    } = parsed.data
    const { tenant } = context.var.principal
    const { plan } = definitions.current(tenant)
    const worst = order === 'worst' ? worstOf(plan, evalId) : null
    if (worst !== null && !worst.ok) return problem(context, 422, worst.message)
    const filter: ResultFilter = {
      limit: limit + 1,
      ...(after !== undefined && { after }),
      ...(evalId !== undefined && { evalId }),
      ...(verdict !== undefined && { verdict }),
      ...(agent !== undefined && { agent }),
      ...(traceId !== undefined && { traceId }),
      ...(sinceMs !== undefined && { sinceMs }),
      ...(runId !== undefined && { runId }),
      ...(worst !== null && { order: worst.order }),
    }
    const { shown, next } = pageOf(await traces.queryResults(tenant, filter), limit, (last) => [
      worst === null ? null : (last.score ?? null),
      last.evaluatedAtMs,
      last.evalId,
      last.traceId,
      last.spanId,
      last.runId,
    ])
    const measureOf = measuresOf(plan)
    const body: ResultsResponse = { results: shown.map((result) => resultToJson(result, measureOf)), ...next }
    return context.json(body)
  })
}

type Worst = { ok: true; order: 'highest' | 'lowest' } | { ok: false; message: string }

/** By which scores the eval's `pass:` takes for worse. */
function worstOf(plan: Plan, evalId: string | undefined): Worst {
  const evalPlan = plan.evals.find(({ id }) => id === evalId)
  if (evalPlan === undefined)
    return { ok: false, message: 'order: the worst are of one eval in force: name it by eval' }
  const better = scoreOf(evalPlan)?.better ?? null
  if (better === null) return { ok: false, message: `order: nothing tells which scores of ${evalPlan.id} are worse` }
  return { ok: true, order: better === 'higher' ? 'lowest' : 'highest' }
}
