import { z } from 'zod'
import type { Gate } from '../../storage/access/gate.ts'
import { may, type Permission } from '../../storage/access/principal.ts'
import type { ApiApp, ApiContext } from '../api-context.ts'
import { badRequest, problem, readJsonBody } from '../problem.ts'
import type { SessionInfo } from '../schemas.ts'
import { endSession, sessionKeyOf, startSession } from '../session-cookie.ts'

/** Body of `POST /v1/session`. */
export const signInSchema = z.strictObject({ key: z.string().min(1).max(500) })

const PERMISSIONS = ['read', 'push', 'edit', 'administer', 'operate'] as const satisfies readonly Permission[]

const DEFAULT_SESSION_MS = 12 * 3_600_000

/** Signing in with a key, for browsers; others send it with each request. */
export function sessionRoutes(
  app: ApiApp,
  gate: Gate,
  { signIn = null, sessionMs = DEFAULT_SESSION_MS }: Pick<ApiContext, 'signIn' | 'sessionMs'>,
): void {
  app.post('/v1/session', async (context) => {
    const json = await readJsonBody(context)
    if (!json.ok) return json.refusal
    const parsed = signInSchema.safeParse(json.value)
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(signInSchema.shape))
    const { key } = parsed.data
    const admitted = gate({ authorization: undefined, apiKey: key, isLocal: false }, 'read')
    if (!admitted.ok) return problem(context, admitted.code === 'unauthenticated' ? 401 : 403, admitted.message)
    // Where nobody is asked for a key, one that is none is let in without it: it must not look like a session.
    if (admitted.principal.keyId === null) return problem(context, 401, 'what was sent is no key of Assay')
    startSession(context, key, sessionMs)
    const { tenant, role } = admitted.principal
    const body: SessionInfo = {
      tenant,
      role,
      may: PERMISSIONS.filter((one) => may(admitted.principal, one)),
      isSignedIn: true,
    }
    return context.json(body)
  })

  app.get('/v1/session', (context) => {
    const { principal } = context.var
    const body: SessionInfo = {
      tenant: principal.tenant,
      role: principal.role,
      may: PERMISSIONS.filter((one) => may(principal, one)),
      isSignedIn: sessionKeyOf(context) !== undefined,
      ...(principal.person !== undefined && { person: principal.person }),
    }
    return context.json(body)
  })

  app.delete('/v1/session', async (context) => {
    const session = sessionKeyOf(context)
    if (session !== undefined) await signIn?.sessions.end(session)
    endSession(context)
    return context.json({ ended: true })
  })
}
