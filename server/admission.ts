/** Nobody enters a route but through here: deny by default, by the table of routes. */
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { Credentials, Gate } from '../storage/access/gate.ts'
import { isLoopback } from '../storage/access/loopback.ts'
import type { ApiEnv } from './api-context.ts'
import { problem } from './problem.ts'
import { ROUTES } from './route-table.ts'
import { CSRF_HEADER, sessionKeyOf } from './session-cookie.ts'

const PERMISSIONS = new Map(ROUTES.map(({ method, path, permission }) => [`${method} ${path}`, permission]))

export function admission(gate: Gate): MiddlewareHandler<ApiEnv> {
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
    const admitted = gate(credentials, permission)
    if (!admitted.ok) {
      const isUnknown = admitted.code === 'unauthenticated'
      if (isUnknown) context.header('www-authenticate', 'Bearer')
      return problem(context, isUnknown ? 401 : 403, admitted.message)
    }
    context.set('principal', admitted.principal)
    return next()
  }
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
