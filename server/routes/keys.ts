import { z } from 'zod'
import { readAudit } from '../../storage/access/audit.ts'
import { isTenant, KEY_ROLES, nameOf } from '../../storage/access/principal.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { keyToJson } from '../key-json.ts'
import { badRequest, problem, readJsonBody } from '../problem.ts'
import type { AuditResponse, CreatedKeyResponse, KeysResponse } from '../schemas.ts'

const DAY_MS = 24 * 3_600_000

export const createKeySchema = z.strictObject({
  role: z.enum(KEY_ROLES),
  name: z.string().max(200).default(''),
  /** Another than one's own: the operator alone may. */
  tenant: z
    .string()
    .refine(isTenant, 'is no name of a tenant: lower-case letters, digits, - and _, 63 at most')
    .optional(),
  expiresInDays: z.number().positive().max(3_650).optional(),
})

export const auditQuerySchema = z.strictObject({ limit: z.coerce.number().int().min(1).max(1_000).default(100) })

/** Keys of a tenant, by its admins; of every tenant, by the operator. `GET /v1/audit`: what was done with them and by them. */
export function keyRoutes(app: ApiApp, { keys, log, nowMs }: ApiContext): void {
  if (keys === undefined || log === undefined) return

  app.get('/v1/keys', (context) => {
    const { tenant, role } = context.var.principal
    const body: KeysResponse = { keys: keys.list(role === 'operator' ? null : tenant).map(keyToJson) }
    return context.json(body)
  })

  app.post('/v1/keys', async (context) => {
    const { principal } = context.var
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = createKeySchema.safeParse(json.value)
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(createKeySchema.shape))
    const { role, name, tenant = principal.tenant, expiresInDays } = parsed.data
    if (tenant !== principal.tenant && principal.role !== 'operator')
      return problem(
        context,
        403,
        `a key of tenant ${principal.tenant} makes keys of ${principal.tenant} alone; the first of another tenant is the operator's to make, ` +
          `where the log can be opened: assay keys create --tenant ${tenant} with --log-url, or with --data while assay up is stopped`,
      )
    const { key, stored } = await keys.create({
      tenant,
      role,
      name,
      expiresAtMs: expiresInDays === undefined ? null : nowMs() + expiresInDays * DAY_MS,
      by: nameOf(principal),
    })
    const body: CreatedKeyResponse = { ...keyToJson(stored), key }
    return context.json(body, 201)
  })

  app.post('/v1/keys/:keyId/revoke', async (context) => {
    const { principal } = context.var
    const keyId = context.req.param('keyId')
    const outcome = await keys.revoke(keyId, principal.role === 'operator' ? null : principal.tenant, nameOf(principal))
    if (outcome.ok) return context.json(keyToJson(outcome.key))
    return outcome.code === 'unknown'
      ? problem(context, 404, `there is no key ${keyId}`)
      : problem(context, 409, `key ${keyId} was revoked before`)
  })

  app.get('/v1/audit', async (context) => {
    const parsed = auditQuerySchema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(auditQuerySchema.shape))
    const entries = await readAudit(log, context.var.principal.tenant, parsed.data.limit)
    const body: AuditResponse = {
      entries: entries.map(({ atMs, by, act, target, detail }) => ({
        at: new Date(atMs).toISOString(),
        by,
        act,
        target,
        detail,
      })),
    }
    return context.json(body)
  })
}
