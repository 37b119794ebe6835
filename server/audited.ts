/** What those in charge do is written down before it is done; where that fails it is not done. */
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { appendAudit } from '../storage/access/audit.ts'
import { nameOf } from '../storage/access/principal.ts'
import type { ApiContext, ApiEnv } from './api-context.ts'

/** By route. Making and revoking keys, and erasing, write entries of their own, which say more. */
export const ACTS: ReadonlyMap<string, string> = new Map([
  ['POST /v1/definitions', 'definitions.push'],
  ['POST /v1/definitions/:package/rollback', 'definitions.rollback'],
  ['POST /v1/dead-letters/replay', 'dead_letters.replay'],
  ['POST /v1/dead-letters/drop', 'dead_letters.drop'],
  ['POST /v1/dead-letters/skip', 'dead_letters.skip'],
  ['POST /v1/dead-letters/:id/replay', 'dead_letter.replay'],
  ['POST /v1/dead-letters/:id/drop', 'dead_letter.drop'],
  ['POST /v1/integrity/checks', 'integrity.check'],
  ['POST /v1/backups', 'backup.start'],
  ['POST /v1/backups/:id/stop', 'backup.stop'],
])

/** Behind the admission, which says who it is. */
export function audited({ log, keys, nowMs }: Pick<ApiContext, 'log' | 'keys' | 'nowMs'>): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const route = matchedRoutes(context).find(({ method }) => method !== 'ALL')
    const act = route && ACTS.get(`${route.method} ${route.path}`)
    // The audit log is where the keys are.
    if (act === undefined || log === undefined || keys === undefined) return next()
    const { principal } = context.var
    const entry = { atMs: nowMs(), tenant: principal.tenant, by: nameOf(principal), act, target: context.req.path }
    await appendAudit(log, { ...entry, detail: {} })
    return next()
  }
}
