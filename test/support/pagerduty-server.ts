/** PagerDuty's Events API v2 on loopback: https://developer.pagerduty.com/docs/send-alert-event */
import { z } from 'zod'
import { jsonOf, type ReceiverServer, startReceiverServer } from './receiver-server.ts'

const eventSchema = z
  .strictObject({
    routing_key: z.string().length(32),
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: z.string().min(1).max(255).optional(),
    payload: z
      .strictObject({
        summary: z.string().min(1).max(1024),
        source: z.string().min(1),
        severity: z.enum(['critical', 'error', 'warning', 'info']),
        timestamp: z.iso.datetime({ offset: true }).optional(),
        component: z.string().optional(),
        group: z.string().optional(),
        class: z.string().optional(),
        custom_details: z.unknown(),
      })
      .optional(),
    images: z
      .array(z.strictObject({ src: z.string(), href: z.string().optional(), alt: z.string().optional() }))
      .optional(),
    links: z.array(z.strictObject({ href: z.string(), text: z.string().optional() })).optional(),
    client: z.string().optional(),
    client_url: z.string().optional(),
  })
  .refine(({ event_action, payload }) => event_action !== 'trigger' || payload !== undefined, 'payload is missing')
  .refine(
    ({ event_action, dedup_key }) => event_action === 'trigger' || dedup_key !== undefined,
    'dedup_key is missing',
  )

export type PagerDutyEvent = z.infer<typeof eventSchema>

export interface Incident {
  readonly key: string
  state: 'triggered' | 'acknowledged' | 'resolved'
  triggers: number
}

export interface PagerDutyServer extends ReceiverServer {
  readonly enqueueUrl: string
  readonly events: readonly PagerDutyEvent[]
  /** As PagerDuty makes them of events: one while a key is open. */
  readonly incidents: readonly Incident[]
}

export const ROUTING_KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU'.slice(0, 32)

export async function startPagerDutyServer(): Promise<PagerDutyServer> {
  const events: PagerDutyEvent[] = []
  const incidents: Incident[] = []
  const open = (key: string): Incident | undefined =>
    incidents.find((incident) => incident.key === key && incident.state !== 'resolved')
  const take = ({ event_action, dedup_key: key = `made up ${events.length}` }: PagerDutyEvent): void => {
    const incident = open(key)
    if (event_action === 'trigger') {
      if (incident === undefined) incidents.push({ key, state: 'triggered', triggers: 1 })
      else incident.triggers++
    } else if (incident !== undefined) incident.state = event_action === 'resolve' ? 'resolved' : 'acknowledged'
  }
  const server = await startReceiverServer((request) => {
    const json = { 'content-type': 'application/json' }
    if (request.method !== 'POST' || request.path !== '/v2/enqueue') return { status: 404, body: 'not found' }
    const parsed = eventSchema.safeParse(jsonOf(request))
    if (!parsed.success) {
      const errors = parsed.error.issues.map(({ message, path }) => `${path.join('.')}: ${message}`)
      const body = { status: 'invalid event', message: 'Event object is invalid', errors }
      return { status: 400, body: JSON.stringify(body), headers: json }
    }
    events.push(parsed.data)
    take(parsed.data)
    const body = { status: 'success', message: 'Event processed', dedup_key: parsed.data.dedup_key }
    return { status: 202, body: JSON.stringify(body), headers: json }
  })
  return { ...server, enqueueUrl: `${server.url}/v2/enqueue`, events, incidents }
}
