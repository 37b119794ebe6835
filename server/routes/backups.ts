import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { badRequest, problem } from '../problem.ts'

export const backupBodySchema = z.strictObject({
  to: z.string().max(4_000).refine(isAbsolute, 'must be the absolute path of a folder'),
  tracesTo: z.string().max(2_000).optional(),
})

/** Backups while Assay runs. They are of all tenants, and are written on this machine. */
export function backupRoutes(app: ApiApp, { backups }: ApiContext): void {
  if (backups === undefined) return
  app.post('/v1/backups', async (context) => {
    const parsed = backupBodySchema.safeParse(await context.req.json().catch(() => null))
    if (!parsed.success) return badRequest(context, parsed.error, ['to', 'tracesTo'])
    const { to, tracesTo = null } = parsed.data
    const outcome = await backups.start({ to, tracesTo })
    return outcome.ok ? context.json(outcome.backup, 202) : problem(context, 409, outcome.message)
  })

  app.get('/v1/backups/:id', (context) => {
    const backup = backups.get(context.req.param('id'))
    return backup === null ? problem(context, 404, 'there is no such backup') : context.json(backup)
  })

  app.post('/v1/backups/:id/stop', (context) => {
    const backup = backups.stop(context.req.param('id'))
    return backup === null ? problem(context, 404, 'there is no such backup') : context.json(backup)
  })
}
