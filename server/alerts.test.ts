/** Alerts and silences over HTTP, on a log in memory. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sampleMessage } from '../alerting/receivers/sample.ts'
import type { AlertPlan } from '../dsl/plan.ts'
import { planOf } from '../dsl/testing.ts'
import { SAMPLE_INVESTIGATION } from '../engine/alerting/investigation/sample.ts'
import { readAudit } from '../storage/access/audit.ts'
import { investigationRecord } from '../storage/alerts/investigation-record.ts'
import { parseLevel } from '../storage/alerts/level-record.ts'
import { type OpenAlerts, openAlerts } from '../storage/alerts/open-alerts.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { ALERT_STATE, ALERTS, AUDIT_LOG } from '../storage/log/topics.ts'
import { buildApi } from './api.ts'
import type { ApiApp, ApiContext } from './api-context.ts'
import type { AlertHistoryResponse, AlertStatesResponse, SilenceJson } from './schemas.ts'

const CHANGES = `package shop
online eval fast { on: trace  score: duration  pass: score <= 8s }
alert worse { on: fast  when: pass_rate regresses by 5pp vs 14d  severity: page }
alert many { on: fast  when: count(fail) >= 3 over 10m  severity: page }
`

let clockMs: number
let log: EmbeddedLog
let alerts: OpenAlerts
let app: ApiApp

beforeEach(async () => {
  clockMs = Date.UTC(2026, 10, 21, 10)
  log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: () => clockMs, retentionIntervalMs: null })
  alerts = await openAlerts({ log, nowMs: () => clockMs, onProblem: () => {} })
  const alert = {
    id: 'shop/slow',
    on: { kind: 'eval', evalId: 'shop/fast' },
    severity: 'ticket',
    owner: '@shop',
  } as unknown as AlertPlan
  const plan = { ...planOf(CHANGES), alerts: [...planOf(CHANGES).alerts, alert] }
  const definitions = { current: () => ({ plan }) }
  const context = { alerts, definitions, log, keys: {}, nowMs: () => clockMs } as unknown as ApiContext
  app = buildApi(context, {
    gate: () => ({ ok: true, principal: { tenant: 'default', role: 'operator', keyId: null } }),
    isLocal: false,
  })
})
afterEach(async () => {
  await alerts.close()
  await log.close()
})

const fire = (to: 'firing' | 'resolved', incident = 'shop/leak@1'): Promise<unknown> => {
  const route = { receiver: 'slack', target: '#x' } as const
  const sample = sampleMessage({
    id: 'shop/leak@1.1',
    tenant: 'default',
    route,
    event: to,
    atMs: clockMs,
    sinceMs: clockMs,
    ref: null,
  })
  const transition = {
    ...sample.items[0]!.transition,
    id: `${incident}.${to}`,
    alertId: 'shop/leak',
    group: { env: 'prod' },
  }
  return log.append(ALERTS, [
    { key: 'default/shop/leak', value: Buffer.from(JSON.stringify(transition)), headers: { tenant: 'default' } },
  ])
}

const ask = async (path: string, post?: unknown): Promise<{ status: number; body: Record<string, never> }> => {
  const init = post === undefined ? {} : { method: 'POST', body: JSON.stringify(post) }
  const response = await app.request(`http://127.0.0.1:3000${path}`, {
    ...init,
    headers: { 'content-type': 'application/json' },
  })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

test('an alert fires, is acknowledged, and is over', async () => {
  expect((await ask('/v1/alerts')).body).toEqual({ alerts: [] })
  expect((await ask('/v1/alerts/ack', { alert: 'shop/leak', by: 'ann' })).status).toBe(404)
  await fire('firing')
  expect((await ask('/v1/alerts')).body).toMatchObject({
    alerts: [{ alert: 'shop/leak', group: { env: 'prod' }, state: 'firing', acknowledged: null, silencedBy: [] }],
  })
  const taken = await ask('/v1/alerts/ack', { alert: 'shop/leak', by: 'ann', reason: 'on it' })
  expect(taken.body).toMatchObject({ alerts: [{ acknowledged: { by: 'ann', reason: 'on it' } }] })
  clockMs += 60_000
  await fire('resolved')
  expect((await ask('/v1/alerts')).body).toMatchObject({ alerts: [{ state: 'resolved', acknowledged: null }] })
  expect((await ask('/v1/alerts/history?alert=shop/leak')).body).toMatchObject({
    transitions: [{ state: 'resolved' }, { state: 'firing' }],
  })
})

test('an acknowledgement is over by itself; by the same person for the same reason it is prolonged, by another it is another', async () => {
  await fire('firing')
  const taken = async () => (await ask('/v1/alerts')).body as unknown as AlertStatesResponse
  const at = (minutes: number): string => new Date(Date.UTC(2026, 10, 21, 10, minutes)).toISOString()
  await ask('/v1/alerts/ack', { alert: 'shop/leak', by: 'ann', reason: 'on it', minutes: 60 })
  expect((await taken()).alerts).toMatchObject([{ acknowledged: { by: 'ann', at: at(0), until: at(60) } }])
  clockMs += 30 * 60_000
  await ask('/v1/alerts/ack', { alert: 'shop/leak', by: 'ann', reason: 'on it', minutes: 60 })
  expect((await taken()).alerts).toMatchObject([{ acknowledged: { by: 'ann', at: at(0), until: at(90) } }])
  await ask('/v1/alerts/ack', { alert: 'shop/leak', by: 'bob', minutes: 60 })
  expect((await taken()).alerts).toMatchObject([
    { acknowledged: { by: 'bob', reason: null, at: at(30), until: at(90) } },
  ])
  clockMs += 60 * 60_000
  expect((await taken()).alerts).toMatchObject([{ acknowledged: null }])
  await ask('/v1/alerts/ack', { alert: 'shop/leak', by: 'bob' })
  expect((await taken()).alerts).toMatchObject([{ acknowledged: { at: at(90), until: at(90 + 24 * 60) } }])
  expect((await ask('/v1/alerts/ack', { alert: 'shop/leak', minutes: 0 })).status).toBe(400)
})

test('an alert is named with its package or without, and a name that none has is told of', async () => {
  await fire('firing')
  const taken = await ask('/v1/alerts/ack', { alert: 'leak', by: 'ann' })
  expect(taken).toMatchObject({ status: 200, body: { alerts: [{ alert: 'shop/leak', acknowledged: { by: 'ann' } }] } })
  expect((await ask('/v1/alerts/history?alert=leak')).body).toMatchObject({ transitions: [{ state: 'firing' }] })
  // In force, and has never fired.
  expect(await ask('/v1/alerts/history?alert=worse')).toEqual({ status: 200, body: { transitions: [] } })
  expect((await ask('/v1/alerts/ack', { alert: 'worse' })).body).toMatchObject({
    detail: 'shop/worse does not fire: there is nothing to acknowledge',
  })
  for (const refused of [
    await ask('/v1/alerts/ack', { alert: 'laek' }),
    await ask('/v1/alerts/history?alert=laek'),
    await ask('/v1/alerts/history?alert=shop/laek'),
  ]) {
    expect(refused.status).toBe(404)
    expect(refused.body).toMatchObject({ detail: expect.stringMatching(/laek in force, did you mean `shop\/leak`\?$/) })
  }
  expect((await ask('/v1/alerts/rebaseline', { alert: 'wrse' })).body).toMatchObject({
    detail: 'there is no alert wrse in force, did you mean `shop/worse`?',
  })
})

test('of two silences on an alert both are named', async () => {
  await fire('firing')
  const silence = async (minutes: number): Promise<string> => {
    const asked = { matchers: { alert: 'shop/leak' }, minutes, by: 'ann', reason: 'deploy' }
    return ((await ask('/v1/silences', asked)).body as unknown as SilenceJson).id
  }
  const [one, two] = [await silence(30), await silence(60)]
  const silencedBy = async () =>
    ((await ask('/v1/alerts')).body as unknown as AlertStatesResponse).alerts[0]?.silencedBy
  expect(new Set(await silencedBy())).toEqual(new Set([one, two]))
  clockMs += 31 * 60_000
  expect(await silencedBy()).toEqual([two])
})

test('what alerts were comes in pages, whatever happens meanwhile', async () => {
  await fire('firing')
  clockMs += 60_000
  await fire('resolved')
  const first = (await ask('/v1/alerts/history?limit=1')).body as unknown as AlertHistoryResponse
  expect(first.transitions).toMatchObject([{ state: 'resolved' }])
  clockMs += 60_000
  await fire('firing', 'shop/leak@2')
  const second = (await ask(`/v1/alerts/history?limit=1&after=${first.next}`)).body as unknown as AlertHistoryResponse
  expect(second.transitions).toMatchObject([{ state: 'firing', at: '2026-11-21T10:00:00.000Z' }])
  expect(second.next).toBeUndefined()
  expect((await ask('/v1/alerts/history?after=x')).status).toBe(400)
  const forgotten = Buffer.from('["forgotten"]').toString('base64url')
  expect((await ask(`/v1/alerts/history?after=${forgotten}`)).body).toEqual({ transitions: [] })
})

test('what was found out about an alert stands beside it, the first that was found', async () => {
  await fire('firing')
  expect((await ask('/v1/alerts')).body).toMatchObject({ alerts: [{ investigation: null, examples: [] }] })
  const investigation = { ...SAMPLE_INVESTIGATION, atMs: clockMs, fromMs: clockMs - 3_600_000, toMs: clockMs }
  for (const outcome of ['found', 'nothing'] as const)
    await log.append(ALERTS, [
      investigationRecord({
        tenant: 'default',
        alertId: 'shop/leak',
        incidentId: 'shop/leak@1.1',
        investigation: { ...investigation, outcome },
      }),
    ])
  expect((await ask('/v1/alerts')).body).toMatchObject({ alerts: [{ state: 'firing', investigation }] })
  expect((await ask('/v1/alerts/history')).body).toMatchObject({ transitions: [{ investigation }] })
})

test('a silence is in force, then ended; it needs a reason, an end, and something to match', async () => {
  await fire('firing')
  const made = await ask('/v1/silences', {
    matchers: { alert: 'shop/*', labels: { env: 'prod' } },
    minutes: 60,
    by: 'ann',
    reason: 'deploy',
  })
  expect(made).toMatchObject({ status: 201, body: { state: 'active', by: 'ann', until: '2026-11-21T11:00:00.000Z' } })
  const { id } = made.body as unknown as SilenceJson
  expect((await ask('/v1/alerts')).body).toMatchObject({ alerts: [{ silencedBy: [id] }] })
  expect((await ask(`/v1/silences/${id}/expire`, { by: 'bo' })).body).toMatchObject({
    state: 'expired',
    expiredBy: 'bo',
  })
  expect((await ask('/v1/alerts')).body).toMatchObject({ alerts: [{ silencedBy: [] }] })
  for (const wrong of [
    { matchers: {}, minutes: 60, reason: 'x' },
    { matchers: { alert: '*' }, minutes: 60 },
    { matchers: { alert: '*' }, minutes: 0, reason: 'x' },
    { matchers: { alert: '*' }, minutes: 60, reason: 'x', every: 'someday 10:00-11:00' },
  ])
    expect((await ask('/v1/silences', wrong)).status).toBe(400)
})

test.each([
  [{ alert: 'shop/slow' }, []],
  [{ alert: 'shop/*', severity: 'ticket' }, []],
  [{ alert: 'shop/leak', labels: { env: 'prod' } }, []],
  [
    { alert: 'shop/slwo' },
    ['no alert has alert shop/slwo: it silences nothing until one does; did you mean shop/slow?'],
  ],
  [
    { eval: 'other/*' },
    ['no alert has eval other/*: it silences nothing until one does; there are assay/sample, shop/fast'],
  ],
  [
    { alert: 'shop/slow', eval: 'assay/sample' },
    ['no alert matches all of it at once: it silences nothing until one does'],
  ],
])('%j is taken, with a word on whether any alert is meant', async (matchers, warnings) => {
  await fire('firing')
  const made = await ask('/v1/silences', { matchers, minutes: 60, by: 'ann', reason: 'deploy' })
  expect(made).toMatchObject({ status: 201, body: { warnings } })
})

test('maintenance is in force at its hours', async () => {
  const window = { matchers: { alert: '*' }, minutes: 40_000, every: 'saturday 11:00-12:00', reason: 'upgrades' }
  expect((await ask('/v1/silences', window)).body).toMatchObject({
    state: 'waiting',
    every: 'saturday 11:00-12:00 UTC',
  })
  clockMs += 90 * 60_000
  expect((await ask('/v1/silences')).body).toMatchObject({ silences: [{ state: 'active' }] })
})

test('a new level is accepted of an alert on changes alone, and written down with who did it', async () => {
  await log.ensureTopics([
    { name: AUDIT_LOG, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  const told = await ask('/v1/alerts/rebaseline', { alert: 'shop/worse', by: 'ann', reason: 'the new model' })
  expect(told).toEqual({
    status: 200,
    body: { alert: 'shop/worse', at: '2026-11-21T10:00:00.000Z', since: null, by: 'ann', reason: 'the new model' },
  })
  const since = '2026-11-20T10:00:00.000Z'
  expect((await ask('/v1/alerts/rebaseline', { alert: 'worse', since })).body).toMatchObject({
    alert: 'shop/worse',
    since,
  })
  for (const [body, status, detail] of [
    [{ alert: 'shop/wrse' }, 404, 'did you mean `shop/worse`?'],
    [{ alert: 'shop/many' }, 400, 'compares with a number of its rule'],
    [{ alert: 'shop/worse', since: '2027-01-01T00:00:00Z' }, 400, 'yet to come'],
    [{ alert: 'shop/worse', since: 'yesterday' }, 400, 'since'],
  ] as const) {
    const refused = await ask('/v1/alerts/rebaseline', body)
    expect(refused.status).toBe(status)
    expect(JSON.stringify(refused.body)).toContain(detail)
  }
  const written = await log.read(ALERT_STATE, 0, 0, 10)
  expect(written.map(({ key, value }) => ({ key, ...parseLevel(value)?.level }))).toMatchObject([
    { key: 'level/default/shop/worse', atMs: clockMs, sinceMs: null, by: 'ann', reason: 'the new model' },
    { key: 'level/default/shop/worse', atMs: clockMs, sinceMs: Date.parse(since), reason: null },
  ])
  expect(await readAudit(log, 'default', 10)).toMatchObject([
    { act: 'alert.rebaseline', target: 'shop/worse', detail: { since } },
    { act: 'alert.rebaseline', target: 'shop/worse', detail: { by: 'ann', reason: 'the new model' } },
  ])
})
