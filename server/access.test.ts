/** Every route of the router × every role, of the tenant and of another one: nobody sees what is another tenant's. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EMPTY_PLAN, joinPackages } from '../dsl/packages.ts'
import type { Plan } from '../dsl/plan.ts'
import { buildOnlineEval, buildPlan, e } from '../engine/evaluate/build-plan.ts'
import { AgentWindow } from '../engine/live/agent-window.ts'
import { shareOf } from '../engine/live/share.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import { SAMPLE_SCORECARD } from '../engine/scorecard/sample.ts'
import { readAudit } from '../storage/access/audit.ts'
import { createGate } from '../storage/access/gate.ts'
import { type Keys, openKeys } from '../storage/access/keys.ts'
import { KEY_ROLES, type KeyRole, may, type Principal } from '../storage/access/principal.ts'
import { openAlerts } from '../storage/alerts/open-alerts.ts'
import { deadLetter } from '../storage/log/dead-letter.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { AGENT_TRACES, DEAD_LETTERS, onlineTopics, replayTopics } from '../storage/log/topics.ts'
import type { RunView } from '../storage/queue/offline-control.ts'
import { NO_OUTCOME } from '../storage/queue/run-record.ts'
import { openReplays } from '../storage/replays/replays.ts'
import { openPostedScorecards, type PostedScorecards } from '../storage/scorecards/posted.ts'
import { type EmbeddedState, openEmbeddedState } from '../storage/state/embedded.ts'
import { writeShare } from '../storage/state/live-shares.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { noPii } from '../test/support/no-pii.ts'
import { openGate } from '../test/support/open-gate.ts'
import { type Api, buildApi, startApi } from './api.ts'
import type { ApiContext } from './api-context.ts'
import { ACTS } from './audited.ts'
import { maxBodyBytes } from './body-limit.ts'
import { ROUTES, type RouteEntry } from './route-table.ts'
import { problemSchema } from './schemas.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
/** The same in both tenants: an id says nothing of whose it is. */
const traceId = 'ab'.repeat(16)
const tenants = ['acme', 'rival'] as const
type Tenant = (typeof tenants)[number]
/** Stands wherever a tenant may be told apart by what it stored. */
const secretOf = (tenant: Tenant): string => `canary-of-${tenant}`

let folder: string
let traces: TracesStore
let log: EmbeddedLog
let keys: Keys
let state: EmbeddedState
let context: ApiContext
let api: Api
let scorecards: PostedScorecards
const keyOf = new Map<string, string>()
const runOf = new Map<Tenant, string>()
/** With an eval by which a tenant is told apart. */
const planOf = (tenant: Tenant): Plan => {
  const { id, ...one } = buildOnlineEval('x', e.lit(true))
  const joined = joinPackages([buildPlan({ evals: [{ ...one, id: `shop/${secretOf(tenant)}`, package: 'shop' }] })])
  if (!joined.ok) throw new Error(`${id}: ${joined.problems.join()}`)
  return joined.plan
}

const runViewOf = (tenant: Tenant): RunView => ({
  job: { tenant, evalId: 'shop/x', runId: `shop/x@${secretOf(tenant)}`, slotMs: nowMs, trigger: 'manual' },
  state: 'done',
  enqueuedAtMs: nowMs,
  endedAtMs: nowMs,
  plan: null,
  batches: { all: 0, done: 0, failed: 0 },
  outcome: NO_OUTCOME,
  error: null,
  cancelledSinceMs: null,
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-access-'))
  let storeMs = nowMs
  traces = await openTraces({ dataDir: folder, nowMs: () => storeMs })
  await traces.migrate()
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([...onlineTopics, ...replayTopics])
  keys = await openKeys({ log, nowMs: () => nowMs, onProblem: () => {} })
  for (const tenant of tenants) {
    const secret = secretOf(tenant)
    await traces.insertSpans(
      [
        makeSpan({
          tenant,
          traceId,
          spanId: '0'.repeat(15) + 1,
          name: secret,
          agentName: secret,
          sessionId: 'shared',
          startTimeUs: nowMs * 1000,
        }),
      ],
      tenant,
    )
    const result = { tenant, traceId, spanId: '0'.repeat(15) + 1, evalId: `shop/${secret}`, evaluatedAtMs: nowMs }
    await traces.insertResults([makeResult(result)], tenant)
    for (const role of KEY_ROLES) {
      const { key } = await keys.create({ tenant, role, name: secret, expiresAtMs: null, by: secret })
      keyOf.set(`${tenant} ${role}`, key)
    }
  }
  for (const [offset, tenant] of tenants.entries()) {
    const record = { topic: AGENT_TRACES, partition: 0, offset, key: null, headers: { tenant }, appendTimeMs: nowMs }
    await log.append(DEAD_LETTERS, [
      deadLetter({ ...record, value: Buffer.from('{}') }, 'trans-store', 'failed', secretOf(tenant)),
    ])
  }
  const replays = openReplays({ log, traces, nowMs: () => nowMs })
  for (const tenant of tenants) {
    const plan = planOf(tenant)
    const asked = await replays.create(tenant, { fromMs: nowMs - 1_000, plan })
    if (!asked.ok) throw new Error(asked.message)
    runOf.set(tenant, asked.run.request.runId)
  }
  state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => nowMs })
  for (const tenant of tenants) {
    const share = shareOf(new AgentWindow(secretOf(tenant), undefined), { fromMs: nowMs, toMs: nowMs }, nowMs)
    await writeShare(state, tenant, 'process/1', share, 60_000)
  }
  // What was stored just now has not settled yet.
  storeMs += 60_000
  scorecards = await openPostedScorecards({ log, onProblem: () => {} })
  for (const tenant of tenants) {
    const scorecard = { ...SAMPLE_SCORECARD, id: 'shop/x', title: secretOf(tenant) }
    await scorecards.put(tenant, { slotMs: nowMs, postedAtMs: nowMs, receivers: [], scorecard })
  }
  context = {
    traces,
    log,
    keys,
    replays,
    status: async () => ({ status: 'ok', components: [] }),
    definitions: {
      current: (tenant) => ({
        plan: { ...EMPTY_PLAN, files: [secretOf(tenant as Tenant)] },
        loadedAtMs: nowMs,
        diagnostics: [],
      }),
    },
    releases: {
      packages: () => [],
      push: async () => ({ ok: true, packages: [] }),
      rollBack: async (tenant) => ({
        ok: true,
        packages: [{ name: secretOf(tenant as Tenant), revision: null, changed: true }],
      }),
    },
    liveState: async () => state,
    offline: {
      runNow: async () => ({ ok: false, code: 'no_provider', message: 'no provider' }),
      pause: async () => ({ ok: false, code: 'unknown_eval', message: 'no such eval' }),
      resume: async () => ({ ok: false, code: 'unknown_eval', message: 'no such eval' }),
      cancel: async () => ({ ok: false, code: 'unknown_run', message: 'no such run' }),
      status: async (tenant) => [
        {
          tenant,
          evalId: secretOf(tenant as Tenant),
          state: 'ready',
          detail: undefined,
          schedule: { cron: '0 * * * *', timeZone: 'UTC' },
          nextSlotMs: undefined,
          pausedSinceMs: null,
          lastRun: null,
          nextRun: {
            maxSubjects: null,
            judges: [],
            budget: { perRunMicroUsd: null, perMonthMicroUsd: null },
            estimate: null,
          },
        },
      ],
      runs: async (tenant) => [runViewOf(tenant as Tenant)],
      run: async (tenant) => runViewOf(tenant as Tenant),
    },
    integrity: {
      check: async () => {
        throw new Error('nobody of a tenant gets here')
      },
      kept: async () => [],
    },
    erase: async ({ tenant }) => ({
      traces: 1,
      spans: 1,
      results: 1,
      records: 1,
      deadLetters: 0,
      answers: 0,
      keptUntil: [{ topic: secretOf(tenant as Tenant), untilMs: nowMs }],
      isSettled: true,
    }),
    backups: {
      start: async () => {
        throw new Error('nobody of a tenant gets here')
      },
      get: () => null,
      stop: () => null,
    },
    scorecards,
    alerts: await openAlerts({ log, nowMs: () => nowMs, onProblem: () => {} }),
    metrics: { contentType: 'text/plain', collect: async () => '' },
    pii: noPii,
    nowMs: () => nowMs,
  }
  api = await startApi({ ...context, gate: createGate('keys', keys), host: '127.0.0.1', port: 0 })
}, 30_000)

afterAll(async () => {
  await api.drain()
  await keys.close()
  await scorecards.close()
  await state.close()
  await log.close()
  await traces.close()
  rmSync(folder, { recursive: true, force: true })
})

const queries: Readonly<Record<string, string>> = {
  '/v1/traces/:traceId/why': '?eval=shop/x',
  '/v1/traces/:traceId/test': '?eval=shop/x',
  '/v1/scorecards/:package/:name/rendered': `?slot=${new Date(nowMs).toISOString()}`,
  '/v1/dead-letters': '?state=all',
  '/v1/export/pages': '?from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z',
  '/v1/export/traces': `?from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z&fromTrace=${'0'.repeat(32)}`,
  '/v1/export/results': `?fromTrace=${'0'.repeat(32)}&evals=shop/${secretOf('acme')},shop/${secretOf('rival')}`,
}
const bodies: Readonly<Record<string, unknown>> = {
  '/v1/erasures': { trace: traceId },
  '/v1/silences': { matchers: { alert: '*' }, minutes: 1, reason: 'x' },
  '/v1/replays': { from: '1h' },
  '/v1/keys': { role: 'viewer' },
  '/v1/definitions': { plan: EMPTY_PLAN, revision: null },
}

function requestOf({ method, path }: RouteEntry, key: string | null): { url: string; init: RequestInit } {
  const sample: Readonly<Record<string, string>> = {
    traceId,
    package: 'shop',
    name: 'x',
    id: '0',
    session: 'shared',
    keyId: 'none',
    run: runOf.get('acme')!,
    slot: new Date(nowMs).toISOString(),
  }
  const url = path.replace(/:(\w+)/g, (_, name: string) => sample[name] ?? 'x') + (queries[path] ?? '')
  return {
    url,
    init: {
      method,
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      ...(method === 'POST' && { body: JSON.stringify(bodies[path] ?? {}) }),
    },
  }
}

async function ask(route: RouteEntry, key: string | null): Promise<{ status: number; text: string }> {
  const { url, init } = requestOf(route, key)
  const response = await fetch(`http://127.0.0.1:${api.port}${url}`, init)
  const text = await response.text()
  if (!response.ok) expectProblem(response, text)
  return { status: response.status, text }
}

/** Whatever is refused is refused in RFC 9457's form. */
function expectProblem({ status, headers }: Response, text: string): void {
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(problemSchema.parse(JSON.parse(text))).toMatchObject({ status, title: expect.not.stringMatching('Error') })
}

const OPERATOR: Principal = { tenant: 'default', role: 'operator', keyId: null }

const others = (tenant: Tenant): Tenant => (tenant === 'acme' ? 'rival' : 'acme')
const name = ({ method, path }: RouteEntry): string => `${method} ${path}`

test('the router has the routes of the table and no others', () => {
  const routes = buildApi(context, { gate: openGate, isLocal: true }).routes.filter(({ method }) => method !== 'ALL')
  expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(ROUTES.map(name).sort())
})

describe.each(ROUTES.map((route) => [name(route), route] as const))('%s', (_, route) => {
  test('without a key, or with one that is none', async () => {
    for (const key of [null, 'assay_x', `${keyOf.get('acme admin')!.slice(0, -1)}!`]) {
      const { status, text } = await ask(route, key)
      // Signing in is open to all, and asks for the key in its body.
      if (name(route) === 'POST /v1/session') expect(status).toBe(400)
      // Where no provider is set up, there is none to go to.
      else if (/^GET \/v1\/sign-in\/./.test(name(route))) expect(status).toBe(409)
      else if (route.permission === 'public') expect(status).toBe(200)
      else expect(status).toBe(401)
      for (const tenant of tenants) expect(text).not.toContain(secretOf(tenant))
    }
  })

  test.each(KEY_ROLES)('with a key of role %s', async (role: KeyRole) => {
    for (const tenant of tenants) {
      const { status, text } = await ask(route, keyOf.get(`${tenant} ${role}`)!)
      const isAllowed = route.permission === 'public' || may({ tenant, role, keyId: null }, route.permission)
      if (isAllowed) expect([401, 403], `${role} ${status} ${text}`).not.toContain(status)
      else expect(status).toBe(403)
      expect(text).not.toContain(secretOf(others(tenant)))
    }
  })
})

test('what only those in charge may do has an entry of the audit log, of their tenant and key', async () => {
  const inCharge = ROUTES.filter(
    ({ method, permission }) => method !== 'GET' && ['push', 'administer', 'operate'].includes(permission),
  )
  const writeTheirOwn = ['POST /v1/keys', 'POST /v1/keys/:keyId/revoke', 'POST /v1/erasures']
  expect(inCharge.map(name).sort()).toEqual([...ACTS.keys(), ...writeTheirOwn].sort())
  const admin = keyOf.get('rival admin')!
  for (const route of inCharge.filter(({ permission }) => permission !== 'operate')) await ask(route, admin)
  const of = async (tenant: Tenant) =>
    (await readAudit(log, tenant, 1_000)).map(({ act, by, target }) => [act, by, target])
  const by = `key ${keys.list('rival').find(({ role }) => role === 'admin')!.keyId} (admin)`
  const entries = await of('rival')
  expect(entries).toContainEqual(['definitions.push', by, '/v1/definitions'])
  expect(entries).toContainEqual(['definitions.rollback', by, '/v1/definitions/shop/rollback'])
  expect(entries).toContainEqual(['dead_letter.drop', by, '/v1/dead-letters/0/drop'])
  expect((await of('acme')).some(([, who]) => who === by)).toBe(false)
  // Who may not do it did nothing.
  const before = entries.length
  for (const route of inCharge) await ask(route, keyOf.get('rival viewer')!)
  expect(await of('rival')).toHaveLength(before)
})

/** A body that does not say how long it is, as far as it is read. */
function endless(): { body: ReadableStream<Uint8Array>; sentBytes: () => number } {
  const chunk = new Uint8Array(1 << 16).fill(32)
  let sent = 0
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    sent += chunk.length
    controller.enqueue(chunk)
  }
  return { body: new ReadableStream({ pull }), sentBytes: () => sent }
}

test('no route holds more of a body than it may have, whatever the headers say of it', async () => {
  const open = buildApi(context, { gate: () => ({ ok: true, principal: OPERATOR }), isLocal: false })
  for (const route of ROUTES.filter(({ method }) => method !== 'GET')) {
    const { body, sentBytes } = endless()
    const request = { method: route.method, body, duplex: 'half' }
    const response = await open.request(route.path.replace(/:\w+/g, 'x'), request)
    expect([name(route), response.status]).toEqual([name(route), 413])
    expectProblem(response, await response.text())
    expect(sentBytes()).toBeLessThan(maxBodyBytes(route) + (1 << 18))
  }
  // Nobody who was not let in has it read.
  const closed = buildApi(context, { gate: createGate('keys', keys), isLocal: false })
  const { body, sentBytes } = endless()
  const refused = await closed.request('/v1/labels', { method: 'POST', body, duplex: 'half' } as RequestInit)
  expect([refused.status, sentBytes() < 1 << 18]).toEqual([401, true])
})

test('every route that asks the store does so within the limits of a query', async () => {
  const none = { memoryBytes: 1, seconds: 1e-6, rows: 1 }
  const bounded = await openTraces({ dataDir: folder, limits: { api: none, runs: none } })
  const plan = { ...EMPTY_PLAN, evals: [buildOnlineEval('x', e.lit(true), { id: 'shop/x', package: 'shop' })] }
  const definitions = { current: () => ({ plan, loadedAtMs: nowMs, diagnostics: [] }) }
  const limited = buildApi(
    { ...context, traces: bounded, definitions },
    { gate: createGate('keys', keys), isLocal: false },
  )
  const refused: string[] = []
  for (const route of ROUTES) {
    const { url, init } = requestOf(route, keyOf.get('acme admin')!)
    const response = await limited.request(url, init)
    const text = await response.text()
    if (!response.ok) expectProblem(response, text)
    if (text.includes('takes longer than')) refused.push(`${response.status} ${name(route)}`)
  }
  await bounded.close()
  expect(refused).toEqual(
    [
      'GET /v1/results',
      'GET /v1/traces',
      'GET /v1/sessions',
      'GET /v1/sessions/:session',
      'GET /v1/traces/:traceId/why',
      'GET /v1/traces/:traceId/test',
      'GET /v1/evals/trends',
      'GET /v1/evals/:package/:name/flips',
      'GET /v1/evals/:package/:name/series',
      'GET /v1/traces/:traceId',
      'GET /v1/evals',
      'GET /v1/usage',
      'GET /v1/export/pages',
      'GET /v1/export/traces',
      'GET /v1/export/results',
    ].map((asking) => `422 ${asking}`),
  )
})

test('the usage of all tenants is for whoever runs Assay', async () => {
  const [usage] = ROUTES.filter(({ path }) => path === '/v1/usage')
  const all = { ...usage!, path: '/v1/usage?all=true' }
  for (const role of ['viewer', 'admin']) expect((await ask(all, keyOf.get(`acme ${role}`)!)).status).toBe(403)
  const operators = buildApi(context, { gate: () => ({ ok: true, principal: OPERATOR }), isLocal: false })
  const listed = await (await operators.request('/v1/usage?all=true')).text()
  for (const tenant of tenants) expect(listed).toContain(secretOf(tenant))
})

test("a letter of another tenant is as if it weren't there; whoever runs Assay sees all", async () => {
  const [acmes] = ROUTES.filter(({ path }) => path === '/v1/dead-letters/:id')
  expect((await ask(acmes!, keyOf.get('rival admin')!)).status).toBe(404)
  expect((await ask(acmes!, keyOf.get('acme admin')!)).status).toBe(200)
  const operators = buildApi(context, { gate: () => ({ ok: true, principal: OPERATOR }), isLocal: false })
  const listed = await (await operators.request('/v1/dead-letters?state=all')).text()
  for (const tenant of tenants) expect(listed).toContain(secretOf(tenant))
})

test('what a tenant asks for it gets: the matrix looks at something', async () => {
  const shown: string[] = []
  for (const route of ROUTES) {
    const { text } = await ask(route, keyOf.get('acme admin')!)
    if (text.includes(secretOf('acme'))) shown.push(name(route))
  }
  expect(shown).toEqual([
    'GET /v1/results',
    'GET /v1/traces',
    'GET /v1/sessions',
    'GET /v1/sessions/:session',
    'GET /v1/traces/:traceId',
    'GET /v1/evals',
    'GET /v1/offline',
    'GET /v1/offline/runs',
    'GET /v1/offline/runs/:package/:run',
    'GET /v1/scorecards/:package/:name/history',
    'GET /v1/scorecards/:package/:name/history/:slot',
    'GET /v1/scorecards/:package/:name/rendered',
    'GET /v1/agents/live',
    'GET /v1/usage',
    'GET /v1/plan',
    'GET /v1/export/traces',
    'GET /v1/export/results',
    'POST /v1/definitions/:package/rollback',
    'GET /v1/dead-letters',
    'GET /v1/dead-letters/:id',
    'GET /v1/replays',
    'GET /v1/replays/:run',
    'POST /v1/replays/:run/stop',
    'POST /v1/replays/:run/resume',
    'GET /v1/keys',
    'GET /v1/audit',
    'POST /v1/erasures',
  ])
})
