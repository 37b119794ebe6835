/** Signing in at a real provider, as a browser does, but for the browser. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import { readAudit } from '../storage/access/audit.ts'
import { createGate } from '../storage/access/gate.ts'
import { type Keys, openKeys } from '../storage/access/keys.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../test/support/openid-provider.ts'
import { buildApi } from './api.ts'
import type { ApiApp } from './api-context.ts'
import { sessionInfoSchema } from './schemas.ts'
import type { OpenIdSettings } from './sign-in/openid.ts'
import { openSignIn, type SignIn } from './sign-in/sign-in.ts'

const ASSAY = 'https://assay.test'
const HOUR_MS = 3_600_000

let provider: OpenIdProvider
let log: EmbeddedLog
let keys: Keys
let nowMs = Date.now()
let app: ApiApp
let other: ApiApp
let signIns: SignIn[] = []
const problems: string[] = []

const settingsOf = (more: Partial<OpenIdSettings> = {}): OpenIdSettings => ({
  issuer: provider.issuer,
  clientId: provider.clientId,
  clientSecret: provider.clientSecret,
  label: 'Example',
  scopes: ['openid', 'email', 'groups'],
  groupsClaim: 'groups',
  tenantClaim: null,
  allowedDomains: ['example.org'],
  grants: [{ group: 'assay-editors', role: 'editor', tenant: 'acme' }],
  ...more,
})

async function appOf(settings: OpenIdSettings): Promise<ApiApp> {
  const say = { log, nowMs: () => nowMs, onProblem: (text: string) => problems.push(text) }
  const signIn = await openSignIn({ openId: settings, sessionMs: 12 * HOUR_MS }, say)
  if (signIn !== null) signIns.push(signIn)
  return buildApi(
    {
      traces: {} as never,
      log,
      keys,
      status: async () => ({ status: 'ok', components: [] }),
      definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
      signIn,
      publicUrl: ASSAY,
      nowMs: () => nowMs,
    },
    { gate: createGate('keys', keys), isLocal: false, onProblem: say.onProblem },
  )
}

beforeAll(async () => {
  provider = await startOpenIdProvider(() => `${ASSAY}/v1/sign-in/callback`)
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  keys = await openKeys({ log, nowMs: () => nowMs, onProblem: () => {} })
  app = await appOf(settingsOf())
  other = await appOf(settingsOf())
})
afterAll(async () => {
  for (const signIn of signIns) await signIn.close()
  signIns = []
  await provider.close()
  await keys.close()
  await log.close()
})
beforeEach(() => {
  nowMs = Date.now()
})

/** Cookies of one host, as a browser keeps them. */
class Jar {
  readonly #cookies = new Map<string, string>()

  take(response: Response): void {
    for (const set of response.headers.getSetCookie()) {
      const [pair = ''] = set.split(';')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(set)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  has(name: string): boolean {
    return this.#cookies.has(name)
  }
}

const ask = async (of: ApiApp, path: string, jar: Jar, init: RequestInit = {}): Promise<Response> => {
  const response = await of.request(path.startsWith('http') ? path : `${ASSAY}${path}`, {
    ...init,
    headers: { cookie: jar.header, ...(init.headers as Record<string, string>) },
  })
  jar.take(response)
  return response
}

const locationOf = (response: Response): string => response.headers.get('location') ?? ''

/** From the provider's address to where it sends the browser back. */
async function visit(url: string, who: string): Promise<string> {
  const jar = new Jar()
  for (let at = url; ; ) {
    const isForm = new URL(at).pathname.startsWith('/interaction/')
    const response = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: jar.header, ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(isForm && { method: 'POST', body: `who=${who}` }),
    })
    jar.take(response)
    if (locationOf(response) === '') throw new Error(`${at} gave ${response.status}: ${await response.text()}`)
    at = new URL(locationOf(response), provider.issuer).href
    if (at.startsWith(ASSAY)) return at
  }
}

const start = async (jar: Jar, of = app, to = '/traces?since=1h'): Promise<string> =>
  locationOf(await ask(of, `/v1/sign-in/start?to=${encodeURIComponent(to)}`, jar))

const signIn = async (who: string, of = app): Promise<{ jar: Jar; landed: string }> => {
  const jar = new Jar()
  const back = await visit(await start(jar, of), who)
  return { jar, landed: locationOf(await ask(of, back, jar)) }
}

const session = async (jar: Jar, of = app) => {
  const response = await ask(of, '/v1/session', jar)
  return response.ok ? sessionInfoSchema.parse(await response.json()) : response.status
}

test('somebody of a group is signed in with its role and tenant, and lands where they wanted to', async () => {
  const { jar, landed } = await signIn('ada')
  expect(landed).toBe('/traces?since=1h')
  const { person, ...rest } = (await session(jar)) as { person?: string }
  expect([person, rest]).toEqual([
    'ada@example.org',
    { tenant: 'acme', role: 'editor', may: ['read', 'push', 'edit'], isSignedIn: true },
  ])
  expect(jar.has('__Host-assay_sign_in')).toBe(false)
  const [entry] = await readAudit(log, 'acme', 1)
  expect(entry).toMatchObject({ act: 'session.start', by: 'ada@example.org (editor)' })
})

test('what is asked of the provider has PKCE, state and nonce; cookies are kept from scripts and other sites', async () => {
  const jar = new Jar()
  const response = await ask(app, '/v1/sign-in/start', jar)
  const asked = new URL(locationOf(response)).searchParams
  expect(asked.get('code_challenge_method')).toBe('S256')
  for (const name of ['code_challenge', 'state', 'nonce']) expect(asked.get(name)?.length).toBeGreaterThan(30)
  const cookie = response.headers.get('set-cookie') ?? ''
  for (const word of ['__Host-', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(word)
  const back = await ask(app, await visit(locationOf(response), 'ada'), jar)
  const kept = back.headers.getSetCookie().find((one) => one.startsWith('__Host-assay_session=')) ?? ''
  for (const word of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) expect(kept).toContain(word)
  // Sealed: nothing of who it is can be read in it.
  expect(Buffer.from(kept.split('=')[1] ?? '', 'base64').toString('latin1')).not.toContain('ada')
})

describe('nobody is signed in', () => {
  const refused = async (jar: Jar, back: string, of = app): Promise<string> => {
    const landed = locationOf(await ask(of, back, jar))
    expect(jar.has('__Host-assay_session')).toBe(false)
    return landed
  }

  test('with another state', async () => {
    const jar = new Jar()
    const back = new URL(await visit(await start(jar), 'ada'))
    back.searchParams.set('state', `${back.searchParams.get('state')?.slice(0, -1)}!`)
    expect(await refused(jar, back.href)).toBe('/sign-in?refused=invalid')
  })

  test('with another nonce', async () => {
    const jar = new Jar()
    const url = new URL(await start(jar))
    url.searchParams.set('nonce', 'of-another-attempt')
    expect(await refused(jar, await visit(url.href, 'ada'))).toBe('/sign-in?refused=invalid')
    expect(problems.at(-1)).toMatch(/nonce/)
  })

  test("with somebody else's code", async () => {
    const [jar, theirs] = [new Jar(), new Jar()]
    const url = new URL(await start(jar))
    const back = new URL(await visit(await start(theirs), 'ada'))
    back.searchParams.set('state', url.searchParams.get('state') ?? '')
    expect(await refused(jar, back.href)).toBe('/sign-in?refused=invalid')
  })

  test('by coming back too late, or without having gone', async () => {
    const jar = new Jar()
    const back = await visit(await start(jar), 'ada')
    nowMs += 16 * 60_000
    expect(await refused(jar, back)).toBe('/sign-in?refused=expired')
    expect(await refused(new Jar(), back)).toBe('/sign-in?refused=expired')
  })

  test.each([
    ['bob', 'no_grant'],
    ['eve', 'domain'],
    ['', 'denied'],
  ])('as %j: %s', async (who, code) => {
    const { jar, landed } = await signIn(who)
    expect(landed).toBe(`/sign-in?refused=${code}`)
    expect(await session(jar)).toBe(401)
  })

  test('while the provider is down', async () => {
    const fresh = await startOpenIdProvider(() => `${ASSAY}/v1/sign-in/callback`)
    await fresh.close()
    const away = await appOf(settingsOf({ issuer: fresh.issuer }))
    expect(await start(new Jar(), away)).toBe('/sign-in?refused=unavailable')
  })

  test('to land on another site', async () => {
    for (const to of ['https://evil.test/', '//evil.test', '/\\evil.test'])
      expect((await ask(app, `/v1/sign-in/start?to=${encodeURIComponent(to)}`, new Jar())).status).toBe(400)
  })
})

test('a session expires, and any instance serves it until then', async () => {
  const { jar } = await signIn('ada')
  expect(await session(jar, other)).toMatchObject({ tenant: 'acme' })
  nowMs += 12 * HOUR_MS + 1
  expect(await session(jar)).toBe(401)
  expect(jar.has('__Host-assay_session')).toBe(false)
})

test('signing out ends the session and not its cookie alone', async () => {
  const { jar } = await signIn('ada')
  const stolen = { headers: { cookie: jar.header } }
  await ask(app, '/v1/session', jar, { method: 'DELETE' })
  expect(jar.has('__Host-assay_session')).toBe(false)
  expect((await app.request(`${ASSAY}/v1/session`, stolen)).status).toBe(401)
  await expect.poll(async () => (await other.request(`${ASSAY}/v1/session`, stolen)).status).toBe(401)
})

test('a session is no good where others are granted, nor changed, nor to change something without the header', async () => {
  const { jar } = await signIn('ada')
  const stricter = await appOf(settingsOf({ grants: [{ group: 'assay-editors', role: 'viewer', tenant: 'acme' }] }))
  expect((await stricter.request(`${ASSAY}/v1/session`, { headers: { cookie: jar.header } })).status).toBe(401)
  const changed = jar.header.replace(/.{4}$/, 'AAAA')
  expect((await app.request(`${ASSAY}/v1/session`, { headers: { cookie: changed } })).status).toBe(401)
  const rollBack = (headers: Record<string, string>) =>
    ask(app, '/v1/definitions/shop/rollback', jar, { method: 'POST', headers })
  expect((await rollBack({})).status).toBe(403)
  expect((await rollBack({ 'x-assay-csrf': '1' })).status).toBe(409)
  // What an editor may not do.
  const keysRefused = await ask(app, '/v1/keys', jar)
  expect([keysRefused.status, await keysRefused.text()]).toEqual([403, expect.stringContaining('ada@example.org')])
})

test('the page to sign in is told of the provider', async () => {
  expect(await (await ask(app, '/v1/sign-in', new Jar())).json()).toEqual({ openId: { label: 'Example' } })
})
