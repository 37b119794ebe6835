import { z } from 'zod'
import type { Said } from '../../storage/traces/search-port.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { momentSchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import type { EvalFlipsResponse, EvalTrendsResponse, SaidJson } from '../schemas.ts'
import { usdOf } from '../usd.ts'

const DAY_MS = 86_400_000
const DEFAULT_MS = 7 * DAY_MS
/** Enough for a line of a hundred pixels. */
const POINTS = 28
const LONGEST_MS = 366 * DAY_MS
const MAX_FLIPS = 200

/** Query of `GET /v1/evals/trends`. */
export const trendsQuerySchema = (nowMs: number) => z.strictObject({ since: momentSchema(nowMs).optional() })

/** Query of `GET /v1/evals/{package}/{name}/flips`. */
export const flipsQuerySchema = (nowMs: number) =>
  z.strictObject({
    since: momentSchema(nowMs).optional(),
    limit: z.coerce.number().int().min(1).max(MAX_FLIPS).default(50),
  })

/** How all evals went lately, in one answer; and where one changed its mind. */
export function evalTrendRoutes(app: ApiApp, { traces, definitions, nowMs }: ApiContext): void {
  app.get('/v1/evals/trends', async (context) => {
    const now = nowMs()
    const schema = trendsQuerySchema(now)
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { since: fromMs = now - DEFAULT_MS } = parsed.data
    if (fromMs >= now) return problem(context, 400, 'since: is not in the past')
    if (now - fromMs > LONGEST_MS) return problem(context, 400, 'since: a year at the most')
    const { tenant } = context.var.principal
    const { evals } = definitions.current(tenant).plan
    const stepMs = Math.max(60_000, Math.ceil((now - fromMs) / POINTS / 60_000) * 60_000)
    const [rows, spent] = await Promise.all([
      traces.evalTrends(tenant, { fromMs, toMs: now, stepMs }),
      traces.judgeSpend(tenant, fromMs),
    ])
    const byEval = Map.groupBy(rows, ({ evalId }) => evalId)
    const body: EvalTrendsResponse = {
      from: new Date(fromMs).toISOString(),
      to: new Date(now).toISOString(),
      stepMs,
      evals: evals.map(({ id, measureHash }) => ({
        eval: id,
        spentUsd: usdOf(spent.get(id) === undefined ? 0 : (spent.get(id) ?? null)),
        points: (byEval.get(id) ?? [])
          .filter((row) => row.measureHash === measureHash)
          .map(({ startMs, counts }) => {
            const decided = counts.pass + counts.fail
            return {
              start: new Date(startMs).toISOString(),
              verdicts: counts,
              ...(decided > 0 && { passRate: counts.pass / decided }),
            }
          }),
      })),
    }
    return context.json(body)
  })

  app.get('/v1/evals/:package/:name/flips', async (context) => {
    const now = nowMs()
    const schema = flipsQuerySchema(now)
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const evalId = `${context.req.param('package')}/${context.req.param('name')}`
    const { since: sinceMs = now - 30 * DAY_MS, limit } = parsed.data
    const flips = await traces.evalFlips(context.var.principal.tenant, { evalId, sinceMs, limit })
    const body: EvalFlipsResponse = {
      eval: evalId,
      flips: flips.map(({ traceId, spanId, before, now: last }) => ({
        traceId,
        ...(spanId !== '' && { spanId }),
        because: reasonOf(before, last),
        before: saidToJson(before),
        now: saidToJson(last),
      })),
    }
    return context.json(body)
  })
}

/** The first of what differs: a changed definition explains more than the run in which it was judged. */
function reasonOf(before: Said, now: Said): EvalFlipsResponse['flips'][number]['because'] {
  if (before.measureHash !== now.measureHash || before.verdictHash !== now.verdictHash) return 'definition'
  return before.runId === now.runId ? 'revision' : 'judged_again'
}

const saidToJson = ({ atMs, verdict, measureHash, runId }: Said): SaidJson => ({
  at: new Date(atMs).toISOString(),
  verdict,
  measureHash,
  ...(runId !== '' && { runId }),
})
