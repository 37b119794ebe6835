import type { Context } from 'hono'
import { z } from 'zod'
import { isIntact, whyNotIntact } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import type { PublishOutcome } from '../../storage/definitions/publish.ts'
import { definitionsCommitSchema } from '../../storage/definitions/published.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { problem, readJsonBody } from '../problem.ts'
import type { DefinitionsResponse } from '../schemas.ts'

export const pushSchema = z.object({
  plan: z.custom<Plan>(isIntact, { error: ({ input }) => whyNotIntact(input) ?? '' }),
  revision: z.string().max(200).nullable(),
  /** Who made the commit, and what it is called: told by alerts on what changed lately. */
  commit: definitionsCommitSchema.nullable().default(null),
})

/** `POST /v1/definitions`: packages for every role. `POST /v1/definitions/{package}/rollback`: the release before. */
export function definitionRoutes(app: ApiApp, api: ApiContext): void {
  app.get('/v1/definitions', (context) => {
    const packages = api.releases?.packages(context.var.principal.tenant) ?? []
    const body: DefinitionsResponse = {
      packages: packages.map(({ package: name, current, previous }) => ({
        name,
        revision: current.revision,
        pushedAt: new Date(current.pushedAtMs).toISOString(),
        evals: current.plan.evals.map(({ id }) => id),
        alerts: current.plan.alerts.map(({ id }) => id),
        previousRevision: previous?.revision ?? null,
      })),
    }
    return context.json(body)
  })

  app.post('/v1/definitions', async (context) => {
    const { releases } = api
    if (releases === undefined) return problem(context, 409, FILES)
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = pushSchema.safeParse(json.value)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return problem(context, 400, `${issue?.path.join('.') || 'the body'}: ${issue?.message}`)
    }
    const { plan, ...from } = parsed.data
    return answer(context, await releases.push(context.var.principal.tenant, plan, from))
  })

  app.post('/v1/definitions/:package/rollback', async (context) => {
    const { releases } = api
    if (releases === undefined) return problem(context, 409, FILES)
    return answer(context, await releases.rollBack(context.var.principal.tenant, context.req.param('package')))
  })
}

const FILES = 'the definitions of this Assay are files that it watches: edit them, there is nothing to push'

function answer(context: Context, outcome: PublishOutcome): Response {
  return outcome.ok ? context.json({ packages: outcome.packages }) : problem(context, 409, outcome.message)
}
