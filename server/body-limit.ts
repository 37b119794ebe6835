/** How large a body may be: one that is larger is refused before more than so much of it is held. */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { matchedRoutes } from 'hono/route'
import type { ApiEnv } from './api-context.ts'
import { problem } from './problem.ts'
import type { RouteEntry } from './route-table.ts'

const KIB = 1 << 10
const MIB = 1 << 20

/** Whoever has not been let in yet sends a key and no more. */
const PUBLIC_BYTES = 16 * KIB
const USUAL_BYTES = 4 * MIB
/** Compiled packages. */
const LARGER_BYTES: ReadonlyMap<string, number> = new Map([
  ['POST /v1/definitions', 20 * MIB],
  ['POST /v1/replays', 20 * MIB],
])

export function maxBodyBytes({ method, path, permission }: Omit<RouteEntry, 'gives'>): number {
  return permission === 'public' ? PUBLIC_BYTES : (LARGER_BYTES.get(`${method} ${path}`) ?? USUAL_BYTES)
}

/** Goes by what comes, not by what the headers say of it. Of routes that take no body too: a server would read it to its end. */
export function limitedBodies(routes: readonly RouteEntry[]): MiddlewareHandler<ApiEnv> {
  const limits = new Map<string, MiddlewareHandler>(
    routes.map((route) => {
      const maxSize = maxBodyBytes(route)
      const detail = `the body is larger than ${maxSize >= MIB ? `${maxSize / MIB} MiB` : `${maxSize / KIB} KiB`}`
      const limit = bodyLimit({ maxSize, onError: (context) => problem(context, 413, detail) })
      return [`${route.method} ${route.path}`, limit] as const
    }),
  )
  return async (context, next) => {
    const route = matchedRoutes(context).find(({ method }) => method !== 'ALL')
    const limit = route && limits.get(`${route.method} ${route.path}`)
    return limit === undefined || context.req.method === 'GET' ? next() : limit(context, next)
  }
}
