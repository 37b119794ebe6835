/** PagerDuty's Events API v2: https://developer.pagerduty.com/docs/send-alert-event */
import { createHash } from 'node:crypto'
import { acknowledgementText, describeAlert, foundLines, traceUrl } from '../message.ts'
import type { Send } from '../outbound/send.ts'
import { postJson } from './post-json.ts'
import type { AlertItem, AlertMessage, Delivery, Message, NoticeMessage, Receiver } from './receiver.ts'

export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue'

const SUMMARY_CHARS = 1024
const KEY_CHARS = 255

export interface PagerDutyOptions {
  readonly url: string
  readonly routingKey: string
  readonly apiUrl: () => string | null
  readonly send: Send
  readonly nowMs: () => number
}

const severities = { page: 'critical', ticket: 'warning', info: 'info' } as const
const actions = {
  firing: 'trigger',
  reminder: 'trigger',
  acknowledged: 'acknowledge',
  investigated: 'trigger',
  resolved: 'resolve',
} as const

/** One incident a key, however often its trigger is sent. */
export const dedupKeyOf = (key: string): string =>
  key.length <= KEY_CHARS ? key : createHash('sha256').update(key).digest('hex')

export function pagerDutyReceiver({ url, routingKey, apiUrl, send, nowMs }: PagerDutyOptions): Receiver {
  const post = (event: object): Promise<Delivery> =>
    postJson({ send, url, nowMs, body: { routing_key: routingKey, client: 'Assay', ...event } })
  return {
    oneByOne: true,
    reminds: true,
    // An incident that is open takes another trigger of its key into its log, and pages nobody.
    takesInvestigations: true,
    deliver: async (message: Message) => {
      if (message.kind === 'notice') return post(noticeEvent(message))
      for (const item of message.items) {
        const delivery = await post(alertEvent(message, item, apiUrl()))
        if (delivery.kind !== 'delivered') return delivery
      }
      return { kind: 'delivered' }
    },
  }
}

function alertEvent(message: AlertMessage, item: AlertItem, apiUrl: string | null): object {
  const action = actions[message.event]
  const keyed = { event_action: action, dedup_key: dedupKeyOf(item.key) }
  if (action !== 'trigger') return keyed
  const { transition } = item
  const { headline, numbers, note, why, examples } = describeAlert(transition)
  const { alertId, evalId, severity, owner, atMs } = transition
  const found = foundLines(item)
  const details = {
    numbers,
    ...(note !== null && { note }),
    ...(why.length > 0 && { why }),
    ...(found.length > 0 && { investigation: found }),
    eval: evalId,
    alert: alertId,
    ...(owner !== null && { owner }),
    ...(acknowledgementText(message) !== null && { acknowledged: acknowledgementText(message) }),
    examples: examples.map(({ what, traceId, spanId, details }) => ({ what, traceId, spanId, details })),
  }
  return {
    ...keyed,
    ...(apiUrl !== null && { client_url: apiUrl }),
    payload: {
      summary: `${headline} (${numbers})`.slice(0, SUMMARY_CHARS),
      source: evalId,
      severity: severities[severity],
      timestamp: new Date(atMs).toISOString(),
      component: alertId,
      group: message.tenant,
      class: 'eval',
      custom_details: details,
    },
    ...(apiUrl !== null && {
      links: examples.map((one) => ({ href: traceUrl(apiUrl, one), text: `${one.what} ${one.traceId}` })),
    }),
  }
}

const noticeEvent = ({ notice, tenant }: NoticeMessage): object => ({
  event_action: 'trigger',
  dedup_key: dedupKeyOf(`${tenant}/${notice.id}`),
  payload: {
    summary: notice.title.slice(0, SUMMARY_CHARS),
    source: 'assay',
    severity: severities[notice.severity],
    timestamp: new Date(notice.atMs).toISOString(),
    custom_details: { lines: notice.lines },
  },
})
