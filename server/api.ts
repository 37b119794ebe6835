/** The API over HTTP. */
import type { IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { Gate } from '../storage/access/gate.ts'
import { followHandshakes } from '../storage/access/handshakes.ts'
import { isLoopback } from '../storage/access/loopback.ts'
import { type ServerTls, tlsOptionsOf } from '../storage/access/server-tls.ts'
import { QueryLimitError } from '../storage/traces/port.ts'
import { admission } from './admission.ts'
import type { ApiApp, ApiContext, ApiEnv } from './api-context.ts'
import { audited } from './audited.ts'
import { limitedBodies } from './body-limit.ts'
import { isCrossSite, isLoopbackHost } from './loopback.ts'
import { problem } from './problem.ts'
import { ROUTES } from './route-table.ts'
import { alertRoutes } from './routes/alerts.ts'
import { backupRoutes } from './routes/backups.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { definitionRoutes } from './routes/definitions.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { evalDetailRoutes } from './routes/eval-detail.ts'
import { evalPromptRoutes } from './routes/eval-prompt.ts'
import { evalTrendRoutes } from './routes/eval-trends.ts'
import { evalRoutes } from './routes/evals.ts'
import { exportRoutes } from './routes/export.ts'
import { healthRoutes } from './routes/health.ts'
import { indexRoutes } from './routes/index.ts'
import { integrityRoutes } from './routes/integrity.ts'
import { judgeRoutes } from './routes/judges.ts'
import { keyRoutes } from './routes/keys.ts'
import { labelRoutes } from './routes/labels.ts'
import { liveAgentRoutes } from './routes/live-agents.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { offlineRoutes } from './routes/offline.ts'
import { openApiRoutes } from './routes/openapi.ts'
import { rebaselineRoute } from './routes/rebaseline.ts'
import { replayRoutes } from './routes/replays.ts'
import { resultRoutes } from './routes/results.ts'
import { scorecardRoutes } from './routes/scorecards.ts'
import { sessionRoutes } from './routes/session.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { subscribeRoutes } from './routes/subscribe.ts'
import { traceSearchRoutes } from './routes/trace-search.ts'
import { traceTestRoutes } from './routes/trace-test.ts'
import { traceWhyRoutes } from './routes/trace-why.ts'
import { traceRoutes } from './routes/traces.ts'
import { usageRoutes } from './routes/usage.ts'
import type { Hub, HubStats } from './subscribe/hub.ts'
import { openHub } from './subscribe/open-hub.ts'
import { createUpgrades, wantsSubscription } from './subscribe/websocket.ts'
import { tracedRequests } from './traced-requests.ts'
import { webPages } from './web-pages.ts'

export type { DefinitionsView, HealthInfo } from './api-context.ts'

const DRAIN_MS = 3_000

export interface ApiOptions extends ApiContext {
  host: string
  /** 0 takes a free one. */
  port: number
  /** Who may ask, and for which tenant. */
  gate: Gate
  /** Plain HTTP unless told. */
  tls?: ServerTls | null
  /** A request failed by a bug or by the store; one line. */
  onProblem?: (message: string) => void
}

export interface Api {
  readonly port: number
  /** Of subscriptions; null where there are none. */
  streams(): HubStats | null
  /** Of people, programs and subscribers. */
  openConnections(): number
  /** Takes no new connections, lets requests on their way end. */
  drain(): Promise<void>
}

/** As `/metrics` has it. */
export function statsOfApi(api: Pick<Api, 'streams' | 'openConnections'>): Record<string, unknown> {
  return { subscriptions: api.streams(), http: { openConnections: api.openConnections() } }
}

/** The routes, without a listener. `isLocal`: it listens on loopback, so requests by another name are refused. */
export function buildApi(
  context: ApiContext,
  options: {
    gate: Gate
    isLocal: boolean
    isDraining?: () => boolean
    onProblem?: ((message: string) => void) | undefined
    hub?: Hub | undefined
  },
): ApiApp {
  const app: ApiApp = new Hono<ApiEnv>()
  /** A proxy on this machine passes on the name that people know. */
  const publicHost = URL.parse(context.publicUrl ?? '')?.host
  app.use(async (request, next) => {
    await next()
    const { headers } = request.res
    headers.set('x-content-type-options', 'nosniff')
    // What is no page runs nothing, whatever a browser takes it for.
    if (!headers.has('content-security-policy')) {
      headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
      headers.set('referrer-policy', 'no-referrer')
    }
    if (!request.res.headers.has('cache-control')) request.res.headers.set('cache-control', 'no-store')
    if (options.isDraining?.()) request.res.headers.set('connection', 'close')
  })
  app.use(async (request, next) => {
    const host = request.req.header('host')
    if (options.isLocal && !isLoopbackHost(host) && host !== publicHost)
      return problem(request, 403, 'unexpected Host header')
    // A page may open a WebSocket anywhere, and no browser asks whether it may.
    const isWebSocket = request.req.header('upgrade') !== undefined
    if ((request.req.method !== 'GET' || isWebSocket) && isCrossSite({ origin: request.req.header('origin'), host }))
      return problem(request, 403, 'requests from pages of other sites are refused')
    return next()
  })
  if (context.web !== undefined) app.use(webPages(context.web))
  app.use(tracedRequests)
  app.use(admission(options.gate, context.signIn?.sessions ?? null))
  app.use(limitedBodies(ROUTES))
  app.use(audited(context))
  indexRoutes(app)
  sessionRoutes(app, options.gate, context)
  signInRoutes(app, context, options.onProblem ?? (() => {}))
  openApiRoutes(app)
  healthRoutes(app, context)
  metricsRoutes(app, context)
  traceRoutes(app, context)
  traceSearchRoutes(app, context)
  traceWhyRoutes(app, context)
  traceTestRoutes(app, context)
  resultRoutes(app, context)
  usageRoutes(app, context)
  evalRoutes(app, context)
  offlineRoutes(app, context)
  labelRoutes(app, context)
  evalTrendRoutes(app, context)
  evalPromptRoutes(app, context)
  evalDetailRoutes(app, context)
  alertRoutes(app, context)
  rebaselineRoute(app, context)
  scorecardRoutes(app, context)
  liveAgentRoutes(app, context)
  subscribeRoutes(app, context, options.hub)
  judgeRoutes(app, context)
  exportRoutes(app, context)
  definitionRoutes(app, context)
  deadLetterRoutes(app, context)
  keyRoutes(app, context)
  erasureRoutes(app, context)
  replayRoutes(app, context)
  integrityRoutes(app, context)
  backupRoutes(app, context)
  app.notFound((request) => problem(request, 404, `there is nothing at ${request.req.method} ${request.req.path}`))
  app.onError((error, request) => {
    if (error instanceof QueryLimitError) return ofLimit(request, error)
    options.onProblem?.(`${request.req.method} ${request.req.path} failed: ${error.message}`)
    return problem(request, 500, 'the request failed; the log of this Assay says why')
  })
  return app
}

/** A query that asks for too much is the client's to change; a store that is busy is worth another try. */
function ofLimit(request: Context, { limit, message }: QueryLimitError): Response {
  if (limit !== 'busy') return problem(request, 422, message)
  const response = problem(request, 503, message)
  response.headers.set('retry-after', '5')
  return response
}

/** Listens. Rejects with the system's error (`EADDRINUSE` and the like) where it can't. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { host, port, gate, onProblem, tls = null, ...context } = options
  const isLocal = host === 'localhost' || isLoopback(host)
  const hub = openHub(context, onProblem)
  const api = await listen({ host, port, tls }, (isDraining) =>
    buildApi(context, { gate, isLocal, onProblem, isDraining, hub }),
  ).catch(async (error: unknown) => {
    await hub?.close()
    throw error
  })
  return {
    port: api.port,
    streams: () => hub?.stats() ?? null,
    openConnections: api.openConnections,
    drain: async () => {
      // Streams end only when they are ended.
      const draining = api.drain()
      await hub?.close()
      await draining
    },
  }
}

/** `/health`, `/ready` and `/metrics` alone, for a process that has no API. */
export function startHealth(options: {
  host: string
  port: number
  status: ApiContext['status']
  metrics?: ApiContext['metrics']
}): Promise<Api> {
  return listen({ ...options, tls: null }, () => {
    const app: ApiApp = new Hono<ApiEnv>()
    healthRoutes(app, options)
    metricsRoutes(app, options)
    app.notFound((request) => problem(request, 404, 'there is nothing here but /health, /ready and /metrics'))
    return app
  })
}

async function listen(
  { host, port, tls }: { host: string; port: number; tls: ServerTls | null },
  build: (isDraining: () => boolean) => ApiApp,
): Promise<Api> {
  let draining = false
  const app = build(() => draining)
  const server = createAdaptorServer({
    fetch: app.fetch,
    ...(tls !== null && { createServer: createTlsServer }),
    serverOptions: { ...(tls !== null && tlsOptionsOf(tls)), shouldUpgradeCallback: wantsSubscription },
  })
  const upgrade = createUpgrades((request, bindings) => app.fetch(request, bindings))
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(request, socket, head))
  let openConnections = 0
  server.on('connection', (socket: Socket) => {
    openConnections++
    socket.once('close', () => openConnections--)
  })
  const handshakes = followHandshakes(server, tls !== null)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    streams: () => null,
    openConnections: () => openConnections,
    drain: () =>
      new Promise((resolve) => {
        draining = true
        // A client that holds its connection open without a request must not hold up the end.
        const force = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), DRAIN_MS)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
        handshakes.end()
      }),
  }
}
