import type { ResultFilter } from '../../storage/traces/port.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { resultsQuerySchema } from '../parameters.ts'
import { badRequest } from '../problem.ts'
import { resultToJson, unitsOf } from '../result-json.ts'
import type { ResultsResponse } from '../schemas.ts'

/** `GET /v1/results?eval=&verdict=&agent=&trace=&since=&run=&limit=`: latest revisions, newest first; those of a replay only where `run` names it. */
export function resultRoutes(app: ApiApp, { traces, nowMs, definitions }: ApiContext): void {
  app.get('/v1/results', async (context) => {
    const schema = resultsQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { eval: evalId, verdict, agent, trace: traceId, since: sinceMs, run: runId, limit } = parsed.data
    const filter: ResultFilter = {
      limit,
      ...(evalId !== undefined && { evalId }),
      ...(verdict !== undefined && { verdict }),
      ...(agent !== undefined && { agent }),
      ...(traceId !== undefined && { traceId }),
      ...(sinceMs !== undefined && { sinceMs }),
      ...(runId !== undefined && { runId }),
    }
    const { tenant } = context.var.principal
    const results = await traces.queryResults(tenant, filter)
    const unitOf = unitsOf(definitions.current(tenant).plan)
    const body: ResultsResponse = { results: results.map((result) => resultToJson(result, unitOf)) }
    return context.json(body)
  })
}
