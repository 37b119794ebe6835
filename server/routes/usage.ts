import { z } from 'zod'
import { may } from '../../storage/access/principal.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { daySchema } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import type { UsageResponse } from '../schemas.ts'
import { usdOf } from '../usd.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30

export const usageQuerySchema = (nowMs: number) =>
  z.strictObject({
    from: daySchema(nowMs).optional(),
    to: daySchema(nowMs).optional(),
    all: z.enum(['true', 'false'], 'must be true or false').default('false'),
  })

/** `GET /v1/usage?from=&to=&all=`: whole days of UTC, both of those named among them; newest first. */
export function usageRoutes(app: ApiApp, { traces, nowMs }: ApiContext): void {
  app.get('/v1/usage', async (context) => {
    const schema = usageQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    const { principal } = context.var
    const isAll = parsed.data.all === 'true'
    if (isAll && !may(principal, 'operate'))
      return problem(
        context,
        403,
        'the usage of all tenants is for whoever runs Assay: a key of role admin, of the tenant default',
      )
    const { to: lastDayMs = dayOf(nowMs()) } = parsed.data
    const { from: firstDayMs = lastDayMs - (DEFAULT_DAYS - 1) * DAY_MS } = parsed.data
    if (firstDayMs > lastDayMs) return problem(context, 400, 'from: is after to')
    const window = { fromMs: firstDayMs, toMs: lastDayMs + DAY_MS }
    const rows = await traces.usage(isAll ? null : principal.tenant, window)
    const body: UsageResponse = {
      from: new Date(firstDayMs).toISOString().slice(0, 10),
      to: new Date(lastDayMs).toISOString().slice(0, 10),
      usage: rows.map(({ agent, judgeCostMicroUsd, ...row }) => ({
        ...row,
        ...(agent !== null && { agent }),
        judgeCostUsd: usdOf(judgeCostMicroUsd),
      })),
    }
    return context.json(body)
  })
}

const dayOf = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS
