/** Nobody enters a route but through here: deny by default, by the table of routes. */
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { type Admission, admit, type Credentials, type Gate } from '../storage/access/gate.ts'
import { isLoopback } from '../storage/access/loopback.ts'
import type { Permission } from '../storage/access/principal.ts'
import type { ApiEnv } from './api-context.ts'
import { problem } from './problem.ts'
import { ROUTES } from './route-table.ts'
import { CSRF_HEADER, endSession, sessionKeyOf } from './session-cookie.ts'
import { isPersonSession, type Sessions } from './sign-in/sessions.ts'

const PERMISSIONS = new Map(ROUTES.map(({ method, path, permission }) => [`${method} ${path}`, permission]))

export function admission(gate: Gate, sessions: Sessions | null): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const route = matchedRoutes(context).find(({ method }) => method !== 'ALL')
    // Nothing is there: that is said to anyone.
    if (route === undefined) return next()
    const permission = PERMISSIONS.get(`${route.method} ${route.path}`)
    if (permission === 'public') return next()
    if (permission === undefined) throw new Error(`${route.method} ${route.path} is not in the table of routes`)
    const credentials = credentialsOf(context)
    if (credentials.isSession && context.req.method !== 'GET' && context.req.header(CSRF_HEADER) === undefined)
      return problem(context, 403, `a session's requests that change something carry the header ${CSRF_HEADER}`)
    const ask = (): Admission => byPerson(sessions, credentials, permission) ?? gate(credentials, permission)
    const admitted = ask()
    if (!admitted.ok) {
      const isUnknown = admitted.code === 'unauthenticated'
      if (isUnknown) context.header('www-authenticate', 'Bearer')
      // Where one is let in without, the next request is.
      if (isUnknown && credentials.isSession) endSession(context)
      return problem(context, isUnknown ? 401 : 403, admitted.message)
    }
    context.set('principal', admitted.principal)
    context.set('isAdmitted', () => ask().ok)
    return next()
  }
}

/** Null where no person is signed in; a session that is over is one that is refused. */
function byPerson(
  sessions: Sessions | null,
  { isSession, apiKey }: Credentials & { isSession: boolean },
  permission: Permission,
): Admission | null {
  if (!isSession || apiKey === undefined || !isPersonSession(apiKey)) return null
  const verdict = sessions?.verify(apiKey) ?? { ok: false, message: 'people sign in here by keys: sign in again' }
  return verdict.ok ? admit(verdict.principal, permission) : { ...verdict, code: 'unauthenticated' }
}

function credentialsOf(context: Context): Credentials & { isSession: boolean } {
  const authorization = context.req.header('authorization')
  const apiKey = context.req.header('x-api-key')
  const session = authorization === undefined && apiKey === undefined ? sessionKeyOf(context) : undefined
  return {
    authorization,
    apiKey: apiKey ?? session,
    isSession: session !== undefined,
    isLocal: isLoopback(remoteAddressOf(context)),
  }
}

/** Undefined of a request that came through no socket. */
function remoteAddressOf(context: Context): string | undefined {
  return context.env === undefined ? undefined : getConnInfo(context).remote.address
}
