import { gatherScorecard } from '../../storage/scorecards/gather.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { problem } from '../problem.ts'
import type { ScorecardJson } from '../schemas.ts'

/** A scorecard as it would be sent now. */
export function scorecardRoutes(app: ApiApp, { traces, definitions, nowMs }: ApiContext): void {
  app.get('/v1/scorecards/:package/:name', async (context) => {
    const id = `${context.req.param('package')}/${context.req.param('name')}`
    const { tenant } = context.var.principal
    const { plan } = definitions.current(tenant)
    const found = plan.scorecards.find((scorecard) => scorecard.id === id)
    if (found === undefined) return problem(context, 404, `there is no scorecard ${id} in force`)
    const scorecard = await gatherScorecard(traces, tenant, plan, found, nowMs())
    return context.json(scorecard satisfies ScorecardJson)
  })
}
