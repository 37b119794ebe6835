import { z } from 'zod'
import { isStatistical, runAlertsOf } from '../../engine/alerting/run-alert.ts'
import { appendAudit } from '../../storage/access/audit.ts'
import { nameOf } from '../../storage/access/principal.ts'
import { levelRecord } from '../../storage/alerts/level-record.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { idNamed } from '../id-named.ts'
import { badRequest, problem, readJsonBody } from '../problem.ts'
import type { RebaselinedResponse } from '../schemas.ts'

export const rebaselineSchema = z.strictObject({
  alert: z.string().min(1),
  by: z.string().trim().min(1).max(200).optional(),
  reason: z.string().trim().min(1).max(1_000).optional(),
  /** RFC 3339: from when on the traffic is as it is to be. By default since the change of which the alert tells, or from now on. */
  since: z.iso.datetime({ offset: true }).optional(),
})

/** People accept a new level: the evaluator reads of it in the log. */
export function rebaselineRoute(app: ApiApp, { log, keys, definitions, nowMs }: ApiContext): void {
  if (log === undefined) return

  app.post('/v1/alerts/rebaseline', async (context) => {
    const { principal } = context.var
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = rebaselineSchema.safeParse(json.value)
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(rebaselineSchema.shape))
    const { tenant } = principal
    const { alert: name, by = nameOf(principal), reason = null, since } = parsed.data
    const alerts = runAlertsOf(definitions.current(tenant).plan)
    const named = idNamed(
      'alert',
      name,
      alerts.map(({ id }) => id),
    )
    if (!named.ok) return problem(context, 404, named.message)
    const alertId = named.id
    const alert = alerts.find(({ id }) => id === alertId)
    if (alert === undefined) throw new Error(`${alertId} is named and not there`)
    if (!isStatistical(alert))
      return problem(
        context,
        400,
        `${alertId} compares with a number of its rule, not with what was usual: change its when:`,
      )
    const atMs = nowMs()
    const sinceMs = since === undefined ? null : Date.parse(since)
    if (sinceMs !== null && sinceMs > atMs) return problem(context, 400, 'since is yet to come: leave it out for now')
    if (keys !== undefined)
      await appendAudit(log, {
        atMs,
        tenant,
        by: nameOf(principal),
        act: 'alert.rebaseline',
        target: alertId,
        detail: { by, reason, since: since ?? null },
      })
    await log.append(ALERT_STATE, [levelRecord(tenant, alertId, { atMs, sinceMs, by, reason })])
    const iso = (ms: number): string => new Date(ms).toISOString()
    const body: RebaselinedResponse = {
      alert: alertId,
      at: iso(atMs),
      since: sinceMs === null ? null : iso(sinceMs),
      by,
      reason,
    }
    return context.json(body)
  })
}
