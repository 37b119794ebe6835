/**
 * OTLP over gRPC. Its calls are unary, so they are read off HTTP/2 as requests of HTTP/1 are: a message takes room before it is read, and
 * not after. What may be tried again carries a RetryInfo. https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Principal } from '../storage/access/principal.ts'
import { type ServerTls, tlsOptionsOf } from '../storage/access/server-tls.ts'
import { INTERNAL, type Signal, successBytes, UNIMPLEMENTED } from './answer.ts'
import type { ContentCoding, Holder } from './body.ts'
import { credentialsOf } from './credentials.ts'
import type { Gateway } from './gateway.ts'
import { ACCEPTED, answerCall, refuseCall, refuseRequest } from './grpc/answer-call.ts'
import { readMessage } from './grpc/read-message.ts'
import type { Place } from './guard/queue.ts'
import type { Listener } from './otlp-http.ts'
import { lateBody, malformed, type Rejection, refusalOfBody, refusalOfSender } from './refusals.ts'
import { traceparentOf } from './traced-ingest.ts'

export interface OtlpGrpcOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  gateway: Gateway
  /** Without encryption unless told. */
  tls?: ServerTls | null
  /** From a call's head to the last byte of its message: 60 s unless told. */
  requestTimeoutMs?: number
  /** A connection on which nothing moves for so long is ended, as clients expect: 10 minutes unless told. */
  idleTimeoutMs?: number
}

const DRAIN_LIMIT_MS = 10_000
/** For the last answers to get through. */
const FAREWELL_MS = 1_000
/** Calls of a connection at a time: clients queue the rest by themselves, where it takes none of our memory. */
const MAX_CALLS_PER_CONNECTION = 32
/** Of a message that may be on its way unasked. */
const WINDOW_BYTES = 256 << 10
/** Of all messages of a connection. */
const SESSION_WINDOW_BYTES = 4 << 20
/** A side that is gone without a word is noticed by its network. */
const KEEP_ALIVE_MS = 60_000

const SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'traces'],
  ['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'metrics'],
  ['/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'logs'],
])

const CODINGS: ReadonlyMap<string, ContentCoding> = new Map([
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
])

/** Rejects with the error of listening when the address can't be had. */
export async function startOtlpGrpc(options: OtlpGrpcOptions): Promise<Listener> {
  const { host, port, gateway, tls = null, requestTimeoutMs = 60_000, idleTimeoutMs = 600_000 } = options
  const settings = { maxConcurrentStreams: MAX_CALLS_PER_CONNECTION, initialWindowSize: WINDOW_BYTES }
  const server: Http2Server =
    tls === null ? createServer({ settings }) : createSecureServer({ settings, ...tlsOptionsOf(tls) })
  const sessions = new Set<ServerHttp2Session>()
  const atWork = new Set<Promise<void>>()
  let isDraining = false
  server.on('session', (session) => {
    sessions.add(session)
    gateway.counters.openConnections.grpc = sessions.size
    session.on('close', () => {
      sessions.delete(session)
      gateway.counters.openConnections.grpc = sessions.size
    })
    // Of who speaks no HTTP/2, or breaks it: the connection ends by itself.
    session.on('error', () => {})
    if (isDraining) return session.close()
    session.setTimeout(idleTimeoutMs, () => {
      // A call that crosses the word of it is one that the client knows was not looked at, and sends again.
      session.close()
      // Who never spoke HTTP/2 to its end does not hear that.
      setTimeout(() => session.destroy(), FAREWELL_MS).unref()
    })
    session.setLocalWindowSize(SESSION_WINDOW_BYTES)
  })
  /** Those without a session too, whose hands were never shaken, or who speak no HTTP/2. */
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
  })
  server.on('stream', (stream, headers) => {
    // Its other side gave it up.
    stream.on('error', () => {})
    const work = handle(gateway, stream, headers, requestTimeoutMs).catch(gateway.onBug)
    atWork.add(work)
    void work.finally(() => atWork.delete(work))
  })
  await listen(server, host, port)
  // Such as no file descriptor for one more connection: the others go on.
  server.on('error', gateway.onBug)
  return {
    port: (server.address() as AddressInfo).port,
    drain: async () => {
      isDraining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions) session.close()
      const end = (): void => {
        for (const session of sessions) session.destroy()
        for (const socket of sockets) socket.destroy()
      }
      const limit = setTimeout(end, DRAIN_LIMIT_MS)
      while (atWork.size > 0) await Promise.all(atWork)
      // What is left are answers on their way, or a side that is gone and did not say so.
      const farewell = setTimeout(end, FAREWELL_MS)
      await closed
      clearTimeout(limit)
      clearTimeout(farewell)
      while (atWork.size > 0) await Promise.all(atWork)
    },
  }
}

function listen(server: Http2Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function handle(
  gateway: Gateway,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  timeoutMs: number,
): Promise<void> {
  const { counters } = gateway
  counters.requests++
  const refuse = (rejection: Rejection, more: OutgoingHttpHeaders = {}): void => {
    counters.rejected[rejection.reason]++
    refuseCall(stream, rejection, more)
  }
  if (headers[':method'] !== 'POST' || !(headers['content-type'] ?? '').startsWith('application/grpc')) {
    counters.rejected.content_type++
    return refuseRequest(stream, 415, 'this port takes OTLP over gRPC; OTLP over HTTP goes to 4318 unless configured')
  }
  const signal = SIGNALS.get(headers[':path'] ?? '')
  if (signal === undefined) {
    const message = `there is no ${headers[':path']}: OTLP's TraceService, LogsService and MetricsService are`
    return refuse({ reason: 'not_found', httpStatus: 404, code: UNIMPLEMENTED, message })
  }
  const admission = gateway.gate(credentialsOf({ headers }), 'ingest')
  if (!admission.ok) return refuse(refusalOfSender(admission))
  const closed = gateway.closed(admission.principal.tenant)
  if (closed !== null) return refuse(closed)
  const coding = CODINGS.get(String(headers['grpc-encoding'] ?? 'identity'))
  if (coding === undefined) {
    const message = `messages may come in ${ACCEPTED.replaceAll(',', ', ')}`
    return refuse(
      { reason: 'content_encoding', httpStatus: 415, code: UNIMPLEMENTED, message },
      { 'grpc-accept-encoding': ACCEPTED },
    )
  }
  try {
    const { tenant } = admission.principal
    await take({ gateway, stream, signal, tenant, traceparent: traceparentOf(headers), coding, timeoutMs, refuse })
  } catch (error) {
    gateway.onBug(error)
    refuse({ reason: 'internal', httpStatus: 500, code: INTERNAL, message: 'internal error' })
  }
}

interface Call {
  readonly gateway: Gateway
  readonly stream: ServerHttp2Stream
  readonly signal: Signal
  readonly tenant: Principal['tenant']
  readonly traceparent: string | undefined
  /** Of a message that says it is compressed. */
  readonly coding: ContentCoding
  readonly timeoutMs: number
  readonly refuse: (rejection: Rejection) => void
}

async function take({ gateway, stream, signal, tenant, traceparent, coding, timeoutMs, refuse }: Call): Promise<void> {
  const { budget, queue, maxBodyBytes } = gateway
  const holder: Holder = {
    take: (sizeBytes) => budget.take(tenant, sizeBytes),
    release: (sizeBytes) => budget.release(tenant, sizeBytes),
  }
  let place: Place | null = null
  const letIn = (sizeBytes: number, isCompressed: boolean): boolean => {
    if (budget.hasRoom(tenant, sizeBytes)) place = queue.enter(tenant, sizeBytes, isCompressed ? coding : 'identity')
    return place !== null
  }
  const leave = (): void => place?.leave()
  const message = await readMessage(stream, { maxBytes: maxBodyBytes, timeoutMs, holder, letIn })
  if (!message.ok) {
    leave()
    switch (message.reason) {
      case 'aborted':
        gateway.counters.rejected.aborted++
        return
      case 'late':
        return refuse(lateBody(timeoutMs))
      case 'malformed':
        return refuse(malformed(message.message))
      case 'too_large':
      case 'overloaded':
        return refuse(refusalOfBody(message.reason, maxBodyBytes))
    }
  }
  try {
    if (message.isCompressed && coding === 'identity')
      return refuse({ ...malformed('the message is compressed, and grpc-encoding does not say how'), code: INTERNAL })
    ;(place as Place | null)?.arrived()
    const inflated = await gateway.inflate(message.bytes, message.isCompressed ? coding : 'identity', maxBodyBytes)
    if (!inflated.ok)
      return refuse(
        inflated.reason === 'too_large'
          ? refusalOfBody('too_large', maxBodyBytes)
          : malformed(`the message is not valid ${coding}`),
      )
    const { bytes } = inflated
    const payload = { endpoint: signal, bytes, encoding: 'protobuf', tenant, traceparent } as const
    const taken = await gateway.take(payload, bytes === message.bytes ? 0 : bytes.length)
    // The gateway has counted it.
    if (taken.ok) answerCall(stream, successBytes(taken.partial))
    else refuseCall(stream, taken.rejection)
  } finally {
    holder.release(message.bytes.length)
    leave()
  }
}
