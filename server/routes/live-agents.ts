import { WINDOW_MS } from '../../engine/live/agent-window.ts'
import { liveAgentsOf } from '../../engine/live/share.ts'
import { readShares } from '../../storage/state/live-shares.ts'
import { StateError } from '../../storage/state/port.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { liveAgentToJson } from '../live-agent-json.ts'
import { liveAgentsQuerySchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import type { LiveAgentsResponse } from '../schemas.ts'

/** `GET /v1/agents/live?agent=&env=&limit=`: what each agent does now, the last seen first. */
export function liveAgentRoutes(app: ApiApp, { liveState }: Pick<ApiContext, 'liveState'>): void {
  app.get('/v1/agents/live', async (context) => {
    const parsed = liveAgentsQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(liveAgentsQuerySchema.shape))
    if (liveState === undefined)
      return problem(context, 503, 'live agents need the state that instances share: set REDIS_URL for this role')
    const { agent, env, limit } = parsed.data
    try {
      const shares = await readShares(await liveState(), context.var.principal.tenant)
      const agents = liveAgentsOf(shares).filter(
        (one) => (agent === undefined || one.agent === agent) && (env === undefined || one.env === env),
      )
      const readToMs = Math.min(...shares.map(({ covered }) => covered.toMs))
      const body: LiveAgentsResponse = {
        agents: agents.slice(0, limit).map(liveAgentToJson),
        total: agents.length,
        windowSeconds: WINDOW_MS / 1_000,
        ...(Number.isFinite(readToMs) && { evaluatedTo: new Date(readToMs).toISOString() }),
      }
      return context.json(body)
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      return problem(context, 503, `live agents cannot be read: ${error.message}`)
    }
  })
}
