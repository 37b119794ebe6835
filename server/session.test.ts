/** Signing in from a browser. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import { createGate } from '../storage/access/gate.ts'
import { type Keys, openKeys } from '../storage/access/keys.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { buildApi } from './api.ts'
import type { ApiApp } from './api-context.ts'
import { sessionInfoSchema } from './schemas.ts'

let log: EmbeddedLog
let keys: Keys
let app: ApiApp
let editor: { key: string; id: string }

beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  keys = await openKeys({ log, nowMs: Date.now, onProblem: () => {} })
  const made = await keys.create({ tenant: 'acme', role: 'editor', name: '', expiresAtMs: null, by: 'test' })
  editor = { key: made.key, id: made.stored.keyId }
  app = buildApi(
    {
      traces: {} as never,
      log,
      keys,
      status: async () => ({ status: 'ok', components: [] }),
      definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
      nowMs: Date.now,
    },
    { gate: createGate('keys', keys), isLocal: false },
  )
})
afterAll(async () => {
  await keys.close()
  await log.close()
})

const signIn = (key: string, headers: Record<string, string> = {}): Promise<Response> =>
  Promise.resolve(
    app.request('https://assay.test/v1/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ key }),
    }),
  )

test('a key becomes a cookie that no script reads and no other site sends', async () => {
  const response = await signIn(editor.key)
  expect(response.status).toBe(200)
  expect(sessionInfoSchema.parse(await response.json())).toEqual({
    tenant: 'acme',
    role: 'editor',
    may: ['read', 'push', 'edit'],
    isSignedIn: true,
  })
  const cookie = response.headers.get('set-cookie') ?? ''
  for (const word of ['HttpOnly', 'SameSite=Strict', 'Secure', 'Path=/']) expect(cookie).toContain(word)
})

test('without TLS the cookie is kept from scripts and other sites all the same', async () => {
  const response = await app.request('http://127.0.0.1/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: editor.key }),
  })
  const cookie = response.headers.get('set-cookie') ?? ''
  for (const word of ['assay_session=', 'HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(word)
  // A browser would drop it.
  expect(cookie).not.toContain('Secure')
})

test('requests with the cookie are of its key; changes ask for the header that pages of other sites cannot send', async () => {
  const cookie = `assay_session=${editor.key}`
  const mine = await app.request('/v1/session', { headers: { cookie } })
  expect(sessionInfoSchema.parse(await mine.json())).toMatchObject({ tenant: 'acme', isSignedIn: true })
  const run = (headers: Record<string, string>) =>
    app.request('/v1/definitions/shop/rollback', { method: 'POST', headers: { cookie, ...headers } })
  const refused = await run({})
  expect(refused.status).toBe(403)
  expect(await refused.text()).toContain('x-assay-csrf')
  // Let in: what is answered then is not about who asks.
  expect((await run({ 'x-assay-csrf': '1' })).status).toBe(409)
  // A key in a header is nobody's cookie.
  const byKey = await app.request('/v1/definitions/shop/rollback', {
    method: 'POST',
    headers: { authorization: `Bearer ${editor.key}` },
  })
  expect(byKey.status).toBe(409)
})

test.each([
  ['assay_none', 401],
  ['', 400],
])('%j does not sign in', async (key, status) => {
  const response = await signIn(key)
  expect(response.status).toBe(status)
  expect(response.headers.get('set-cookie')).toBeNull()
})

test('a page of another site signs nobody in', async () => {
  expect((await signIn(editor.key, { origin: 'https://evil.test', host: 'assay.test' })).status).toBe(403)
})

test('signing out takes the cookie away; a revoked key ends the session', async () => {
  const out = await app.request('/v1/session', { method: 'DELETE' })
  expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
  await keys.revoke(editor.id, 'acme', 'test')
  expect((await app.request('/v1/session', { headers: { cookie: `assay_session=${editor.key}` } })).status).toBe(401)
})
