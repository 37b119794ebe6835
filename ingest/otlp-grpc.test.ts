/** OTLP over gRPC: the real exporter as a client, and a bare one for what no exporter sends. */
import { ChannelCredentials, Client, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { context } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { createGate } from '../storage/access/gate.ts'
import { openKeys } from '../storage/access/keys.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { LogError } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openGate } from '../test/support/open-gate.ts'
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { startOtlpGrpc } from './otlp-grpc.ts'
import type { Listener } from './otlp-http.ts'

const SERVICE = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

let log: EmbeddedLog
let gateway: Gateway
let listener: Listener
let client: Client
const bugs: unknown[] = []

beforeEach(async () => {
  bugs.length = 0
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 2, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  await start({})
})

afterEach(async () => {
  await stop()
  await log.close()
  expect(bugs).toEqual([])
})

async function start(options: Partial<GatewayOptions>): Promise<void> {
  gateway = createGateway({ log, gate: openGate, nowMs: () => NOW_MS, onBug: (error) => bugs.push(error), ...options })
  listener = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway })
  client = new Client(`127.0.0.1:${listener.port}`, ChannelCredentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  })
}

async function stop(): Promise<void> {
  client.close()
  await listener.drain()
}

async function restart(options: Partial<GatewayOptions>): Promise<void> {
  await stop()
  await start(options)
}

interface Answer {
  code: number
  details: string
  bytes: Buffer | undefined
  statusDetails: Buffer | undefined
}

function ask(bytes: Uint8Array, { path = SERVICE, metadata = new Metadata() } = {}): Promise<Answer> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      (request: Uint8Array) => Buffer.from(request),
      (response: Buffer) => response,
      bytes,
      metadata,
      {},
      (error: ServiceError | null, response?: Buffer) => {
        const [statusDetails] = error?.metadata.get('grpc-status-details-bin') ?? []
        resolve({
          code: error?.code ?? status.OK,
          details: error?.details ?? '',
          bytes: response,
          statusDetails: Buffer.isBuffer(statusDetails) ? statusDetails : undefined,
        })
      },
    )
  })
}

const NOW_MS = 1_700_000_000_000
const spanJson = {
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 'one',
  startTimeUnixNano: `${NOW_MS}000000`,
  endTimeUnixNano: `${NOW_MS}000001`,
}

function requestOf(...spans: object[]): Uint8Array {
  const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

async function stored(): Promise<{ tenant: string | undefined; name: string }[]> {
  const found = []
  for (const partition of [0, 1]) {
    for (const { value, headers } of await log.read(AGENT_TRACES, partition, 0, 1_000))
      found.push(...normaliseRecord('default', value).map(({ name }) => ({ tenant: headers.tenant, name })))
  }
  return found
}

test.each(['none', 'gzip'] as const)('the exporter of the OpenTelemetry SDK, compression %s', async (compression) => {
  const exporter = new OTLPTraceExporter({
    url: `http://127.0.0.1:${listener.port}`,
    compression: compression as NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>['compression'] & string,
  })
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
  const tracer = provider.getTracer('agent')
  for (let n = 0; n < 300; n++) {
    tracer.startSpan(`span ${n}`, { attributes: { 'gen_ai.operation.name': 'chat' } }, context.active()).end()
  }
  await provider.forceFlush()
  await provider.shutdown()
  expect(await stored()).toHaveLength(300)
  expect(gateway.stats()).toMatchObject({ acceptedSpans: 300, rejectedSpans: 0 })
})

describe('answers', () => {
  test('nothing, when all is taken', async () => {
    const answer = await ask(requestOf(spanJson))
    expect(answer).toMatchObject({ code: status.OK })
    expect(answer.bytes).toHaveLength(0)
    expect(await stored()).toEqual([{ tenant: 'default', name: 'one' }])
  })

  test('a partial success for spans without times', async () => {
    const answer = await ask(requestOf(spanJson, { ...spanJson, startTimeUnixNano: '0' }))
    // partial_success (1), rejected_spans (1) = 1.
    expect(answer.bytes?.subarray(0, 4)).toEqual(Buffer.from([0x0a, answer.bytes!.length - 2, 0x08, 1]))
    expect(answer.bytes?.toString()).toContain('start_time_unix_nano: is missing or 0')
  })

  test('INVALID_ARGUMENT that names the field, without a RetryInfo', async () => {
    const answer = await ask(Uint8Array.of(0x0a, 0x05, 0x12))
    expect(answer.code).toBe(status.INVALID_ARGUMENT)
    expect(answer.details).toContain('resource_spans[0]')
    expect(answer.statusDetails).toBeUndefined()
  })

  test.each([
    ['full', 30],
    ['io', 5],
  ] as const)('UNAVAILABLE with a RetryInfo while the log is out of order: %s', async (code, seconds) => {
    const down = { append: () => Promise.reject(new LogError(code, 'no')), partitionFor: () => 0 }
    await restart({ log: down })
    const answer = await ask(requestOf(spanJson))
    expect(answer.code).toBe(status.UNAVAILABLE)
    // Its last bytes are the delay: {retry_delay = 1: {seconds = 1}}.
    expect(answer.statusDetails?.subarray(-4)).toEqual(Buffer.from([0x0a, 2, 0x08, seconds]))
    expect(answer.statusDetails?.toString()).toContain('type.googleapis.com/google.rpc.RetryInfo')
    expect(gateway.stats().rejected.log_unavailable).toBe(1)
  })

  test('UNAVAILABLE with a RetryInfo when too much is at hand', async () => {
    await restart({ maxHeldBytes: 10 })
    const answer = await ask(requestOf(spanJson))
    expect(answer).toMatchObject({ code: status.UNAVAILABLE, statusDetails: expect.any(Buffer) })
  })

  test('RESOURCE_EXHAUSTED for what is too large, also when it is small on the wire', async () => {
    await restart({ maxBodyBytes: 100_000 })
    const large = requestOf({ ...spanJson, name: 'x'.repeat(200_000) })
    expect((await ask(large)).code).toBe(status.RESOURCE_EXHAUSTED)
    client.close()
    client = new Client(`127.0.0.1:${listener.port}`, ChannelCredentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    })
    expect((await ask(large)).code).toBe(status.RESOURCE_EXHAUSTED)
  })

  test.each([
    ['metrics', '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', /keeps no metrics: 2 data points/],
    ['logs', '/opentelemetry.proto.collector.logs.v1.LogsService/Export', /left out: 2 of no event with messages/],
  ])('a partial success for %s that are not kept', async (signal, path, message) => {
    // Three levels with two items each: of metrics the last two are what is counted below a gauge.
    const nest = (field: number, bytes: Buffer): Buffer =>
      Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes])
    const points =
      signal === 'metrics'
        ? nest(5, Buffer.concat([nest(1, Buffer.alloc(0)), nest(1, Buffer.alloc(0))]))
        : Buffer.alloc(0)
    const items = Buffer.concat(signal === 'metrics' ? [nest(2, points)] : [nest(2, points), nest(2, points)])
    const answer = await ask(nest(1, nest(2, items)), { path })
    expect(answer.code).toBe(status.OK)
    const bytes = answer.bytes!
    expect([...bytes.subarray(bytes.indexOf(0x08), bytes.indexOf(0x08) + 2)]).toEqual([0x08, 2])
    expect(bytes.toString()).toMatch(message)
  })
})

test('keys come as metadata, and decide the tenant', async () => {
  const keys = await openKeys({ log, nowMs: Date.now, onProblem: () => {} })
  await restart({ gate: createGate('keys', keys) })
  const make = (role: 'ingest' | 'viewer') =>
    keys.create({ tenant: 'acme', role, name: '', expiresAtMs: null, by: 'operator' })
  const withKey = (key: string): Metadata => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${key}`)
    return metadata
  }
  expect((await ask(requestOf(spanJson))).code).toBe(status.UNAUTHENTICATED)
  const viewer = withKey((await make('viewer')).key)
  expect((await ask(requestOf(spanJson), { metadata: viewer })).code).toBe(status.PERMISSION_DENIED)
  const ingest = withKey((await make('ingest')).key)
  expect((await ask(requestOf(spanJson), { metadata: ingest })).code).toBe(status.OK)
  expect(await stored()).toEqual([{ tenant: 'acme', name: 'one' }])
  await keys.close()
})

test('whoever has no key is refused before a message is read', async () => {
  const keys = await openKeys({ log, nowMs: Date.now, onProblem: () => {} })
  await restart({ gate: createGate('keys', keys) })
  const answered = new Promise<number>((resolve) => {
    const asIs = (bytes: Buffer): Buffer => bytes
    // It begins a call, and never sends its message.
    client.makeClientStreamRequest(SERVICE, asIs, asIs, new Metadata(), (error) => resolve(error?.code ?? status.OK))
  })
  expect(await answered).toBe(status.UNAUTHENTICATED)
  expect(gateway.stats()).toMatchObject({ requests: 1, rejected: { unauthenticated: 1 } })
  await keys.close()
})

test('a drain lets what was taken end, and is stored', async () => {
  const answers = Array.from({ length: 20 }, (_, n) => ask(requestOf({ ...spanJson, name: `n${n}` })))
  await Promise.race(answers)
  await listener.drain()
  const codes = (await Promise.all(answers)).map(({ code }) => code)
  expect(await stored()).toHaveLength(codes.filter((code) => code === status.OK).length)
  expect(codes.filter((code) => code === status.OK).length).toBeGreaterThan(0)
})

test('whatever bytes come, the status is right and nothing breaks', async () => {
  const good = requestOf(spanJson, { ...spanJson, attributes: [{ key: 'a', value: { stringValue: 'b' } }] })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(good.length),
      async (changes, length) => {
        const bytes = Uint8Array.from(good)
        for (const [at, byte] of changes) bytes[at] = byte
        const { code } = await ask(bytes.subarray(0, length))
        expect([status.OK, status.INVALID_ARGUMENT]).toContain(code)
      },
    ),
    { numRuns: 1_000 },
  )
  expect(await stored()).toHaveLength(gateway.stats().acceptedSpans)
})
