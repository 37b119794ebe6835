import { z } from 'zod'
import type { ApiApp, ApiContext } from '../api-context.ts'
import type { IntegrityChecksResponse } from '../integrity-schemas.ts'
import { badRequest } from '../problem.ts'

export const integrityQuerySchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(400).default(30) })

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
export const integrityCheckSchema = z
  .strictObject({ from: time, to: time, deep: z.boolean().default(false) })
  .refine(({ from, to }) => from < to, { path: ['to'], error: 'is not after from' })

/** Checks of the store against the log. */
export function integrityRoutes(app: ApiApp, { integrity }: ApiContext): void {
  if (integrity === undefined) return
  app.get('/v1/integrity', async (context) => {
    const parsed = integrityQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(integrityQuerySchema.shape))
    const body: IntegrityChecksResponse = { checks: [...(await integrity.kept(parsed.data.limit))] }
    return context.json(body)
  })

  app.post('/v1/integrity/checks', async (context) => {
    const parsed = integrityCheckSchema.safeParse(await context.req.json().catch(() => null))
    if (!parsed.success) return badRequest(context, parsed.error, ['from', 'to', 'deep'])
    const { from, to, deep } = parsed.data
    return context.json(await integrity.check({ fromMs: from, toMs: to, isDeep: deep }))
  })
}
