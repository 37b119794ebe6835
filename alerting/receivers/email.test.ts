/** E-mail against a real SMTP server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../../test/support/certificates.ts'
import { MAIL_LOGIN, startMailServer } from '../../test/support/mail-server.ts'
import { messageOf, nowMs, receiverOf } from '../../test/support/receiver-fixture.ts'
import type { Route } from '../notification.ts'
import type { Lookup } from '../outbound/resolve.ts'
import { createReceivers, NO_RECEIVERS } from './config.ts'
import type { Delivery } from './receiver.ts'

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

  test('a name is looked up once for each mail, and where it leads to by then is connected to or not at all', async () => {
    const server = await startMailServer()
    const url = server.url.replace('127.0.0.1', 'mail.example')
    const answers = ['127.0.0.1', '10.0.0.1', '169.254.169.254']
    const asked: string[] = []
    const lookup: Lookup = (host, _, done) => {
      asked.push(host)
      done(null, [{ address: answers[asked.length - 1] ?? '10.0.0.2', family: 4 }])
    }
    const settings = { ...NO_RECEIVERS, allowPrivate: ['127.0.0.1'], email: { smtpUrl: url, from } }
    const receiver = createReceivers(settings, { apiUrl: () => null, nowMs: () => nowMs, lookup }).find(route)!
    // Public when it is looked at, and private when it would be looked up again: nobody looks it up again.
    expect(await receiver.deliver(messageOf('firing', route))).toMatchObject({ kind: 'delivered' })
    expect(asked).toEqual(['mail.example'])
    for (const tries of [2, 3]) {
      const delivery = await receiver.deliver(messageOf('firing', route))
      expect(delivery).toMatchObject({ kind: 'refused', reason: expect.stringContaining('alerts.allowPrivate') })
      expect(asked).toHaveLength(tries)
    }
    expect(server.mails).toHaveLength(1)
    await server.close()
  })

  test.each(['smtp://[::1]:1', 'smtp://2130706433:1', 'smtps://169.254.169.254', 'smtp://[::ffff:10.0.0.1]:1'])(
    '%s gets none',
    async (smtpUrl) => {
      const settings = { email: { smtpUrl, from }, allowPrivate: [] }
      expect(await receiverOf({ route, settings }).deliver(messageOf('firing', route))).toMatchObject({
        kind: 'refused',
      })
    },
  )

  test('a server at a private address that is not allowed gets none', async () => {
    const settings = { email: { smtpUrl: 'smtp://127.0.0.1:1', from }, allowPrivate: [] }
    expect(await receiverOf({ route, settings }).deliver(messageOf('firing', route))).toMatchObject({ kind: 'refused' })
  })
})

describe('e-mail over TLS', () => {
  const route: Route = { receiver: 'email', target: 'ops@example.com' }
  const from = 'Assay <assay@example.com>'
  const folder = mkdtempSync(join(tmpdir(), 'assay-mail-tls-'))
  const trustedBefore = getCACertificates('default')
  let authority: Authority
  beforeAll(() => {
    authority = createAuthority(folder, 'authority')
    setDefaultCACertificates([...trustedBefore, authority.certificate])
  })
  afterAll(() => {
    setDefaultCACertificates(trustedBefore)
    rmSync(folder, { recursive: true })
  })

  /** What becomes of a mail to a server with a certificate for `altNames`, and the server names that were asked for. */
  async function sent(altNames: string, address: string, host: string | null) {
    const { certificate: cert, key } = authority.sign(altNames.replaceAll(/\W/g, ''), altNames)
    const server = await startMailServer({ address, tls: { cert, key } })
    const lookup: Lookup = (_host, _options, done) => done(null, [{ address, family: 4 }])
    const smtpUrl = host === null ? server.url : server.url.replace(address, host)
    const settings = { ...NO_RECEIVERS, allowPrivate: [address], email: { smtpUrl, from } }
    const receiver = createReceivers(settings, { apiUrl: () => null, nowMs: () => nowMs, lookup }).find(route)!
    const { kind } = await receiver.deliver(messageOf('firing', route))
    await server.close()
    return { kind, serverNames: server.serverNames }
  }

  // Not every machine has IPv6.
  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
  test.each(['127.0.0.1', '::1'].filter((address) => own.includes(address)))(
    'a server that is told by its address %s is known by it, and asked for no name',
    async (address) => {
      expect(await sent(`IP:${address}`, address, null)).toEqual({ kind: 'delivered', serverNames: [false] })
    },
  )

  test('one that is told by its name is asked for by it, and its certificate is the name’s', async () => {
    const expected = { kind: 'delivered', serverNames: ['mail.example'] }
    expect(await sent('DNS:mail.example', '127.0.0.1', 'mail.example')).toEqual(expected)
    expect(await sent('IP:127.0.0.1', '127.0.0.1', 'mail.example')).toMatchObject({ kind: 'retry' })
  })
})
