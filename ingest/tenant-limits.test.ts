/** What clients hear of a tenant's limits, over HTTP and gRPC. */
import { ChannelCredentials, Client, type Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { transcodeJson } from '../engine/otlp/json.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { LogError } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openGate } from '../test/support/open-gate.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { createDailyQuota } from './guard/daily-quota.ts'
import { createLimits, type Limits, type TenantLimits } from './guard/limits.ts'
import { createRateWindows } from './guard/rate-windows.ts'
import { startOtlpGrpc } from './otlp-grpc.ts'
import { type Listener, startOtlpHttp } from './otlp-http.ts'

let nowMs: number
let log: EmbeddedLog
let failing: LogError | null
let gateway: Gateway
let limits: Limits
let http: Listener
let grpc: Listener
let client: Client

beforeEach(async () => {
  nowMs = Date.parse('2026-11-21T12:00:00Z')
  failing = null
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 2, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(async () => {
  client.close()
  await Promise.all([http.drain(), grpc.drain()])
  await log.close()
})

async function start(forAll: Partial<TenantLimits>): Promise<void> {
  const clock = () => nowMs
  const onChange = () => {}
  limits = createLimits({
    settings: {
      forAll: {
        spansPerSecond: null,
        bytesPerSecond: null,
        burstSeconds: 10,
        spansPerDay: null,
        bytesPerDay: null,
        ...forAll,
      },
      byTenant: new Map(),
    },
    windows: createRateWindows({ redis: null, nowMs: clock, onChange }),
    quota: createDailyQuota({ state: null, nowMs: clock, onChange }),
    nowMs: clock,
  })
  const appending = {
    partitionFor: log.partitionFor.bind(log),
    append: async (...args: Parameters<EmbeddedLog['append']>) => {
      if (failing !== null) throw failing
      return log.append(...args)
    },
  }
  gateway = createGateway({ log: appending, gate: openGate, nowMs: clock, limits })
  http = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })
  grpc = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway })
  client = new Client(`127.0.0.1:${grpc.port}`, ChannelCredentials.createInsecure())
}

const requestOf = (spans: number): string =>
  JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, i) => ({
              traceId: 'ab'.repeat(16),
              spanId: (i + 1).toString(16).padStart(16, '0'),
              name: 'one',
              startTimeUnixNano: '1700000000000000000',
              endTimeUnixNano: '1700000001000000000',
            })),
          },
        ],
      },
    ],
  })

async function post(body: string, path = '/v1/traces') {
  const response = await fetch(`http://127.0.0.1:${http.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
}

function call(spans: number): Promise<{ code: number; details: string; metadata: Metadata | null }> {
  const transcoded = transcodeJson(Buffer.from(requestOf(spans)))
  if (!transcoded.ok) throw new Error(transcoded.message)
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      (request: Uint8Array) => Buffer.from(request),
      (response: Buffer) => response,
      transcoded.request,
      (error: ServiceError | null) =>
        resolve({ code: error?.code ?? status.OK, details: error?.details ?? '', metadata: error?.metadata ?? null }),
    )
  })
}

test('over the rate: 429 with Retry-After, RESOURCE_EXHAUSTED with RetryInfo, whoever asked before', async () => {
  await start({ spansPerSecond: 1 })
  nowMs += 3_000
  expect((await post(requestOf(6))).status).toBe(200)
  expect((await call(4)).code).toBe(status.OK)
  const refused = await post(requestOf(1))
  expect(refused).toMatchObject({ status: 429, retryAfter: '7' })
  expect(JSON.parse(refused.text)).toEqual({
    code: status.RESOURCE_EXHAUSTED,
    message: 'tenant default may send 1 spans a second, 10 within 10 s; nothing was kept',
  })
  const native = JSON.stringify({ spans: [{ name: 'one' }] })
  expect(await post(native, '/v1/spans')).toMatchObject({ status: 429, retryAfter: '7' })
  const called = await call(1)
  expect(called.code).toBe(status.RESOURCE_EXHAUSTED)
  const [details] = called.metadata!.get('grpc-status-details-bin')
  // A RetryInfo with retry_delay = {seconds = 7}.
  expect(Buffer.from(details as Buffer).includes('type.googleapis.com/google.rpc.RetryInfo')).toBe(true)
  expect([...(details as Buffer).subarray(-4)]).toEqual([0x0a, 0x02, 0x08, 7])
  expect(gateway.stats()).toMatchObject({
    acceptedSpans: 10,
    rejected: { rate_limited: 3 },
    limits: { refusedTenants: 1, trouble: null },
  })
  nowMs += 7_000
  expect((await post(native, '/v1/spans')).status).toBe(200)
  expect((await call(9)).code).toBe(status.OK)
})

test('a refused tenant’s body is not read', async () => {
  await start({ spansPerSecond: 1 })
  expect((await post(requestOf(10))).status).toBe(200)
  expect((await post('not even JSON')).status).toBe(400)
  expect((await post(requestOf(1))).status).toBe(429)
  expect((await post('not even JSON')).status).toBe(429)
})

test('a quota that is used up says until when', async () => {
  await start({ spansPerDay: 10 })
  expect((await post(requestOf(10))).status).toBe(200)
  const refused = await post(requestOf(1))
  expect(refused).toMatchObject({ status: 429, retryAfter: String(12 * 3_600) })
  expect(refused.text).toContain('of the day, until 2026-11-22T00:00:00.000Z')
  expect(gateway.stats().rejected.quota_used).toBe(1)
})

test('what fits at no time is not to be sent again as it is', async () => {
  await start({ spansPerSecond: 1 })
  const refused = await post(requestOf(11))
  expect(refused).toMatchObject({ status: 413, retryAfter: null })
  expect(refused.text).toContain('send smaller batches')
  const called = await call(11)
  expect(called.code).toBe(status.RESOURCE_EXHAUSTED)
  expect(called.metadata!.get('grpc-status-details-bin')).toEqual([])
  expect(gateway.stats().rejected.too_large).toBe(2)
})

test('what the log refuses is not counted', async () => {
  await start({ spansPerDay: 10 })
  failing = new LogError('full', 'full')
  for (let i = 0; i < 2; i++) expect((await post(requestOf(10))).status).toBe(503)
  failing = null
  expect((await post(requestOf(10))).status).toBe(200)
})
