import { z } from 'zod'
import { nameOf } from '../../storage/access/principal.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { badRequest, readJsonBody } from '../problem.ts'
import type { ErasureResponse } from '../schemas.ts'

const MAX_ID_CHARS = 1_024

export const erasureBodySchema = z
  .strictObject({
    trace: z
      .string()
      .regex(/^[0-9A-Fa-f]{32}$/, 'has to be 32 hex digits')
      .optional(),
    user: z.string().min(1).max(MAX_ID_CHARS).optional(),
    session: z.string().min(1).max(MAX_ID_CHARS).optional(),
    dryRun: z.boolean().default(false),
  })
  .refine(({ trace, user, session }) => [trace, user, session].filter((one) => one !== undefined).length === 1, {
    message: 'one of trace, user and session has to be given',
  })

/** What a tenant's admins erase of it. The id is in no answer and in no log. */
export function erasureRoutes(app: ApiApp, { erase }: ApiContext): void {
  if (erase === undefined) return
  app.post('/v1/erasures', async (context) => {
    const { principal } = context.var
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = erasureBodySchema.safeParse(json.value)
    if (!parsed.success) return badRequest(context, parsed.error, ['trace', 'user', 'session', 'dryRun'])
    const { trace, user, session, dryRun } = parsed.data
    const [kind, id] =
      trace !== undefined
        ? (['trace', trace.toLowerCase()] as const)
        : user !== undefined
          ? (['user', user] as const)
          : (['session', session ?? ''] as const)
    const { keptUntil, ...report } = await erase({
      tenant: principal.tenant,
      by: nameOf(principal),
      kind,
      id,
      isDryRun: dryRun,
    })
    const body: ErasureResponse = {
      ...report,
      dryRun,
      keptUntil: keptUntil.map(({ topic, untilMs }) => ({ topic, until: new Date(untilMs).toISOString() })),
    }
    return context.json(body)
  })
}
