import type { LookupAddress } from 'node:dns'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReceiverServer, startReceiverServer } from '../../test/support/receiver-server.ts'
import { addressPolicy, problemOfAllowed } from './private-addresses.ts'
import { type Lookup, resolveGuarded } from './resolve.ts'
import { createSend } from './send.ts'

let server: ReceiverServer
beforeAll(async () => {
  server = await startReceiverServer(() => ({ status: 200, body: 'ok' }))
})
afterAll(() => server.close())

const resolvingTo =
  (...answers: string[][]): Lookup =>
  (_host, _options, done) => {
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    done(
      null,
      answer.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }

const nobody = addressPolicy([])
const port = (): string => new URL(server.url).port
const request = (url: string) => ({ url, headers: {}, body: '{}' })

describe('private addresses', () => {
  test.each([
    '127.0.0.1',
    '127.8.8.8',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    'fd00:ec2::254',
    'fe80::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ])('%s is not connected to', (address) => {
    expect(nobody('host.example', address)).toBe(false)
  })

  test.each(['93.184.216.34', '172.32.0.1', '2606:2800:220:1::1', '100.128.0.1'])('%s is', (address) => {
    expect(nobody('host.example', address)).toBe(true)
  })

  test('exceptions are hosts, addresses and networks', () => {
    const policy = addressPolicy(['alerts.internal', '10.1.0.0/16', '::1', '127.0.0.1'])
    expect(policy('Alerts.Internal', '192.168.1.1')).toBe(true)
    expect(policy('other.internal', '192.168.1.1')).toBe(false)
    expect(policy('x', '10.1.255.1')).toBe(true)
    expect(policy('x', '10.2.0.1')).toBe(false)
    expect(policy('x', '::1')).toBe(true)
    expect(policy('x', '127.0.0.2')).toBe(false)
  })

  test.each([
    ['10.0.0.0/8', true],
    ['fd00::/8', true],
    ['10.0.0.0/33', false],
    ['10.0.0/8', false],
    ['alertmanager.internal', true],
    ['http://x', false],
    ['', false],
  ])('%s is an exception: %s', (entry, isFine) => {
    expect(problemOfAllowed(entry) === null).toBe(isFine)
  })
})

describe('requests', () => {
  test.each(['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]'])(
    'no connection is made to http://%s',
    async (host) => {
      const before = server.requestCount()
      const answer = await createSend(nobody)(request(`http://${host}:${port()}/`))
      expect(answer).toMatchObject({ kind: 'forbidden', reason: expect.stringContaining('ASSAY_ALERTS_ALLOW_PRIVATE') })
      expect(server.requestCount()).toBe(before)
    },
  )

  test.each([[['127.0.0.1']], [['::1', '127.0.0.1']]])('nor to a name that resolves to %j', async (addresses) => {
    const before = server.requestCount()
    const send = createSend(nobody, resolvingTo(addresses))
    expect(await send(request(`http://hook.example:${port()}/`))).toMatchObject({ kind: 'forbidden' })
    expect(server.requestCount()).toBe(before)
  })

  test('a name that changes its mind is asked once for each connection, and what was looked at is connected to', async () => {
    let asked = 0
    const policy = addressPolicy([])
    // Public when it is looked at; would be private when it is looked up again.
    const rebinding: Lookup = (host, options, done) => {
      asked++
      resolvingTo(asked === 1 ? ['192.0.2.1'] : ['127.0.0.1'])(host, options, done)
    }
    const isPublicForTheTest: typeof policy = (host, address) => address === '192.0.2.1' || policy(host, address)
    const answered = await resolveGuarded('hook.example', isPublicForTheTest, rebinding)
    expect(answered).toBe('192.0.2.1')
    const before = server.requestCount()
    const second = await createSend(isPublicForTheTest, rebinding)(request(`http://hook.example:${port()}/`))
    expect(second).toMatchObject({ kind: 'forbidden' })
    expect(server.requestCount()).toBe(before)
    expect(asked).toBe(2)
  })

  test('of several addresses those that may be are connected to', async () => {
    const send = createSend(addressPolicy(['127.0.0.1']), resolvingTo(['10.0.0.1', '127.0.0.1']))
    expect(await send(request(`http://hook.example:${port()}/`))).toMatchObject({ kind: 'answered', status: 200 })
  })

  test('a redirect is an answer, and not followed', async () => {
    const elsewhere = await startReceiverServer(() => ({
      status: 302,
      body: '',
      headers: { location: `${server.url}/secret` },
    }))
    const before = server.requestCount()
    const answer = await createSend(addressPolicy(['127.0.0.1']))(request(elsewhere.url))
    expect(answer).toMatchObject({ kind: 'answered', status: 302 })
    expect(server.requestCount()).toBe(before)
    await elsewhere.close()
  })

  test('an address that is none, and one where nobody listens', async () => {
    const send = createSend(addressPolicy(['127.0.0.1']))
    expect(await send(request('not a url'))).toMatchObject({ kind: 'forbidden' })
    expect(await send(request('http://127.0.0.1:1/'))).toEqual({
      kind: 'unanswered',
      reason: 'network error ECONNREFUSED',
    })
  })
})
