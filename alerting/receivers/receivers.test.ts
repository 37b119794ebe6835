/** Each receiver against a local server that speaks its protocol and checks what it takes. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startAlertmanagerServer } from '../../test/support/alertmanager-server.ts'
import { MAIL_LOGIN, startMailServer } from '../../test/support/mail-server.ts'
import { ROUTING_KEY, startPagerDutyServer } from '../../test/support/pagerduty-server.ts'
import { jsonOf, type ServerRequest, startReceiverServer } from '../../test/support/receiver-server.ts'
import { BOT_TOKEN, startSlackApiServer } from '../../test/support/slack-api-server.ts'
import { startSlackServer, textOf } from '../../test/support/slack-server.ts'
import { cardTextOf, startTeamsServer } from '../../test/support/teams-server.ts'
import type { NotifiedTransition, Route } from '../notification.ts'
import { createReceivers, NO_RECEIVERS, type ReceiverSettings } from './config.ts'
import type { AlertEvent, AlertMessage, Delivery, Message } from './receiver.ts'
import { sampleMessage } from './sample.ts'
import { SIGNATURE_HEADER } from './webhook.ts'

const nowMs = Date.UTC(2026, 10, 21, 10)
const key = 'default/shop/leak/1762000000000-1'
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

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

const slackRoute: Route = { receiver: 'slack', target: '#shop' }
const sampleAt = (event: AlertEvent, route: Route = slackRoute) => ({
  id: key,
  tenant: 'default',
  route,
  event,
  atMs: nowMs,
  sinceMs: nowMs - 60_000,
})

function messageOf(
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

const many = (route: Route, count: number): AlertMessage => ({
  ...messageOf('firing', route),
  items: Array.from({ length: count }, (_, i) => ({
    key: `${key}-${i}`,
    transition: transitionOf('firing', { alertId: `shop/leak_${i}`, title: `Leak ${i} ${'long '.repeat(60)}` }),
    acknowledged: null,
  })),
})

const notice = (route: Route): Message => ({
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

interface Harness {
  route: Route
  settings: Partial<ReceiverSettings>
  fail(...faults: ({ status: number; retryAfterSeconds?: number } | 'disconnect')[]): void
  taken(): string[]
  close(): Promise<void>
}

const harnesses: Readonly<Record<string, () => Promise<Harness>>> = {
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

function receiverOf({ route, settings }: Pick<Harness, 'route' | 'settings'>) {
  const all = { ...NO_RECEIVERS, allowPrivate: ['127.0.0.1'], ...settings }
  const receiver = createReceivers(all, { apiUrl: () => 'https://assay.example', nowMs: () => nowMs }).find(route)
  if (receiver === null) throw new Error('not configured')
  return receiver
}

describe.each(Object.entries(harnesses))('%s', (name, start) => {
  const using = async (run: (harness: Harness, deliver: (message: Message) => Promise<Delivery>) => Promise<void>) => {
    const harness = await start()
    try {
      await run(harness, (message) => receiverOf(harness).deliver(message))
    } finally {
      await harness.close()
    }
  }

  test('takes a firing with its evidence, its reminder, acknowledgement and end', () =>
    using(async ({ route, taken }, deliver) => {
      const first = await deliver(messageOf('firing', route))
      expect(first.kind).toBe('delivered')
      expect(taken()[0]).toContain('a***@e***.com')
      expect(taken()[0]).toContain(traceId)
      const ref = first.kind === 'delivered' ? (first.ref ?? null) : null
      for (const event of ['reminder', 'acknowledged', 'resolved'] as const)
        expect(await deliver(messageOf(event, route, ref))).toMatchObject({ kind: 'delivered' })
      expect(taken().length).toBeGreaterThanOrEqual(4)
    }))

  test('takes many alerts together, and a notice', () =>
    using(async ({ route, taken }, deliver) => {
      expect(await deliver(many(route, 60))).toMatchObject({ kind: 'delivered' })
      expect(taken()[0]).toContain('Leak 0')
      expect(await deliver(notice(route))).toMatchObject({ kind: 'delivered' })
      expect(taken().at(-1)).toContain('A message was not delivered')
    }))

  test('tries again when it is told to wait, when the server is ill, and when the line breaks', () =>
    using(async ({ route, fail, taken }, deliver) => {
      fail({ status: 429, retryAfterSeconds: 7 }, { status: 503 }, 'disconnect', { status: 404 })
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'retry', afterMs: 7_000 })
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'retry', afterMs: null })
      expect(await deliver(messageOf('firing', route))).toMatchObject({
        kind: 'retry',
        reason: 'network error ECONNRESET',
      })
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'refused' })
      expect(taken()).toEqual([])
    }))

  test('is not reached at a private address that is not allowed', () =>
    using(async (harness) => {
      const closed = receiverOf({ ...harness, settings: { ...harness.settings, allowPrivate: [] } })
      const delivery = await closed.deliver(messageOf('firing', harness.route))
      expect(delivery).toMatchObject({ kind: 'refused', reason: expect.stringContaining('alerts.allowPrivate') })
      expect(JSON.stringify(delivery)).not.toContain('secret')
      expect(harness.taken()).toEqual([])
    }))

  test(`shows a trace's text as it is: ${name}`, () =>
    using(async ({ route, taken }, deliver) => {
      await deliver(messageOf('firing', route))
      const text = taken()[0]!
      if (name.startsWith('slack')) expect(text).toContain('An answer &lt;leaks&gt; *personal* data')
      else expect(text).toContain('An answer <leaks> *personal* data')
    }))
})

describe('pagerduty', () => {
  test('makes one incident of a key, however often it is triggered', async () => {
    const server = await startPagerDutyServer()
    const route: Route = { receiver: 'pagerduty', target: 'shop' }
    const settings = {
      pagerduty: {
        ...NO_RECEIVERS.pagerduty,
        url: server.enqueueUrl,
        routingKeyByService: new Map([['shop', ROUTING_KEY]]),
      },
    }
    const receiver = receiverOf({ route, settings })
    for (const event of ['firing', 'firing', 'acknowledged', 'resolved'] as const)
      await receiver.deliver(messageOf(event, route))
    expect(server.incidents).toEqual([{ key, state: 'resolved', triggers: 2 }])
    expect(server.events[0]).toMatchObject({
      payload: { severity: 'critical', source: 'shop/no_pii', component: 'shop/leak' },
      links: [{ href: `https://assay.example/traces/${traceId}?span=53995c3f42cd8ad8` }],
    })
    await server.close()
  })
})

describe('the webhook', () => {
  test('sends what Alertmanager sends, signed over the time and the body', async () => {
    const requests: ServerRequest[] = []
    const server = await startReceiverServer((request) => {
      requests.push(request)
      return { status: 200, body: '' }
    })
    const endpoints = new Map([['tickets', { url: `${server.url}/in`, secret: 'shared' }]])
    const route: Route = { receiver: 'webhook', target: 'Tickets' }
    const receiver = receiverOf({ route, settings: { webhook: { secret: null, endpoints } } })
    await receiver.deliver(messageOf('firing', route))
    await receiver.deliver(messageOf('resolved', route))
    const [first, second] = requests
    const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first!.headers[SIGNATURE_HEADER])) ?? []
    expect(Number(time) * 1000).toBe(nowMs)
    expect(createHmac('sha256', 'shared').update(`${time}.${first!.body}`).digest('hex')).toBe(mac)
    expect(first!.headers['idempotency-key']).not.toBe(second!.headers['idempotency-key'])
    expect(jsonOf(first!)).toMatchObject({
      version: '4',
      status: 'firing',
      receiver: 'webhook("Tickets")',
      groupLabels: { alertname: 'shop/leak' },
      commonLabels: { severity: 'page', eval: 'shop/no_pii', owner: '@shop' },
      externalURL: 'https://assay.example',
      alerts: [
        {
          status: 'firing',
          startsAt: '2026-11-21T09:59:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          assay: { incident: key },
        },
      ],
    })
    expect(jsonOf(second!)).toMatchObject({
      status: 'resolved',
      alerts: [{ status: 'resolved', endsAt: '2026-11-21T10:00:00.000Z' }],
    })
    await server.close()
  })
})

describe('the Slack bot', () => {
  test('keeps the first message up to date, and tells the thread', async () => {
    const server = await startSlackApiServer()
    const settings = { slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: server.baseUrl } }
    const receiver = receiverOf({ route: slackRoute, settings })
    const first = await receiver.deliver(messageOf('firing', slackRoute))
    const ref = first.kind === 'delivered' ? first.ref! : ''
    await receiver.deliver(messageOf('reminder', slackRoute, ref))
    await receiver.deliver(messageOf('acknowledged', slackRoute, ref))
    await receiver.deliver(messageOf('resolved', slackRoute, ref))
    const [top, ...thread] = server.posts
    expect(top).toMatchObject({ channel: 'CSHOP', threadTs: null, versions: 3 })
    expect(top!.payload.text).toContain('Resolved:')
    expect(thread.map(({ threadTs }) => threadTs)).toEqual([top!.ts, top!.ts, top!.ts])
    expect(thread.map(({ payload }) => payload.text!.split(':')[0])).toEqual([
      'Still firing',
      'Acknowledged',
      'Resolved',
    ])
    expect(textOf({ path: '', atMs: 0, payload: thread[1]!.payload })).toContain(
      'Acknowledged by ann until 2026-11-21 11:00 UTC: on it',
    )
    await server.close()
  })

  test.each([
    ['ratelimited', 'retry'],
    ['internal_error', 'retry'],
    ['invalid_auth', 'refused'],
    ['channel_not_found', 'refused'],
  ])('%s, which comes with a 200, is a %s', async (error, kind) => {
    const server = await startSlackApiServer()
    server.refuse(error)
    const settings = { slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: server.baseUrl } }
    const delivery = await receiverOf({ route: slackRoute, settings }).deliver(messageOf('firing', slackRoute))
    expect(delivery).toMatchObject({ kind, reason: `Slack: ${error}` })
    await server.close()
  })
})

describe('alertmanager', () => {
  test('is told often enough to keep an alert, and when it ends', async () => {
    const server = await startAlertmanagerServer()
    const route: Route = { receiver: 'alertmanager', target: server.url }
    const receiver = receiverOf({ route, settings: {} })
    await receiver.deliver(messageOf('firing', route))
    expect(server.active(nowMs + 2 * receiver.repeatEveryMs!)).toHaveLength(1)
    expect(server.active(nowMs + 3_600_000)).toHaveLength(0)
    await receiver.deliver(messageOf('resolved', route))
    expect(server.active(nowMs)).toHaveLength(0)
    await server.close()
  })
})

describe('e-mail', () => {
  const route: Route = { receiver: 'email', target: 'ops@example.com' }
  const from = 'Assay <assay@example.com>'

  test('an incident is one thread', async () => {
    const server = await startMailServer()
    const receiver = receiverOf({ route, settings: { email: { smtpUrl: server.url, from } } })
    const first = await receiver.deliver(messageOf('firing', route))
    const ref = first.kind === 'delivered' ? first.ref! : ''
    expect(await receiver.deliver(messageOf('resolved', route, ref))).toMatchObject({ kind: 'delivered' })
    expect(server.mails.map(({ from, to }) => [from, to])).toEqual([
      ['assay@example.com', ['ops@example.com']],
      ['assay@example.com', ['ops@example.com']],
    ])
    const [one, two] = server.mails.map(({ source }) => source)
    expect(one).toContain(`Message-ID: ${ref}`)
    expect(two).toContain(`In-Reply-To: ${ref}`)
    expect(one).toMatch(/Subject: \[page\] Firing: An answer <leaks> \*personal\* data/)
    expect(one).toContain('An answer &lt;leaks&gt;')
    expect(one).toContain('multipart/alternative')
    await server.close()
  })

  test('a refusal for now is tried again, one for ever is not', async () => {
    const server = await startMailServer()
    const receiver = receiverOf({ route, settings: { email: { smtpUrl: server.url, from } } })
    server.fail(451, 550, 0)
    const deliver = (): Promise<Delivery> => receiver.deliver(messageOf('firing', route))
    expect(await deliver()).toMatchObject({ kind: 'retry', reason: expect.stringContaining('451') })
    expect(await deliver()).toMatchObject({ kind: 'refused', reason: expect.stringContaining('550') })
    expect(await deliver()).toMatchObject({ kind: 'retry' })
    expect(await deliver()).toMatchObject({ kind: 'delivered' })
    const wrong = server.url.replace(encodeURIComponent(MAIL_LOGIN.password), 'wrong')
    const locked = await receiverOf({ route, settings: { email: { smtpUrl: wrong, from } } }).deliver(
      messageOf('firing', route),
    )
    expect(locked).toMatchObject({ kind: 'refused', reason: expect.stringContaining('535') })
    await server.close()
  })

  test('a server at a private address that is not allowed gets none', async () => {
    const settings = { email: { smtpUrl: 'smtp://127.0.0.1:1', from }, allowPrivate: [] }
    expect(await receiverOf({ route, settings }).deliver(messageOf('firing', route))).toMatchObject({ kind: 'refused' })
  })
})
