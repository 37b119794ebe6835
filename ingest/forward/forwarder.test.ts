/** The forwarder with real clients in front of it, a real disk below and a collector behind it that fails as it is told. */
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { OTLPLogExporter as LogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readLogs } from '../../engine/otlp/logs.ts'
import { createAuthority } from '../../test/support/certificates.ts'
import { type OtlpSink, startOtlpSink } from '../../test/support/otlp-sink.ts'
import { statusWithRetryBytes } from '../answer.ts'
import { startOtlpGrpc } from '../otlp-grpc.ts'
import { startOtlpHttp } from '../otlp-http.ts'
import { type Forwarder, type ForwarderOptions, openForwarder } from './forwarder.ts'
import { type ClientTls, createSender } from './sender.ts'

const DISK_BYTES = 64 << 20

let folder: string
let sink: OtlpSink
const closers: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-forwarder-'))
  sink = await startOtlpSink()
})

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await sink.close()
  rmSync(folder, { recursive: true, force: true })
})

const NO_TLS: ClientTls = { ca: null, certificate: null, key: null }

/** Waits take no time; `pauses` is how long they would have been. */
async function start(options: Partial<ForwarderOptions> & { to?: string; key?: string | null; tls?: ClientTls } = {}) {
  const { to = sink.url, key = null, tls = NO_TLS, ...rest } = options
  const pauses: number[] = []
  const said: string[] = []
  const forwarder = await openForwarder({
    folder,
    diskBytes: DISK_BYTES,
    whenFull: 'refuse',
    durability: 'process',
    reduce: { sampleRate: 1, foldAfter: null, maxKeys: null, maxValues: null },
    sender: createSender({
      url: to,
      key,
      tls,
      timeoutMs: 30_000,
      version: '0',
      nowMs: Date.now,
    }),
    resend: false,
    nowMs: Date.now,
    random: () => 0.5,
    pause: async (delayMs) => {
      pauses.push(delayMs)
      await new Promise((resolve) => setImmediate(resolve))
    },
    onChange: (text) => said.push(text),
    ...rest,
  })
  const http = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway: forwarder.gateway })
  const grpc = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway: forwarder.gateway })
  const stop = async (): Promise<void> => {
    await Promise.all([http.drain(), grpc.drain()])
    await forwarder.stop(1_000)
  }
  closers.push(stop)
  return {
    forwarder,
    url: `http://127.0.0.1:${http.port}`,
    grpcUrl: `http://127.0.0.1:${grpc.port}`,
    pauses,
    said,
    stop: async () => {
      closers.splice(closers.indexOf(stop), 1)
      await stop()
    },
  }
}

async function record(exporter: SpanExporter, count: number): Promise<string[]> {
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
  const tracer = provider.getTracer('test')
  const ids = Array.from({ length: count }, (_, i) => {
    const span = tracer.startSpan(`span ${i}`)
    span.end()
    return span.spanContext().spanId
  })
  await provider.shutdown()
  return ids
}

/** One span a request. */
const idOf = (index: number): string => (index + 1).toString(16).padStart(16, '0')

async function post(url: string, index: number, text = '', spans = 1): Promise<Response> {
  const span = (i: number) => ({
    traceId: idOf(index).padStart(32, '0'),
    spanId: idOf(index + i),
    name: 'chat',
    startTimeUnixNano: '1760000000000000000',
    endTimeUnixNano: '1760000000005000000',
    attributes: [{ key: 'text', value: { stringValue: text } }],
  })
  const body = { resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: spans }, (_, i) => span(i)) }] }] }
  return fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer assay_of-the-workload' },
    body: JSON.stringify(body),
  })
}

const waitFor = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 10 })
const isEmpty = (forwarder: Forwarder) => waitFor(() => expect(forwarder.stats().buffer.records).toBe(0))

test('what OpenTelemetry’s SDK sends over gRPC, protobuf and JSON arrives, under the forwarder’s key', async () => {
  const { forwarder, url, grpcUrl } = await start({ key: 'assay_mine' })
  const sent = [
    ...(await record(new ProtobufExporter({ url: `${url}/v1/traces` }), 40)),
    ...(await record(new JsonExporter({ url: `${url}/v1/traces` }), 40)),
    ...(await record(new GrpcExporter({ url: grpcUrl }), 40)),
  ]
  await isEmpty(forwarder)
  expect([...sink.taken.keys()].sort()).toEqual(sent.sort())
  expect([...sink.taken.values()].every((times) => times === 1)).toBe(true)
  expect([...sink.authorizations]).toEqual(['Bearer assay_mine'])
  expect(forwarder.stats()).toMatchObject({ acceptedSpans: 120, delivery: { deliveredSpans: 120, failures: 0 } })
  const health = (await (await fetch(`${url}/health`)).json()) as Record<string, unknown>
  expect(health).toMatchObject({ service: 'assay forward', forward: { acceptedSpans: 120 } })
})

test('messages as log events arrive as they were sent; other log records are left where they are', async () => {
  const { forwarder, url } = await start()
  const recordOf = (eventName: string) => ({
    timeUnixNano: '1760000000000000000',
    traceId: idOf(0).padStart(32, '0'),
    spanId: idOf(0),
    eventName,
    body: { kvlistValue: { values: [{ key: 'content', value: { stringValue: 'Where is it?' } }] } },
  })
  const send = async (eventName: string): Promise<[string, unknown]> => {
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [recordOf(eventName)] }] }] })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })
    expect(response.status).toBe(200)
    return [body, await response.json()]
  }
  const [first] = await send('gen_ai.user.message')
  const [second] = await send('gen_ai.user.message')
  expect(await send('login')).toEqual([
    expect.any(String),
    { partialSuccess: expect.objectContaining({ rejectedLogRecords: '1' }) },
  ])
  await post(url, 0)
  const provider = new LoggerProvider({
    processors: [new SimpleLogRecordProcessor({ exporter: new LogExporter({ url: `${url}/v1/logs` }) })],
  })
  const spanContext = { traceId: idOf(0).padStart(32, '0'), spanId: idOf(0), traceFlags: 1 }
  provider.getLogger('test').emit({
    eventName: 'gen_ai.user.message',
    body: { content: 'Where is it?' },
    context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
  })
  await provider.shutdown()
  await isEmpty(forwarder)
  expect(sink.taken.size).toBe(1)
  expect(sink.logs.map(({ contentType }) => contentType)).toEqual([
    'application/json',
    'application/json',
    'application/x-protobuf',
  ])
  expect(sink.logs.slice(0, 2).map(({ body }) => body.toString())).toEqual([first, second])
  expect(readLogs(sink.logs[2]!.body, 'protobuf', 0)).toMatchObject({ ok: true, leftOut: { others: 0 } })
})

describe('a collector that fails', () => {
  test('is asked again, when it says', async () => {
    const answers = [
      'reset' as const,
      { status: 503, headers: { 'retry-after': '7' } },
      { status: 429, body: statusWithRetryBytes(8, 'slowly', 9) },
      { status: 502 },
    ]
    sink.answer = () => answers.shift() ?? { status: 200 }
    const { forwarder, url, pauses, said } = await start()
    await post(url, 0)
    await isEmpty(forwarder)
    // 200 ms for company at first; 1 s and 8 s at most are halved by the jitter, a second at most goes on top of what was asked for.
    expect(pauses).toEqual([200, 500, 8_000, 10_000, 4_000])
    expect(sink.taken.size).toBe(1)
    expect(forwarder.stats().delivery).toMatchObject({ retries: 4, failures: 0, failing: null })
    expect(said).toEqual([
      'the collector does not take spans (socket hang up): they wait on disk, it is tried again',
      'the collector answers again',
    ])
  })

  test.each([401, 403, 404, 308])('with %d keeps the spans: the key or the address is at fault', async (status) => {
    sink.answer = () => ({ status: sink.requests > 3 ? 200 : status })
    const { forwarder, url, said } = await start()
    await post(url, 0)
    await isEmpty(forwarder)
    expect(sink.taken.size).toBe(1)
    expect(said[0]).toContain('mend the key or the address')
    expect(forwarder.stats().setAside.spans.refused).toBe(0)
  })

  test('for good: the one request is set aside with the reason, the others go, and it can be tried once more', async () => {
    const isBad = (spanId: string) => spanId === idOf(5)
    let down = true
    sink.answer = (spans) => ({ status: down ? 503 : spans.some(({ spanId }) => isBad(spanId)) ? 400 : 200 })
    const first = await start()
    for (let i = 0; i < 10; i++) await post(first.url, i)
    down = false
    await isEmpty(first.forwarder)
    expect(sink.taken.size).toBe(9)
    expect(first.forwarder.stats().setAside).toMatchObject({ spans: { refused: 1 }, last: '400', records: 1 })
    await first.stop()
    sink.answer = () => ({ status: 200 })
    const second = await start({ resend: true })
    await isEmpty(second.forwarder)
    expect(sink.taken.get(idOf(5))).toBe(1)
    expect(second.forwarder.stats().setAside.records).toBe(0)
  })

  test('at size: spans go in halves, and one that is too large alone is set aside', async () => {
    sink.answer = (spans) => ({
      status: spans.length > 3 || spans.some(({ spanId }) => spanId === idOf(6)) ? 413 : 200,
    })
    const { forwarder, url } = await start()
    await post(url, 0, 'x', 10)
    await isEmpty(forwarder)
    expect(sink.taken.size).toBe(9)
    expect([...sink.taken.values()].every((times) => times === 1)).toBe(true)
    expect(forwarder.stats().setAside.spans.too_large).toBe(1)
  })

  test('in part: what it did not take is counted, and told once', async () => {
    // ExportTraceServiceResponse of a partial success: one span rejected, "bad".
    sink.answer = () => ({ status: 200, body: Buffer.from('0a0708011203626164', 'hex') })
    const { forwarder, url, said } = await start()
    await post(url, 0)
    await post(url, 1)
    await isEmpty(forwarder)
    const { rejectedSpans, deliveredSpans } = forwarder.stats().delivery
    expect(rejectedSpans).toBeGreaterThan(0)
    expect(rejectedSpans + deliveredSpans).toBe(2)
    expect(said).toEqual(['the collector took a request and says: bad'])
  })
})

describe('a buffer that is full', () => {
  const text = 'x'.repeat(1_000_000)
  const filesBytes = (): number => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

  test('refuses, and loses nothing', async () => {
    sink.answer = () => ({ status: 503 })
    const { forwarder, url } = await start()
    const acknowledged: string[] = []
    let refused: Response | null = null
    for (let i = 0; refused === null; i++) {
      const response = await post(url, i, text)
      if (response.status === 200) acknowledged.push(idOf(i))
      else refused = response
      expect(filesBytes()).toBeLessThanOrEqual(DISK_BYTES)
    }
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([503, 30])
    expect(acknowledged.length).toBeGreaterThan(15)
    sink.answer = () => ({ status: 200 })
    await isEmpty(forwarder)
    expect([...sink.taken.keys()].sort()).toEqual(acknowledged)
    expect(forwarder.stats().droppedSpans.buffer_full).toBe(0)
  })

  test('or drops the oldest, counted', async () => {
    sink.answer = () => ({ status: 503 })
    const { forwarder, url } = await start({ whenFull: 'drop_oldest' })
    for (let i = 0; i < 40; i++) {
      expect((await post(url, i, text)).status).toBe(200)
      expect(filesBytes()).toBeLessThanOrEqual(DISK_BYTES)
    }
    sink.answer = () => ({ status: 200 })
    await isEmpty(forwarder)
    const { buffer_full } = forwarder.stats().droppedSpans
    expect(buffer_full).toBeGreaterThan(15)
    expect(sink.taken.size).toBe(40 - buffer_full)
    expect(sink.taken.has(idOf(39))).toBe(true)
  })
})

test('a write that was cut short is as if it had not begun, and what came before it is there', async () => {
  sink.answer = () => ({ status: 503 })
  const { url, stop } = await start()
  for (let i = 0; i < 5; i++) await post(url, i)
  // As a kill leaves the files: the log of writes is not merged yet, and ends in the middle of a page.
  const copy = mkdtempSync(join(tmpdir(), 'assay-forwarder-torn-'))
  for (const name of ['format', 'forward.db', 'forward.db-wal']) copyFileSync(join(folder, name), join(copy, name))
  appendFileSync(join(copy, 'forward.db-wal'), Buffer.alloc(5_000, 7))
  await stop()
  sink.answer = () => ({ status: 200 })
  const { forwarder } = await start({ folder: copy })
  await isEmpty(forwarder)
  expect([...sink.taken.keys()].sort()).toEqual([0, 1, 2, 3, 4].map(idOf))
  rmSync(copy, { recursive: true })
})

test('over TLS, with a certificate of its own where one is asked for', async () => {
  const authority = createAuthority(folder, 'test')
  const { certificate: cert, key } = authority.sign('collector', 'IP:127.0.0.1')
  const mine = authority.sign('forwarder', 'DNS:forwarder')
  const seen: string[] = []
  const ca = authority.certificate
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const to = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { forwarder, url } = await start({ to, tls: { ca, certificate: mine.certificate, key: mine.key } })
  await post(url, 0)
  await isEmpty(forwarder)
  expect(seen).toEqual(['forwarder'])
})

test('what is not delivered at the end is delivered after the next start', async () => {
  sink.answer = () => ({ status: 503 })
  const first = await start()
  await post(first.url, 0)
  await first.stop()
  expect(sink.taken.size).toBe(0)
  sink.answer = () => ({ status: 200 })
  await isEmpty((await start()).forwarder)
  expect(sink.taken.size).toBe(1)
})
