/** Messages, and local servers that speak the protocol of each receiver, for the tests of receivers. */

import type { NotifiedTransition, Route } from '../../alerting/notification.ts'
import { createReceivers, NO_RECEIVERS, type ReceiverSettings } from '../../alerting/receivers/config.ts'
import type { AlertEvent, AlertMessage, Message, Receiver } from '../../alerting/receivers/receiver.ts'
import { sampleMessage } from '../../alerting/receivers/sample.ts'
import { startAlertmanagerServer } from './alertmanager-server.ts'
import { ROUTING_KEY, startPagerDutyServer } from './pagerduty-server.ts'
import { type Fault, jsonOf, type ServerRequest, startReceiverServer } from './receiver-server.ts'
import { BOT_TOKEN, startSlackApiServer } from './slack-api-server.ts'
import { startSlackServer, textOf } from './slack-server.ts'
import { cardTextOf, startTeamsServer } from './teams-server.ts'

export const nowMs = Date.UTC(2026, 10, 21, 10)
export const key = 'default/shop/leak/1762000000000-1'
export const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

function transitionOf(event: AlertEvent, over: Partial<NotifiedTransition> = {}): NotifiedTransition {
  const [{ transition }] = [...sampleMessage({ ...sampleAt(event), ref: null }).items] as [
    AlertMessage['items'][number],
  ]
  return {
    ...transition,
    alertId: 'shop/leak',
    evalId: 'shop/no_pii',
    title: 'An answer <leaks> *personal* data',
    owner: '@shop',
    severity: 'page',
    examples: [
      {
        subjectKind: 'llm_call',
        traceId,
        spanId: '53995c3f42cd8ad8',
        agentName: 'support',
        score: undefined,
        reason: undefined,
        evidence: [{ field: 'output.text', pattern: 'pii.email', masked: 'a***@e***.com' }],
      },
    ],
    ...over,
  }
}

export const slackRoute: Route = { receiver: 'slack', target: '#shop' }
const sampleAt = (event: AlertEvent, route: Route = slackRoute) => ({
  id: key,
  tenant: 'default',
  route,
  event,
  atMs: nowMs,
  sinceMs: nowMs - 60_000,
})

export function messageOf(
  event: AlertEvent,
  route: Route,
  ref: string | null = null,
  over: Partial<NotifiedTransition> = {},
): AlertMessage {
  const acknowledged =
    event === 'acknowledged' ? { by: 'ann', reason: 'on it', atMs: nowMs, untilMs: nowMs + 3_600_000 } : null
  const items = [{ key, transition: transitionOf(event, over), acknowledged }]
  return { ...sampleMessage({ ...sampleAt(event, route), ref }), items, groupKey: 'default/shop/leak' }
}

export const many = (route: Route, count: number): AlertMessage => ({
  ...messageOf('firing', route),
  items: Array.from({ length: count }, (_, i) => ({
    key: `${key}-${i}`,
    transition: transitionOf('firing', { alertId: `shop/leak_${i}`, title: `Leak ${i} ${'long '.repeat(60)}` }),
    acknowledged: null,
  })),
})

export const notice = (route: Route): Message => ({
  kind: 'notice',
  id: 'default/given-up/1',
  tenant: 'default',
  route,
  atMs: nowMs,
  notice: {
    id: 'given-up/1',
    title: 'A message was not delivered',
    severity: 'ticket',
    lines: ['slack("#a"): <gone>'],
    atMs: nowMs,
  },
})

export interface Harness {
  route: Route
  settings: Partial<ReceiverSettings>
  fail(...faults: Fault[]): void
  requestCount(): number
  taken(): string[]
  close(): Promise<void>
}

export const harnesses: Readonly<Record<string, () => Promise<Harness>>> = {
  'slack webhook': async () => {
    const server = await startSlackServer()
    const settings = { slack: { ...NO_RECEIVERS.slack, webhookUrl: server.url() } }
    const taken = () => server.messages.map(textOf)
    return { ...server, route: slackRoute, settings, taken }
  },
  'slack bot': async () => {
    const server = await startSlackApiServer()
    const settings = { slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: server.baseUrl } }
    const taken = () => server.posts.map(({ payload }) => textOf({ path: '', atMs: 0, payload }))
    return { ...server, route: slackRoute, settings, taken }
  },
  pagerduty: async () => {
    const server = await startPagerDutyServer()
    const settings = { pagerduty: { ...NO_RECEIVERS.pagerduty, url: server.enqueueUrl, routingKey: ROUTING_KEY } }
    return {
      ...server,
      route: { receiver: 'pagerduty', target: 'shop' },
      settings,
      taken: () => server.events.map((event) => JSON.stringify(event)),
    }
  },
  webhook: async () => {
    const requests: ServerRequest[] = []
    const server = await startReceiverServer((request) => {
      requests.push(request)
      return { status: 204, body: '' }
    })
    const route: Route = { receiver: 'webhook', target: `${server.url}/hook` }
    return { ...server, route, settings: {}, taken: () => requests.map((request) => JSON.stringify(jsonOf(request))) }
  },
  teams: async () => {
    const server = await startTeamsServer()
    const settings = { teams: { ...NO_RECEIVERS.teams, webhookUrl: server.webhookUrl } }
    return {
      ...server,
      route: { receiver: 'teams', target: 'shop' },
      settings,
      taken: () => server.cards.map(cardTextOf),
    }
  },
  alertmanager: async () => {
    const server = await startAlertmanagerServer()
    const settings = { alertmanager: new Map([['main', { url: `${server.url}/`, token: 't' }]]) }
    const route: Route = { receiver: 'alertmanager', target: 'main' }
    return { ...server, route, settings, taken: () => server.posted.map((alert) => JSON.stringify(alert)) }
  },
}

export function receiverOf({ route, settings }: Pick<Harness, 'route' | 'settings'>): Receiver {
  const all = { ...NO_RECEIVERS, allowPrivate: ['127.0.0.1'], ...settings }
  const receiver = createReceivers(all, { apiUrl: () => 'https://assay.example', nowMs: () => nowMs }).find(route)
  if (receiver === null) throw new Error('not configured')
  return receiver
}
