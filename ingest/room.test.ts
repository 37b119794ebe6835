/** Whoever sends more than there is room for is refused before it is read, over each protocol; and leaves room to the other tenants. */

import { type ClientRequest, request } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { gzipSync } from 'node:zlib'
import { ChannelCredentials, Client, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { transcodeJson } from '../engine/otlp/json.ts'
import { createGate, type Gate } from '../storage/access/gate.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import type { Log } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openStream } from '../test/support/stream-client.ts'
import { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
import { type OtlpGrpcOptions, startOtlpGrpc } from './otlp-grpc.ts'
import { type Listener, startOtlpHttp } from './otlp-http.ts'

const MIB = 2 ** 20
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
/** Keys that are their tenants' names. */
const gate: Gate = ({ apiKey }) => ({
  ok: true,
  principal: { tenant: apiKey ?? 'default', role: 'anyone', keyId: null },
})

let log: EmbeddedLog
let gateway: Gateway
let http: Listener
let grpc: Listener
const bugs: unknown[] = []
const ends: (() => unknown)[] = []

beforeEach(async () => {
  bugs.length = 0
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  await Promise.all([http.drain(), grpc.drain()])
  await log.close()
  expect(bugs).toEqual([])
})

async function start(options: Partial<GatewayOptions>, more: Partial<OtlpGrpcOptions> = {}): Promise<void> {
  gateway = createGateway({ log, gate, onBug: (error) => bugs.push(error), ...options })
  http = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })
  grpc = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway, ...more })
}

const NOW_NS = `${Date.now()}000000`
function requestOf(attribute = ''): Buffer {
  const span = {
    traceId: 'ab'.repeat(16),
    spanId: 'cd'.repeat(8),
    startTimeUnixNano: NOW_NS,
    endTimeUnixNano: NOW_NS,
    attributes: [{ key: 'a', value: { stringValue: attribute } }],
  }
  const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })))
  if (!outcome.ok) throw new Error(outcome.message)
  return Buffer.from(outcome.request)
}

/** A message of gRPC, or what it begins with. */
const prefixed = (message: Buffer, sizeBytes = message.length, isCompressed = false): Buffer => {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(isCompressed ? 1 : 0, 0)
  prefix.writeUInt32BE(sizeBytes, 1)
  return Buffer.concat([prefix, message])
}

async function connectGrpc(): Promise<ClientHttp2Session> {
  // What waits to be sent is bounded by nothing else here.
  const session = connect(`http://127.0.0.1:${grpc.port}`, { maxSessionMemory: 4_000 })
  session.on('error', () => {})
  ends.push(() => session.destroy())
  await new Promise((resolve) => session.once('remoteSettings', resolve))
  return session
}

interface Call {
  readonly stream: ClientHttp2Stream
  /** Its status; null while it has none. */
  code: number | null
}

function call(session: ClientHttp2Session, tenant: string, more: Record<string, string> = {}): Call {
  const headers = { ':method': 'POST', ':path': TRACES, 'content-type': 'application/grpc', 'x-api-key': tenant }
  const one: Call = { stream: session.request({ ...headers, ...more }, { endStream: false }), code: null }
  const note = (found: Record<string, unknown>): void => {
    if (found['grpc-status'] !== undefined) one.code = Number(found['grpc-status'])
  }
  one.stream
    .on('response', note)
    .on('trailers', note)
    .on('error', () => {})
    .resume()
  return one
}

const answered = (one: Call): Promise<number> =>
  vi.waitFor(() => {
    if (one.code === null) throw new Error('no answer yet')
    return one.code
  }, 30_000)

/** How much the process grew at most while that ran. */
async function growthOf(run: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before)
  }, 2)
  await run()
  clearInterval(watch)
  return most
}

test('gRPC: a gigabyte of messages at once takes no more memory than the gateway may hold, and another tenant gets in', async () => {
  await start({ maxHeldBytes: 32 * MIB })
  const sessions = await Promise.all(Array.from({ length: 4 }, connectGrpc))
  // All but their last bytes, so that whoever is let in stays.
  const message = prefixed(Buffer.alloc(8 * MIB - 1), 8 * MIB)
  const growth = await growthOf(async () => {
    const calls = sessions.flatMap((session) =>
      Array.from({ length: 32 }, () => {
        const one = call(session, 'greedy')
        one.stream.write(message)
        return one
      }),
    )
    await vi.waitFor(
      () => expect(calls.filter(({ code }) => code === status.UNAVAILABLE).length).toBeGreaterThan(120),
      {
        timeout: 30_000,
      },
    )
    expect(gateway.budget.used).toBeLessThanOrEqual((32 * MIB * 2) / 3)
    const other = call(await connectGrpc(), 'other')
    other.stream.end(prefixed(requestOf('x'.repeat(MIB))))
    expect(await answered(other)).toBe(status.OK)
  })
  expect(growth).toBeLessThan(200 * MIB)
  for (const session of sessions) session.destroy()
  await vi.waitFor(() => expect(gateway.budget.used).toBe(0))
  expect(gateway.stats().acceptedSpans).toBe(1)
})

test('gRPC: a hundred bombs at once are inflated two at a time, or refused', async () => {
  await start({ maxHeldBytes: 64 * MIB })
  const sessions = await Promise.all(Array.from({ length: 4 }, connectGrpc))
  const bomb = prefixed(gzipSync(Buffer.alloc(60 * MIB)), undefined, true)
  const growth = await growthOf(async () => {
    const calls = sessions.flatMap((session) =>
      Array.from({ length: 25 }, () => {
        const one = call(session, 'greedy', { 'grpc-encoding': 'gzip' })
        one.stream.end(bomb)
        return one
      }),
    )
    const codes = new Set(await Promise.all(calls.map(answered)))
    expect([...codes].every((code) => [status.RESOURCE_EXHAUSTED, status.UNAVAILABLE].includes(code))).toBe(true)
  })
  expect(growth).toBeLessThan(300 * MIB)
  expect(gateway.budget.used).toBe(0)
})

test('a tenant with slow, large uploads leaves room to the others, over each protocol', async () => {
  await start({})
  const slow: ClientRequest[] = []
  const upload = (): Promise<number | undefined> =>
    new Promise((resolve) => {
      const headers = {
        'content-type': 'application/x-protobuf',
        'content-length': 19 * MIB,
        'x-api-key': 'slow',
        connection: 'close',
      }
      const one = request({ host: '127.0.0.1', port: http.port, path: '/v1/traces', method: 'POST', headers })
      one.on('error', () => resolve(undefined))
      one.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      one.write(Buffer.alloc(1_000))
      slow.push(one)
    })
  ends.push(() => {
    for (const one of slow) one.destroy()
  })
  const statuses: (number | undefined)[] = []
  for (let n = 0; n < 20; n++) void upload().then((code) => statuses.push(code))
  // Beyond its share it is refused.
  await vi.waitFor(() => expect(statuses.filter((code) => code === 503).length).toBeGreaterThanOrEqual(15))
  const response = await fetch(`http://127.0.0.1:${http.port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'x-api-key': 'other' },
    body: new Uint8Array(requestOf('x'.repeat(4 * MIB))),
  })
  expect(response.status).toBe(200)
  const other = call(await connectGrpc(), 'other')
  other.stream.end(prefixed(requestOf('x'.repeat(4 * MIB))))
  expect(await answered(other)).toBe(status.OK)
  const client = await openStream(`ws://127.0.0.1:${http.port}/v1/stream`, { headers: { 'x-api-key': 'other' } })
  ends.push(() => client.socket.terminate())
  await client.hello({ stream: 's' })
  client.batch(1, requestOf('x'.repeat(4 * MIB)))
  expect(await client.next()).toMatchObject({ type: 'ack', batch: 1, spans: 1 })
})

test('the bound of what is worked on at a time is one over all protocols', async () => {
  const gated = Promise.withResolvers<void>()
  let waiting = 0
  const slow = {
    partitionFor: log.partitionFor.bind(log),
    append: async (...args: Parameters<Log['append']>) => {
      waiting++
      await gated.promise
      return log.append(...args)
    },
  }
  await start({ log: slow, maxHeldBytes: 4 * MIB })
  const body = new Uint8Array(requestOf('x'.repeat(200_000)))
  const post = (tenant: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${http.port}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'x-api-key': tenant },
      body,
    })
  // Of 3 MiB a tenant alone comes to 2: ten of these.
  const held = Array.from({ length: 10 }, () => post('busy'))
  await vi.waitFor(() => expect(waiting).toBe(10))
  expect((await post('busy')).status).toBe(503)
  const session = await connectGrpc()
  const one = call(session, 'busy')
  one.stream.end(prefixed(Buffer.from(body)))
  expect(await answered(one)).toBe(status.UNAVAILABLE)
  const client = await openStream(`ws://127.0.0.1:${http.port}/v1/stream`, { headers: { 'x-api-key': 'busy' } })
  ends.push(() => client.socket.terminate())
  await client.hello({ stream: 's' })
  client.batch(1, body)
  expect(await client.next()).toMatchObject({ type: 'refused', batch: 1, code: 'overloaded', retryAfterSeconds: 1 })
  const other = call(session, 'other')
  other.stream.end(prefixed(Buffer.from(body)))
  await vi.waitFor(() => expect(waiting).toBe(11))
  gated.resolve()
  expect((await Promise.all(held)).map((response) => response.status)).toEqual(held.map(() => 200))
  expect(await answered(other)).toBe(status.OK)
  client.batch(1, body)
  expect(await client.next()).toMatchObject({ type: 'ack', batch: 1, spans: 1 })
})

test('gRPC: what is refused by its head is told so while its message is still being sent', async () => {
  const verify = () => ({ ok: false, code: 'unknown' }) as const
  await start({ gate: createGate('keys', { verify }) })
  const client = new Client(`127.0.0.1:${grpc.port}`, ChannelCredentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  })
  ends.push(() => client.close())
  const asIs = (bytes: Buffer): Buffer => bytes
  const codes = await Promise.all(
    Array.from(
      { length: 10 },
      () =>
        new Promise((resolve) => {
          client.makeUnaryRequest(
            TRACES,
            asIs,
            asIs,
            Buffer.alloc(10 * MIB),
            new Metadata(),
            (error: ServiceError | null) => resolve(error?.code),
          )
        }),
    ),
  )
  expect(new Set(codes)).toEqual(new Set([status.UNAUTHENTICATED]))
  expect(gateway.stats().rejected.unauthenticated).toBe(10)
})

test.each<[string, Record<string, string>, Buffer, number]>([
  ['of no service of OTLP', { ':path': '/helloworld.Greeter/SayHello' }, prefixed(requestOf()), status.UNIMPLEMENTED],
  ['in a coding that is not read', { 'grpc-encoding': 'br' }, prefixed(requestOf()), status.UNIMPLEMENTED],
  ['without a message', {}, Buffer.alloc(0), status.INVALID_ARGUMENT],
  ['with half a prefix', {}, Buffer.alloc(3), status.INVALID_ARGUMENT],
  ['with half a message', {}, prefixed(requestOf(), 1_000), status.INVALID_ARGUMENT],
  ['with two messages', {}, Buffer.concat([prefixed(requestOf()), prefixed(requestOf())]), status.INVALID_ARGUMENT],
  ['that is not gzip', { 'grpc-encoding': 'gzip' }, prefixed(requestOf(), undefined, true), status.INVALID_ARGUMENT],
  ['in deflate that is none', { 'grpc-encoding': 'deflate' }, prefixed(requestOf()), status.OK],
  ['compressed in no way that is named', {}, prefixed(gzipSync(requestOf()), undefined, true), status.INTERNAL],
])('gRPC: a call %s', async (_, headers, bytes, code) => {
  await start({})
  const one = call(await connectGrpc(), 'default', headers)
  // One byte at a time, as no client does.
  for (const byte of bytes.subarray(0, 8)) one.stream.write(Buffer.of(byte))
  one.stream.end(bytes.subarray(8))
  expect(await answered(one)).toBe(code)
  expect(gateway.budget.used).toBe(0)
})

test('gRPC: who begins a message and never ends it is told after a time', async () => {
  await start({}, { requestTimeoutMs: 20 })
  const one = call(await connectGrpc(), 'default')
  one.stream.write(prefixed(Buffer.alloc(1_000), 2_000))
  expect(await answered(one)).toBe(status.UNAVAILABLE)
  expect(gateway.budget.used).toBe(0)
})

test('what is no call of gRPC is told where else to go', async () => {
  await start({})
  const session = await connectGrpc()
  const stream = session.request({ ':method': 'GET', ':path': '/' })
  const code = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])))
  stream.resume()
  expect(code).toBe(415)
})

test('what is no call of gRPC is not waited for', async () => {
  await start({})
  const session = await connectGrpc()
  // It is never sent to its end.
  const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  stream.on('error', () => {}).resume()
  const closed = new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)))
  expect(await closed).toBe(constants.NGHTTP2_NO_ERROR)
})

test('gRPC: a connection on which nothing moves is ended, whether it speaks HTTP/2 or not', async () => {
  await start({}, { idleTimeoutMs: 50 })
  const session = await connectGrpc()
  const closed = new Promise<void>((resolve) => session.once('close', () => resolve()))
  const silent = connectTcp(grpc.port, '127.0.0.1')
  silent.on('error', () => {}).resume()
  silent.write('PRI * HT')
  await Promise.all([closed, new Promise<void>((resolve) => silent.once('close', () => resolve()))])
  await vi.waitFor(() => expect(gateway.stats().openConnections.grpc).toBe(0))
})

test('HTTP: a body in half a million pieces takes about as much memory as in one', async () => {
  await start({})
  const body = requestOf('a'.repeat(MIB / 2))
  // One byte at a time: as objects of Node's they would be 250 MiB.
  const pieces = Buffer.alloc(6 * body.length)
  for (const [at, byte] of body.entries()) pieces.set([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a], 6 * at)
  const growth = await growthOf(async () => {
    const socket = connectTcp(http.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => socket.once('data', (bytes: Buffer) => resolve(bytes.toString())))
    const head =
      'POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n'
    socket.write(head)
    socket.write(pieces)
    socket.write('0\r\n\r\n')
    expect(await answer).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
  })
  expect(growth).toBeLessThan(100 * MIB)
  expect(gateway.budget.used).toBe(0)
})
