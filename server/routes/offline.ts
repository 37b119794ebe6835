import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { knownCost } from '../../engine/no-price.ts'
import type { ExpectedRun, OfflineEvalStatus, Refusal, RunView } from '../../storage/queue/offline-control.ts'
import { QueueError } from '../../storage/queue/port.ts'
import type { ApiApp, ApiContext, ApiEnv } from '../api-context.ts'
import { pageOf } from '../cursor.ts'
import { agreementOfJudged, judgedEval } from '../judged-agreement.ts'
import type {
  ExpectedRunJson,
  OfflineResponse,
  OfflineRunJson,
  OfflineRunsResponse,
  RunResponse,
} from '../offline-schemas.ts'
import { offlineQuerySchema, offlineRunsQuerySchema, runRequestSchema } from '../parameters.ts'
import { badRequest, problem, readJsonBody } from '../problem.ts'
import { usdOf } from '../usd.ts'

const statuses = {
  unknown_eval: 404,
  unknown_run: 404,
  not_supported: 409,
  no_slot: 409,
  run_ended: 409,
  no_provider: 503,
  no_price: 409,
  queue_unavailable: 503,
} as const satisfies Record<Refusal, ContentfulStatusCode>

const NOT_HERE = 'no offline worker runs in this process'

/** Runs of offline evals: begun, looked at, paused, resumed and cancelled. */
export function offlineRoutes(app: ApiApp, { offline, definitions, traces, nowMs }: ApiContext): void {
  const idOf = (context: Context<ApiEnv>): string => `${context.req.param('package')}/${context.req.param('name')}`

  app.post('/v1/evals/:package/:name/run', async (context) => {
    const id = idOf(context)
    const { tenant } = context.var.principal
    const plan = definitions.current(tenant).plan.evals.find((candidate) => candidate.id === id)
    if (!plan) return problem(context, 404, `there is no eval ${id} in force`)
    if (plan.kind === 'online')
      return problem(context, 409, `${id} is an online eval: it runs by itself on every trace`)
    if (offline === undefined) return problem(context, 503, NOT_HERE)
    // It may be asked for without a body, as it was before there was one.
    const body =
      (context.req.header('content-type') ?? '') === '' ? { ok: true as const, value: {} } : await readJsonBody(context)
    if (!body.ok) return body.refusal
    const request = runRequestSchema(nowMs()).safeParse(body.value)
    if (!request.success) return badRequest(context, request.error, ['at', 'since', 'until'])
    const outcome = await offline.runNow(tenant, id, request.data)
    if (!outcome.ok) return problem(context, statuses[outcome.code], outcome.message)
    const answer: RunResponse = { eval: id, runId: outcome.runId, ...(outcome.isKnown && { known: true }) }
    return context.json(answer, outcome.isKnown ? 200 : 202)
  })

  for (const verb of ['pause', 'resume'] as const) {
    app.post(`/v1/evals/:package/:name/${verb}`, async (context) => {
      if (offline === undefined) return problem(context, 503, NOT_HERE)
      const id = idOf(context)
      const outcome = await offline[verb](context.var.principal.tenant, id)
      if (!outcome.ok) return problem(context, statuses[outcome.code], outcome.message)
      return context.json({ eval: id, paused: verb === 'pause' })
    })
  }

  app.get('/v1/offline', async (context) => {
    if (offline === undefined) return problem(context, 503, NOT_HERE)
    const query = offlineQuerySchema.safeParse(context.req.query())
    if (!query.success) return badRequest(context, query.error, Object.keys(offlineQuerySchema.shape))
    return answered(context, async () => {
      const { tenant } = context.var.principal
      const evals = (await offline.status(tenant)).map(statusToJson)
      if (query.data.agreement !== 'true') return context.json<OfflineResponse>({ evals })
      const { plan } = definitions.current(tenant)
      for (const one of evals) {
        if (judgedEval(plan, one.eval) === null) continue
        const [inForce = null] = await agreementOfJudged(traces, tenant, plan, one.eval)
        one.agreement = inForce
      }
      return context.json<OfflineResponse>({ evals })
    })
  })

  app.get('/v1/offline/runs', async (context) => {
    if (offline === undefined) return problem(context, 503, NOT_HERE)
    const query = offlineRunsQuerySchema.safeParse(context.req.query())
    if (!query.success) return badRequest(context, query.error, Object.keys(offlineRunsQuerySchema.shape))
    const { eval: evalId, after, limit } = query.data
    return answered(context, async () => {
      const runs = await offline.runs(context.var.principal.tenant, {
        limit: limit + 1,
        ...(evalId !== undefined && { evalId }),
        ...(after !== undefined && { after }),
      })
      const { shown, next } = pageOf(runs, limit, ({ enqueuedAtMs, job }) => [enqueuedAtMs, job.runId])
      const body: OfflineRunsResponse = { runs: shown.map(runToJson), ...next }
      return context.json(body)
    })
  })

  const runIdOf = (context: Context<ApiEnv>): string => `${context.req.param('package')}/${context.req.param('run')}`

  app.get('/v1/offline/runs/:package/:run', async (context) => {
    if (offline === undefined) return problem(context, 503, NOT_HERE)
    return answered(context, async () => {
      const runId = runIdOf(context)
      const run = await offline.run(context.var.principal.tenant, runId)
      if (run === null) return problem(context, 404, `there is no run ${runId}`)
      return context.json(runToJson(run))
    })
  })

  app.post('/v1/offline/runs/:package/:run/cancel', async (context) => {
    if (offline === undefined) return problem(context, 503, NOT_HERE)
    const runId = runIdOf(context)
    const outcome = await offline.cancel(context.var.principal.tenant, runId)
    if (!outcome.ok) return problem(context, statuses[outcome.code], outcome.message)
    return context.json({ runId, cancelled: true })
  })
}

async function answered(context: Context, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof QueueError)) throw error
    return problem(context, 503, error.message)
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

function statusToJson({
  evalId,
  state,
  detail,
  schedule,
  nextSlotMs,
  pausedSinceMs,
  lastRun,
  nextRun,
}: OfflineEvalStatus): OfflineResponse['evals'][number] {
  return {
    eval: evalId,
    state: pausedSinceMs === null ? state : 'paused',
    ...(detail !== undefined && { detail }),
    schedule,
    ...(nextSlotMs !== undefined && { nextSlot: iso(nextSlotMs) }),
    ...(pausedSinceMs !== null && { pausedSince: iso(pausedSinceMs) }),
    ...(lastRun !== null && { lastRun: runToJson(lastRun) }),
    nextRun: expectedToJson(nextRun),
  }
}

function expectedToJson({ maxSubjects, judges, budget, estimate }: ExpectedRun): ExpectedRunJson {
  const { perRunMicroUsd, perMonthMicroUsd } = budget
  return {
    ...(maxSubjects !== null && { maxSubjects }),
    judges: [...judges],
    ...(perRunMicroUsd !== null && { budgetPerRunUsd: usdOf(perRunMicroUsd) }),
    ...(perMonthMicroUsd !== null && { budgetPerMonthUsd: usdOf(perMonthMicroUsd) }),
    ...(estimate !== null && {
      estimate: { subjects: estimate.subjects, usd: usdOf(estimate.microUsd) },
    }),
  }
}

function runToJson(run: RunView): OfflineRunJson {
  const { job, plan, batches, outcome, cancelledSinceMs } = run
  const { costMicroUsd, unpriced, ...counts } = outcome
  return {
    runId: job.runId,
    eval: job.evalId,
    trigger: job.trigger,
    slot: iso(job.slotMs),
    state: cancelledSinceMs === null ? run.state : 'cancelled',
    enqueuedAt: iso(run.enqueuedAtMs),
    ...(run.endedAtMs !== null && { endedAt: iso(run.endedAtMs) }),
    ...(plan !== null && {
      populationTraces: plan.populationTraces,
      lookedAtTraces: plan.lookedAtTraces,
      sampled: plan.sampled,
      ...(plan.cheaper > 0 && { cheaper: plan.cheaper }),
      ...(plan.estimateMicroUsd !== null && { estimateUsd: usdOf(plan.estimateMicroUsd) }),
      ...(plan.estimateIsGuess === true && { estimateIsGuess: true as const }),
      ...(plan.budgetMicroUsd !== null && { budgetUsd: usdOf(plan.budgetMicroUsd) }),
      ...(plan.notes !== undefined && { notes: plan.notes }),
    }),
    batches,
    outcome: counts,
    spentUsd: usdOf(knownCost(costMicroUsd, unpriced)),
    ...(run.error !== null && { error: run.error }),
  }
}
