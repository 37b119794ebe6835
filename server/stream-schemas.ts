/** What subscribers are told, by type: `data` of an event of `GET /v1/subscribe`, `type` its name, `id` where to go on from. */
import { z } from 'zod'
import { alertTransitionJsonSchema, liveAgentSchema, resultSchema, traceSpanSchema } from './schemas.ts'
import { LOG_STREAMS, STREAMS } from './subscribe/streams.ts'

const id = z.string()

export const streamEventSchema = z.discriminatedUnion('type', [
  /** The subscription has begun; what comes after the id is told. */
  z.object({
    type: z.literal('ready'),
    id: id.optional(),
    data: z.object({ streams: z.array(z.enum(STREAMS)), heartbeatMs: z.int() }),
  }),
  z.object({ type: z.literal('span'), id, data: traceSpanSchema.omit({ results: true }) }),
  z.object({ type: z.literal('result'), id, data: resultSchema }),
  z.object({ type: z.literal('alert'), id, data: alertTransitionJsonSchema }),
  /** What an agent does now, when that changed. */
  z.object({ type: z.literal('agent'), data: liveAgentSchema }),
  /** It has been silent for so long that it is no longer followed. */
  z.object({ type: z.literal('agent_gone'), data: liveAgentSchema.pick({ agent: true, env: true }) }),
  /** `dropped`: events in all for which this client was too slow. */
  z.object({ type: z.literal('heartbeat'), id: id.optional(), data: z.object({ dropped: z.int() }) }),
  /** Events that were left out since the last that came: the client was too slow. */
  z.object({ type: z.literal('dropped'), data: z.object({ events: z.int(), inAll: z.int() }) }),
  /** Records that came while nobody listened and are gone, too old to be brought, or spans of which roots alone are wanted. */
  z.object({ type: z.literal('gap'), data: z.object({ stream: z.enum(LOG_STREAMS), records: z.int() }) }),
])
