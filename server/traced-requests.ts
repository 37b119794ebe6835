/** A span for each request of the API, by the template of its route: paths have ids in them. */
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { parseTraceparent } from '../storage/tracing/traceparent.ts'
import { isTracing, traced } from '../storage/tracing/tracer.ts'
import type { ApiEnv } from './api-context.ts'

/** Asked every few seconds by machines, for ever. */
const UNTRACED: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics'])

export const tracedRequests: MiddlewareHandler<ApiEnv> = async (context, next) => {
  if (!isTracing()) return next()
  const { method } = context.req
  const route = matchedRoutes(context).find((one) => one.method !== 'ALL')?.path
  if (route !== undefined && UNTRACED.has(route)) return next()
  await traced(
    route === undefined ? method : `${method} ${route}`,
    () => ({
      kind: 'server',
      parent: parseTraceparent(context.req.header('traceparent')),
      attributes: { 'http.request.method': method, 'http.route': route },
    }),
    async (span) => {
      await next()
      const { status } = context.res
      span.set({ 'http.response.status_code': status })
      if (status >= 500) span.fail(`answered ${status}`)
    },
  )
}
