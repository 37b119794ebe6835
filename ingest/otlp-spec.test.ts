/**
 * Each answer of the gateway, over HTTP and over gRPC, against OTLP's tables of what is sent again and when:
 * https://opentelemetry.io/docs/specs/otlp/#failures and https://opentelemetry.io/docs/specs/otlp/#failures-1
 */
import { ChannelCredentials, Client, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { transcodeJson } from '../engine/otlp/json.ts'
import { createGate } from '../storage/access/gate.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { LogError } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openGate } from '../test/support/open-gate.ts'
import { createGateway, type GatewayOptions } from './gateway.ts'
import { Breaker } from './guard/breaker.ts'
import { NO_LIMITS, type OverLimit } from './guard/limits.ts'
import { startOtlpGrpc } from './otlp-grpc.ts'
import { startOtlpHttp } from './otlp-http.ts'

/** What clients send again: of gRPC, `RESOURCE_EXHAUSTED` only with a RetryInfo. */
const RETRYABLE_HTTP = [429, 502, 503, 504]
const RETRYABLE_GRPC = [
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]

let log: EmbeddedLog
const ends: (() => Promise<void>)[] = []

beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(() => log.close())

const NOW_MS = 1_700_000_000_000
const span = {
  traceId: '1'.repeat(32),
  spanId: '2'.repeat(16),
  startTimeUnixNano: `${NOW_MS}000005`,
  endTimeUnixNano: `${NOW_MS}000006`,
}
function requestOf(...spans: object[]): Buffer {
  const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })))
  if (!outcome.ok) throw new Error(outcome.message)
  return Buffer.from(outcome.request)
}
const good = requestOf(span)

interface Answers {
  http: { status: number; type: string | null; retryAfter: string | null; body: Buffer }
  grpc: { code: status; details: Buffer | undefined; body: Buffer | undefined }
}

async function ask(options: Partial<GatewayOptions>, body: Buffer): Promise<Answers> {
  const gateway = createGateway({ log, gate: openGate, nowMs: () => NOW_MS, onBug: () => {}, ...options })
  const http = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })
  const grpc = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway })
  const client = new Client(`127.0.0.1:${grpc.port}`, ChannelCredentials.createInsecure())
  ends.push(async () => {
    client.close()
    await Promise.all([http.drain(), grpc.drain()])
  })
  const response = await fetch(`http://127.0.0.1:${http.port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(body),
  })
  const asIs = (bytes: Buffer): Buffer => bytes
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
  const answered = await new Promise<Answers['grpc']>((resolve) => {
    let details: Buffer | undefined
    client.makeUnaryRequest(path, asIs, asIs, body, (error: ServiceError | null, bytes?: Buffer) => {
      const [found] = error?.metadata.get('grpc-status-details-bin') ?? []
      details = typeof found === 'string' ? undefined : found
      resolve({ code: error?.code ?? status.OK, details, body: bytes })
    })
  })
  return {
    http: {
      status: response.status,
      type: response.headers.get('content-type'),
      retryAfter: response.headers.get('retry-after'),
      body: Buffer.from(await response.arrayBuffer()),
    },
    grpc: answered,
  }
}

const failing = (code: LogError['code']): Partial<GatewayOptions> => ({
  log: { partitionFor: () => 0, append: () => Promise.reject(new LogError(code, 'no')) },
})
const openBreaker = (): Breaker => {
  const breaker = new Breaker(Date.now)
  breaker.setBacklog('evaluation is far behind')
  return breaker
}
const limitedBy = (over: OverLimit): Partial<GatewayOptions> => ({ limits: { ...NO_LIMITS, take: async () => over } })

const LATER: OverLimit = { kind: 'later', reason: 'rate_limited', message: 'too much', retryAfterSeconds: 7 }

test.each<[string, Partial<GatewayOptions>, Buffer, number, status, number | null]>([
  ['no protobuf', {}, Buffer.from('no protobuf'), 400, status.INVALID_ARGUMENT, null],
  ['larger than a request may be', { maxBodyBytes: 40 }, good, 413, status.RESOURCE_EXHAUSTED, null],
  [
    'no key where one is needed',
    { gate: createGate('keys', { verify: () => ({ ok: false, code: 'unknown' }) }) },
    good,
    401,
    status.UNAUTHENTICATED,
    null,
  ],
  ['more than the gateway may hold', { maxHeldBytes: 1 }, good, 503, status.UNAVAILABLE, 1],
  ['the log is full', failing('full'), good, 503, status.UNAVAILABLE, 30],
  ['the log is away', failing('io'), good, 503, status.UNAVAILABLE, 5],
  ['Assay is stopping', failing('closed'), good, 503, status.UNAVAILABLE, 2],
  ['the breaker is open', { breaker: openBreaker() }, good, 503, status.UNAVAILABLE, 10],
  ["over the tenant's rate", limitedBy(LATER), good, 429, status.RESOURCE_EXHAUSTED, 7],
  [
    'more at once than the rate could ever let pass',
    limitedBy({ kind: 'never', message: 'too much at once' }),
    good,
    413,
    status.RESOURCE_EXHAUSTED,
    null,
  ],
])('%s', async (_, options, body, httpStatus, code, retryAfterSeconds) => {
  const { http, grpc } = await ask(options, body)
  expect([http.status, grpc.code]).toEqual([httpStatus, code])
  expect(http.type).toBe('application/x-protobuf')
  // A google.rpc.Status: its code, and then its message.
  expect([http.body[0], http.body[1], http.body[2]]).toEqual([0x08, code, 0x12])
  const isRetryable = retryAfterSeconds !== null
  expect(RETRYABLE_HTTP.includes(httpStatus)).toBe(isRetryable)
  expect(http.retryAfter).toBe(isRetryable ? String(retryAfterSeconds) : null)
  // Without it clients give the request up, also where the code alone would have them try again.
  expect(RETRYABLE_GRPC.includes(code) || (code === status.RESOURCE_EXHAUSTED && grpc.details !== undefined)).toBe(
    isRetryable,
  )
  if (!isRetryable) return
  const info = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
  expect(grpc.details?.includes(info)).toBe(true)
  // {retry_delay = 1: {seconds = 1}}
  expect([...(grpc.details?.subarray(-4) ?? [])]).toEqual([0x0a, 0x02, 0x08, retryAfterSeconds])
})

test('success is an empty answer, and partial success one that says what was left out', async () => {
  const whole = await ask({}, good)
  expect([whole.http.status, whole.grpc.code]).toEqual([200, status.OK])
  expect([whole.http.body.length, whole.grpc.body?.length]).toEqual([0, 0])
  const partial = await ask({}, requestOf(span, { ...span, endTimeUnixNano: '0' }))
  expect([partial.http.status, partial.grpc.code]).toEqual([200, status.OK])
  expect(partial.http.retryAfter).toBeNull()
  expect(partial.grpc.body).toEqual(partial.http.body)
  // {partial_success = 1: {rejected_spans = 1, error_message = 2}}
  expect([partial.http.body[0], partial.http.body[2], partial.http.body[3], partial.http.body[4]]).toEqual([
    0x0a, 0x08, 1, 0x12,
  ])
})
