import type { Context } from 'hono'
import { z } from 'zod'
import { isIntact, whyNotIntact } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import type { ReplayAsk } from '../../storage/replays/ask.ts'
import type { ChangeOutcome } from '../../storage/replays/replays.ts'
import type { ApiApp, ApiContext, ApiEnv } from '../api-context.ts'
import { evalIdSchema, momentSchema } from '../parameters.ts'
import { problem, readJsonBody } from '../problem.ts'
import { comparisonToJson, replayPlanToJson, replayToJson } from '../replay-json.ts'

const MAX_SHOWN = 100

export const replayAskSchema = (nowMs: number) =>
  z.strictObject({
    from: momentSchema(nowMs),
    to: momentSchema(nowMs).optional(),
    source: z.enum(['log', 'store']).optional(),
    evals: z.array(evalIdSchema).min(1).max(1_000).optional(),
    /** Compiled definitions; those in force where there are none. */
    plan: z.custom<Plan>(isIntact, { error: ({ input }) => whyNotIntact(input) ?? '' }).optional(),
    alerts: z.boolean().optional(),
    spansPerSecond: z.number().min(1).max(1_000_000).optional(),
    maxSpans: z.number().int().min(1).max(1_000_000_000_000).optional(),
    dryRun: z.boolean().optional(),
  })

/** Replays of what was sent, into runs of their own. */
export function replayRoutes(app: ApiApp, { replays, definitions, nowMs }: ApiContext): void {
  if (replays === undefined) return
  app.get('/v1/replays', async (context) => {
    const runs = await replays.list(context.var.principal.tenant)
    return context.json({ replays: runs.toReversed().slice(0, MAX_SHOWN).map(replayToJson) })
  })

  app.post('/v1/replays', async (context) => {
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = replayAskSchema(nowMs()).safeParse(json.value)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return problem(context, 400, `${issue?.path.join('.') || 'the body'}: ${issue?.message}`)
    }
    const { tenant } = context.var.principal
    const {
      from: fromMs,
      to: toMs,
      evals: evalIds,
      plan = definitions.current(tenant).plan,
      dryRun,
      ...rest
    } = parsed.data
    const ask: ReplayAsk = { fromMs, toMs, evalIds, plan, ...rest }
    if (dryRun) {
      const planned = await replays.plan(tenant, ask)
      return planned.ok ? context.json(replayPlanToJson(planned.request)) : problem(context, 400, planned.message)
    }
    const outcome = await replays.create(tenant, ask)
    if (outcome.ok) return context.json(replayToJson(outcome.run), 202)
    return problem(context, outcome.code === 'busy' ? 409 : 400, outcome.message)
  })

  app.get('/v1/replays/:run', async (context) => {
    const run = await replays.get(context.var.principal.tenant, context.req.param('run'))
    return run === null ? unknown(context) : context.json(replayToJson(run))
  })

  app.get('/v1/replays/:run/comparison', async (context) => {
    const run = await replays.get(context.var.principal.tenant, context.req.param('run'))
    if (run === null) return unknown(context)
    const { tenant, runId } = run.request
    return context.json(comparisonToJson(runId, await replays.compare(tenant, runId)))
  })

  const changing =
    (change: (tenant: string, runId: string) => Promise<ChangeOutcome>) => async (context: Context<ApiEnv>) => {
      const outcome = await change(context.var.principal.tenant, context.req.param('run') ?? '')
      if (outcome.ok) return context.json(replayToJson(outcome.run))
      return problem(context, outcome.code === 'unknown' ? 404 : 409, outcome.message)
    }
  app.post(
    '/v1/replays/:run/stop',
    changing((tenant, runId) => replays.stop(tenant, runId)),
  )
  app.post(
    '/v1/replays/:run/resume',
    changing((tenant, runId) => replays.resume(tenant, runId)),
  )
}

const unknown = (context: Context): Response =>
  problem(context, 404, `there is no replay ${context.req.param('run') ?? ''}`)
