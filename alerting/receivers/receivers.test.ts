/** Each receiver against a local server that speaks its protocol and checks what it takes. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { startAlertmanagerServer } from '../../test/support/alertmanager-server.ts'
import { ROUTING_KEY, startPagerDutyServer } from '../../test/support/pagerduty-server.ts'
import {
  type Harness,
  harnesses,
  key,
  many,
  messageOf,
  notice,
  nowMs,
  receiverOf,
  traceId,
} from '../../test/support/receiver-fixture.ts'
import { jsonOf, type ServerRequest, startReceiverServer } from '../../test/support/receiver-server.ts'
import type { Route } from '../notification.ts'
import { NO_RECEIVERS } from './config.ts'
import type { Delivery, Message } from './receiver.ts'
import { SIGNATURE_HEADER } from './webhook.ts'

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

  test.each([
    [400, 'refused'],
    [401, 'refused'],
    [403, 'refused'],
    [410, 'refused'],
    [413, 'refused'],
    [408, 'retry'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [504, 'retry'],
  ])('an answer of %i is a %s, and what it says of the reason is kept', (status, kind) =>
    using(async ({ route, fail, taken, requestCount }, deliver) => {
      fail({ status, body: 'because of the weather' })
      const delivery = await deliver(messageOf('firing', route))
      expect(delivery).toMatchObject({ kind, reason: `HTTP ${status} because of the weather` })
      if (kind === 'retry') expect(delivery).toMatchObject({ afterMs: null })
      expect([taken(), requestCount()]).toEqual([[], 1])
    }),
  )

  test('waits until the time that it is told, and no time at all where it is no time', () =>
    using(async ({ route, fail }, deliver) => {
      const date = new Date(nowMs + 90_000).toUTCString()
      fail({ status: 503, headers: { 'retry-after': date } }, { status: 429, headers: { 'retry-after': 'soon' } })
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'retry', afterMs: 90_000 })
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'retry', afterMs: null })
    }))

  test('does not go where it is sent on to', () =>
    using(async ({ route, fail }, deliver) => {
      const elsewhere = await startReceiverServer(() => ({ status: 200, body: '{"ok":true}' }))
      for (const status of [301, 302, 307, 308]) {
        fail({ status, headers: { location: `${elsewhere.url}/inside` } })
        expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'refused' })
      }
      expect(elsewhere.requestCount()).toBe(0)
      await elsewhere.close()
    }))

  test('what it took and did not answer to is sent again', () =>
    using(async ({ route, fail, taken }, deliver) => {
      fail('accept_then_disconnect')
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'retry' })
      expect(await deliver(messageOf('firing', route))).toMatchObject({ kind: 'delivered' })
      expect(taken()).toHaveLength(2)
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
  test('an event that it does not understand is refused, in its words', async () => {
    const server = await startPagerDutyServer()
    const route: Route = { receiver: 'pagerduty', target: 'shop' }
    const pagerduty = { ...NO_RECEIVERS.pagerduty, url: server.enqueueUrl, routingKey: 'too short' }
    const delivery = await receiverOf({ route, settings: { pagerduty } }).deliver(messageOf('firing', route))
    expect(delivery).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/^HTTP 400 .*Event object is inval/),
    })
    expect(JSON.stringify(delivery)).not.toContain('too short')
    expect(server.incidents).toEqual([])
    await server.close()
  })

  test('an event whose answer was lost makes no second incident', async () => {
    const server = await startPagerDutyServer()
    const route: Route = { receiver: 'pagerduty', target: 'shop' }
    const pagerduty = { ...NO_RECEIVERS.pagerduty, url: server.enqueueUrl, routingKey: ROUTING_KEY }
    const receiver = receiverOf({ route, settings: { pagerduty } })
    server.fail('accept_then_disconnect')
    await receiver.deliver(messageOf('firing', route))
    await receiver.deliver(messageOf('firing', route))
    expect(server.incidents).toEqual([{ key, state: 'triggered', triggers: 2 }])
    await server.close()
  })

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

describe('the webhook that took a message and did not say so', () => {
  test('gets it again by the same key, signed anew', async () => {
    const requests: ServerRequest[] = []
    const server = await startReceiverServer((request) => {
      requests.push(request)
      return { status: 200, body: '' }
    })
    server.fail('accept_then_disconnect')
    const route: Route = { receiver: 'webhook', target: server.url }
    const receiver = receiverOf({ route, settings: { webhook: { secret: 'shared', endpoints: new Map() } } })
    await receiver.deliver(messageOf('firing', route))
    await receiver.deliver(messageOf('firing', route))
    const [first, second] = requests
    expect(first!.headers['idempotency-key']).toBe(second!.headers['idempotency-key'])
    expect(first!.headers[SIGNATURE_HEADER]).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
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
