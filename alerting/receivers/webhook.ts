/**
 * Anybody's webhook: the JSON that Alertmanager sends to webhooks (version 4), signed.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import { createHash, createHmac } from 'node:crypto'
import { tracePath } from '../../engine/alerting/example-json.ts'
import { headlineOf, traceUrl } from '../message.ts'
import { routeName } from '../notification.ts'
import type { Send } from '../outbound/send.ts'
import { labelledAlert } from './labels.ts'
import { deliveryOf } from './post-json.ts'
import type { AlertItem, AlertMessage, Message, NoticeMessage, Receiver } from './receiver.ts'

export const SIGNATURE_HEADER = 'assay-signature'

export interface WebhookOptions {
  readonly url: string
  /** What the signature is made with; null for none. */
  readonly secret: string | null
  readonly apiUrl: () => string | null
  readonly send: Send
  readonly nowMs: () => number
}

/** `t=1762000000,v1=…`: over the time, a dot and the body, so that an old request can't be sent again as a new one. */
export function signatureOf(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return `t=${seconds},v1=${mac}`
}

export function webhookReceiver({ url, secret, apiUrl, send, nowMs }: WebhookOptions): Receiver {
  return {
    takesInvestigations: true,
    deliver: async (message) => {
      const body = JSON.stringify(webhookBody(message, apiUrl()))
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey(message.id),
        ...(secret !== null && { [SIGNATURE_HEADER]: signatureOf(secret, body, nowMs()) }),
      }
      return deliveryOf(await send({ url, headers, body }), nowMs())
    },
  }
}

/** A header's value: short, and of plain characters. */
const idempotencyKey = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 32)

function webhookBody(message: Message, apiUrl: string | null): unknown {
  return message.kind === 'alerts' ? alertsBody(message, apiUrl) : noticeBody(message, apiUrl)
}

function alertsBody(message: AlertMessage, apiUrl: string | null): unknown {
  const alerts = message.items.map((item) => {
    const { endsAt, ...alert } = labelledAlert(item, message, apiUrl)
    return {
      status: item.transition.to === 'resolved' ? 'resolved' : 'firing',
      ...alert,
      // Alertmanager's zero time: it has not ended.
      endsAt: endsAt ?? '0001-01-01T00:00:00Z',
      fingerprint: createHash('sha256').update(item.key).digest('hex').slice(0, 16),
      assay: detailsOf(item, apiUrl),
    }
  })
  return {
    version: '4',
    groupKey: message.groupKey,
    truncatedAlerts: 0,
    status: message.event === 'resolved' ? 'resolved' : 'firing',
    receiver: routeName(message.route),
    groupLabels: common(
      alerts.map(({ labels }) => labels),
      ['alertname', 'tenant'],
    ),
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: apiUrl ?? '',
    alerts,
    // Ours, beside what Alertmanager has.
    event: message.event,
    title: headlineOf(message),
  }
}

/** All that there is to know, for programs. */
const detailsOf = (
  { key, transition, acknowledged, investigation = null }: AlertItem,
  apiUrl: string | null,
): unknown => ({
  incident: key,
  ...transition,
  examples: transition.examples.map((example) => ({
    ...example,
    path: tracePath(example),
    url: apiUrl === null ? null : traceUrl(apiUrl, example),
  })),
  acknowledged,
  investigation,
})

function noticeBody({ notice, route, tenant, id }: NoticeMessage, apiUrl: string | null): unknown {
  const labels = { alertname: `assay/${notice.id}`, severity: notice.severity, tenant }
  const annotations = { summary: notice.title, description: notice.lines.join('\n') }
  const startsAt = new Date(notice.atMs).toISOString()
  return {
    version: '4',
    groupKey: id,
    truncatedAlerts: 0,
    status: 'firing',
    receiver: routeName(route),
    groupLabels: { alertname: labels.alertname },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: apiUrl ?? '',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt,
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: createHash('sha256').update(notice.id).digest('hex').slice(0, 16),
      },
    ],
    event: notice.scorecard === undefined ? 'notice' : 'scorecard',
    title: notice.title,
    ...(notice.scorecard !== undefined && { scorecard: notice.scorecard }),
  }
}

/** What all of them have alike. */
function common(all: readonly Readonly<Record<string, string>>[], only?: readonly string[]): Record<string, string> {
  const [first, ...more] = all
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(
      ([name, value]) => (only?.includes(name) ?? true) && more.every((other) => other[name] === value),
    ),
  )
}
