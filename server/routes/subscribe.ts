import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { z } from 'zod'
import { compileScopeText, type ScopeProblem, type ScopeText } from '../../dsl/scope-text.ts'
import { compileScopeFilter } from '../../engine/evaluate/scope-filter.ts'
import type { ApiApp, ApiContext, ApiEnv } from '../api-context.ts'
import { parameter } from '../parameter.ts'
import { evalIdSchema, momentSchema, verdictParameter } from '../parameters.ts'
import { badRequest, problem } from '../problem.ts'
import type { Wanted } from '../subscribe/group.ts'
import type { Hub } from '../subscribe/hub.ts'
import { parsePlaces } from '../subscribe/positions.ts'
import { sseSink } from '../subscribe/sse-sink.ts'
import { STREAMS, type Stream } from '../subscribe/streams.ts'
import type { Upgrade } from '../subscribe/websocket.ts'

const MAX_SCOPE_CHARS = 2_000

const streamsSchema = parameter(`a list of ${STREAMS.join(', ')}`, (text) => {
  const named = text.split(',').map((one) => STREAMS.find((stream) => stream === one.trim()))
  return named.every((one): one is Stream => one !== undefined) ? [...new Set(named)] : null
})

/** Query of `GET /v1/subscribe`. */
export const subscribeQuerySchema = (nowMs: number) =>
  z.strictObject({
    streams: streamsSchema.optional(),
    scope: z.string().min(1).max(MAX_SCOPE_CHARS).optional(),
    roots: z.enum(['true', 'false'], 'must be true or false').default('false'),
    eval: evalIdSchema.optional(),
    verdict: verdictParameter.optional(),
    since: momentSchema(nowMs).optional(),
    lastEventId: z.string().optional(),
  })

/** What those who listen to it on Node have at hand. */
interface NodeBindings {
  readonly outgoing: ServerResponse
  /** Of a WebSocket. */
  readonly upgrade?: Upgrade
}

/** `GET /v1/subscribe?streams=&scope=&roots=&eval=&verdict=&since=`: spans, verdicts, alerts and agents as they come, as Server-Sent Events or over a WebSocket. */
export function subscribeRoutes(app: ApiApp, { liveState, nowMs }: ApiContext, hub: Hub | undefined): void {
  app.get('/v1/subscribe', async (context) => {
    const schema = subscribeQuerySchema(nowMs())
    const parsed = schema.safeParse(context.req.query())
    if (!parsed.success) return badRequest(context, parsed.error, Object.keys(schema.shape))
    if (hub === undefined) return problem(context, 503, 'there is no log here to subscribe to')
    const { scope = null, eval: evalId = null, verdict = null, since: sinceMs, lastEventId } = parsed.data
    const { streams = STREAMS.filter((one) => one !== 'agents' || liveState !== undefined) } = parsed.data
    if (streams.includes('agents') && liveState === undefined)
      return problem(context, 503, 'live agents need the state that instances share: set REDIS_URL for this role')
    const id = context.req.header('last-event-id') ?? lastEventId
    const places = id === undefined || id === '' ? null : parsePlaces(id)
    if (id !== undefined && id !== '' && places === null)
      return problem(context, 400, 'Last-Event-ID is no id of an event of this route')
    const compiled = scope === null ? null : compileScopeText(scope)
    if (compiled?.ok === false) return refusedScope(context, compiled.problems)
    const { tenant } = context.var.principal
    const format = (context.env as NodeBindings | undefined)?.upgrade === undefined ? 'sse' : 'json'
    const isOfRoots = parsed.data.roots === 'true'
    const wanted = { tenant, streams, scope, isOfRoots, evalId, verdict, format } satisfies Wanted
    if (context.req.method === 'HEAD') return context.body(null, 200, { 'content-type': 'text/event-stream' })
    return startStream(context, hub, wanted, compiled, places ?? (sinceMs === undefined ? null : { sinceMs }))
  })
}

async function startStream(
  context: Context<ApiEnv>,
  hub: Hub,
  wanted: Wanted,
  compiled: (ScopeText & { ok: true }) | null,
  start: Parameters<Hub['subscribe']>[2],
): Promise<Response> {
  const { outgoing, upgrade } = context.env as NodeBindings
  let gone = upgrade === undefined && outgoing.destroyed
  let unsubscribe = (): void => {
    gone = true
  }
  const onGone = (): void => unsubscribe()
  if (upgrade === undefined) outgoing.once('close', onGone)
  const sink = upgrade === undefined ? sseSink(outgoing) : upgrade.sink(onGone)
  const subscribed = await hub.subscribe(
    wanted,
    () => (compiled === null ? null : compileScopeFilter(compiled.scope, compiled.patterns)),
    start,
    { sink, isAdmitted: context.var.isAdmitted },
  )
  if (!subscribed.ok) {
    const response = problem(context, 503, 'there are as many subscriptions here as there may be; try another instance')
    response.headers.set('retry-after', '5')
    return response
  }
  unsubscribe = subscribed.unsubscribe
  if (gone) unsubscribe()
  return RESPONSE_ALREADY_SENT
}

function refusedScope(context: Context, problems: readonly ScopeProblem[]): Response {
  const errors = problems.map(({ code, message, line, column }) => ({
    parameter: 'scope',
    message: `${code === null ? '' : `${code}: `}${message}`,
    line,
    column,
  }))
  const detail = errors.map(({ message, line, column }) => `scope ${line}:${column}: ${message}`).join('; ')
  return problem(context, 400, detail, errors)
}
