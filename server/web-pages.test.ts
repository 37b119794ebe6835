/** The browser's pages as the API serves them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import { openGate } from '../test/support/open-gate.ts'
import { buildApi } from './api.ts'
import type { ApiApp } from './api-context.ts'

let folder: string
let app: ApiApp
const HTML = { accept: 'text/html,application/xhtml+xml' }

const appOf = (web: string): ApiApp =>
  buildApi(
    {
      traces: {} as never,
      status: async () => ({ status: 'ok', components: [] }),
      definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
      web,
      nowMs: Date.now,
    },
    { gate: openGate, isLocal: false },
  )

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-pages-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<meta property="csp-nonce" nonce="__CSP_NONCE__">')
  writeFileSync(join(folder, 'assets', 'index-a1.js'), 'plain')
  writeFileSync(join(folder, 'assets', 'index-a1.js.br'), 'packed')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  app = appOf(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('a page allows its own host alone, with a nonce of its own', async () => {
  const [first, second] = [await app.request('/traces', { headers: HTML }), await app.request('/', { headers: HTML })]
  const policy = first.headers.get('content-security-policy') ?? ''
  const nonce = /nonce="([^"]+)"/.exec(await first.text())?.[1]
  expect(nonce).toMatch(/^[\w+/]{22}==$/)
  // Whole: what is let in beside this is a decision, and not a slip.
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ])
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  })
  expect(await second.text()).not.toContain(nonce)
  expect(first.headers.get('cache-control')).toBe('no-store')
})

test.each([
  ['/', {}, 200, 'application/json'],
  ['/health', HTML, 200, 'application/json'],
  ['/v1/none', HTML, 404, 'application/problem+json'],
  ['/none', {}, 404, 'application/problem+json'],
  ['/none', HTML, 200, 'text/html; charset=utf-8'],
  ['/assets/index-a1.js', {}, 200, 'text/javascript; charset=utf-8'],
  ['/assets/none.js', {}, 404, 'application/problem+json'],
  ['/assets/../secret.txt', {}, 404, 'application/problem+json'],
  ['/assets/%2e%2e/secret.txt', {}, 404, 'application/problem+json'],
  ['/secret.txt', {}, 404, 'application/problem+json'],
])('%s with %o is %d %s', async (path, headers, status, type) => {
  const response = await app.request(path, { headers: headers as Record<string, string> })
  expect([response.status, response.headers.get('content-type')]).toEqual([status, type])
})

test('scripts are packed for those who can unpack, and kept for ever', async () => {
  const packed = await app.request('/assets/index-a1.js', { headers: { 'accept-encoding': 'gzip, br' } })
  expect(await packed.text()).toBe('packed')
  expect(packed.headers.get('content-encoding')).toBe('br')
  expect(packed.headers.get('cache-control')).toContain('immutable')
  expect(await (await app.request('/assets/index-a1.js')).text()).toBe('plain')
})

test('pages that are not built yet say so, and come by themselves', async () => {
  const response = await appOf(join(folder, 'none')).request('/', { headers: HTML })
  expect(response.status).toBe(503)
  expect(await response.text()).toContain('http-equiv="refresh"')
})
