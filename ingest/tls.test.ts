/** TLS and mutual TLS of every listener, and which pages may send. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChannelCredentials, Client, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import { startApi } from '../server/api.ts'
import type { ServerTls } from '../storage/access/server-tls.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openTraces } from '../storage/traces/open.ts'
import { startHttpGateway } from '../test/support/http-gateway.ts'
import { openGate } from '../test/support/open-gate.ts'
import { openStream } from '../test/support/stream-client.ts'
import { type Certificates, makeCertificates } from '../test/support/tls-files.ts'
import { createGateway } from './gateway.ts'
import { startOtlpGrpc } from './otlp-grpc.ts'
import { startOtlpHttp } from './otlp-http.ts'

let folder: string
let certificates: Certificates
let log: EmbeddedLog
const ends: (() => Promise<void>)[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-tls-'))
  certificates = makeCertificates(folder)
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(async () => {
  await log.close()
  rmSync(folder, { recursive: true, force: true })
})

const tlsOf = (isMutual: boolean): ServerTls => ({
  ...certificates.server,
  clientCa: isMutual ? certificates.ca : null,
})

/** The status, or the code of the error that the connection ended with. */
function ask(port: number, path: string, withClient: boolean, ca: string | undefined): Promise<number | string> {
  return new Promise((resolve) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: path === '/v1/traces' ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json' },
        agent: false,
        ...(ca !== undefined && { ca }),
        ...(withClient && certificates.client),
      },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    asking.end(path === '/v1/traces' ? '{"resourceSpans":[]}' : undefined)
  })
}

const listeners = [
  [
    'OTLP/HTTP',
    '/v1/traces',
    async (tls: ServerTls) =>
      startOtlpHttp({ host: '127.0.0.1', port: 0, tls, gateway: createGateway({ log, gate: openGate }) }),
  ],
  [
    'the API',
    '/v1/evals',
    async (tls: ServerTls) => {
      const traces = await openTraces({ dataDir: join(folder, `traces-${ends.length}`) })
      await traces.migrate()
      ends.push(() => traces.close())
      return startApi({
        host: '127.0.0.1',
        port: 0,
        tls,
        gate: openGate,
        traces,
        status: async () => ({ status: 'ok', components: [] }),
        definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
        nowMs: Date.now,
      })
    },
  ],
] as const

test.each(listeners)('%s over TLS, by those who trust its authority', async (_, path, start) => {
  const listener = await start(tlsOf(false))
  ends.unshift(() => listener.drain())
  expect(await ask(listener.port, path, false, certificates.ca)).toBe(200)
  expect(await ask(listener.port, path, false, undefined)).toMatch(/UNABLE_TO|SELF_SIGNED|unable/)
  await expect(fetch(`http://127.0.0.1:${listener.port}${path}`)).rejects.toThrow()
})

test.each(listeners)('%s over mutual TLS asks for a certificate', async (_, path, start) => {
  const listener = await start(tlsOf(true))
  ends.unshift(() => listener.drain())
  expect(await ask(listener.port, path, true, certificates.ca)).toBe(200)
  expect(await ask(listener.port, path, false, certificates.ca)).not.toBe(200)
})

test.each([
  [false, false, status.OK],
  [true, true, status.OK],
  [true, false, status.UNAVAILABLE],
])('OTLP/gRPC: mutual %s, with a certificate %s', async (isMutual, withClient, expected) => {
  const gateway = createGateway({ log, gate: openGate })
  const listener = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway, tls: tlsOf(isMutual) })
  ends.push(() => listener.drain())
  const pair = withClient ? certificates.client : null
  const credentials = ChannelCredentials.createSsl(
    Buffer.from(certificates.ca),
    pair === null ? null : Buffer.from(pair.key),
    pair === null ? null : Buffer.from(pair.cert),
  )
  const client = new Client(`127.0.0.1:${listener.port}`, credentials)
  ends.unshift(async () => client.close())
  const code = await new Promise((resolve) => {
    client.makeUnaryRequest(
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
      (error: ServiceError | null) => resolve(error?.code ?? status.OK),
    )
  })
  expect(code).toBe(expected)
})

test.each([
  ...listeners,
  [
    'OTLP/gRPC',
    '/',
    async (tls: ServerTls) =>
      startOtlpGrpc({ host: '127.0.0.1', port: 0, tls, gateway: createGateway({ log, gate: openGate }) }),
  ] as const,
])('%s does not wait at its end for a connection that never shakes hands', async (_, path, start) => {
  const listener = await start(tlsOf(false))
  const silent = connect(listener.port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => silent.on('error', () => {}).once('close', () => resolve()))
  silent.resume()
  // So that it has been accepted. A request of HTTP/1 is refused on the port of gRPC, by Node.
  expect(await ask(listener.port, path, false, certificates.ca)).toBe(path === '/' ? 403 : 200)
  await listener.drain()
  await closed
})

test.each([
  [false, false],
  [true, true],
])('a stream over TLS: mutual %s', async (isMutual, withClient) => {
  const gateway = createGateway({ log, history: log, gate: openGate })
  const listener = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway, tls: tlsOf(isMutual) })
  ends.push(() => listener.drain())
  const url = `wss://127.0.0.1:${listener.port}/v1/stream`
  const ca = certificates.ca
  const client = await openStream(url, { ca, ...(withClient && certificates.client) })
  expect(await client.hello({ stream: 's' })).toMatchObject({ type: 'welcome' })
  client.spans(1, [{ name: 'over TLS' }])
  expect(await client.next()).toMatchObject({ type: 'ack', batch: 1, spans: 1 })
  await client.close()
  if (isMutual) await expect(openStream(url, { ca })).rejects.toThrow()
  await expect(openStream(url)).rejects.toThrow(/self|unable|certificate/i)
})

test('pages of named origins may send, and no others', async () => {
  const gateway = await startHttpGateway({ log, corsOrigins: ['https://app.example.org'] })
  ends.push(() => gateway.drain())
  const preflight = (origin: string) =>
    fetch(`http://127.0.0.1:${gateway.port}/v1/traces`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
  const allowed = await preflight('https://app.example.org')
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example.org'])
  expect(allowed.headers.get('access-control-allow-headers')).toContain('content-type')
  const refused = await preflight('https://evil.example.org')
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null])
  const sent = await fetch(`http://127.0.0.1:${gateway.port}/v1/traces`, {
    method: 'POST',
    headers: { origin: 'https://app.example.org', 'content-type': 'application/json' },
    body: '{"resourceSpans":[]}',
  })
  expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example.org'])
  expect(gateway.stats().requests).toBe(1)
})
