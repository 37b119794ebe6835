/** OTLP over HTTP, and spans in JSON of our own: answers 200 only once the log has them. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { followHandshakes } from '../storage/access/handshakes.ts'
import { type ServerTls, tlsOptionsOf } from '../storage/access/server-tls.ts'
import { INTERNAL, sendJson, sendRefusal, sendSuccess } from './answer.ts'
import { readBody } from './body.ts'
import { answerCors } from './cors.ts'
import { credentialsOf } from './credentials.ts'
import type { Gateway, Payload } from './gateway.ts'
import type { Place } from './guard/queue.ts'
import { codingOf, encodingOf } from './media.ts'
import {
  type Endpoint,
  endpointOf,
  malformed,
  pathOf,
  type Rejection,
  refusalOfBody,
  refusalOfHead,
  refusalOfRoute,
  refusalOfSender,
} from './refusals.ts'
import { createStreams, type StreamLimits } from './stream/websocket.ts'
import { traceparentOf } from './traced-ingest.ts'

export interface OtlpHttpOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  gateway: Gateway
  /** Plain HTTP unless told. */
  tls?: ServerTls | null
  /** Of pages that may send from a browser; none unless told. */
  corsOrigins?: readonly string[]
  /** From the first byte of a request to its last: 60 s unless told. 20 MiB in a minute is a slow line, less is an attack. */
  requestTimeoutMs?: number
  streamLimits?: Partial<StreamLimits>
}

export interface Listener {
  port: number
  /** Takes no more connections, finishes the requests at hand (10 s at most), and closes. The log may close after it. */
  drain(): Promise<void>
}

const DRAIN_LIMIT_MS = 10_000

/** Rejects with the error of `listen` (EADDRINUSE, EACCES, …) when the address can't be had. */
export async function startOtlpHttp(options: OtlpHttpOptions): Promise<Listener> {
  const { gateway, requestTimeoutMs = 60_000, tls = null, corsOrigins = [] } = options
  const origins = new Set(corsOrigins)
  const reception = createReception(gateway, origins)
  const streams = createStreams({ gateway, corsOrigins: origins, limits: options.streamLimits ?? {} })
  const limits = {
    // Clients that offer HTTP/2 with each request are not to be cut off.
    shouldUpgradeCallback: streams.shouldUpgrade,
    // Behind load balancers that keep connections for 60 s, ours must not be the side that closes first.
    keepAliveTimeout: 75_000,
    headersTimeout: Math.min(15_000, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs),
  }
  const listener: RequestListener = (request, response) => {
    void reception.handle(request, response)
  }
  const server =
    tls === null ? createServer(limits, listener) : createTlsServer({ ...limits, ...tlsOptionsOf(tls) }, listener)
  server.on('upgrade', streams.upgrade)
  const handshakes = followHandshakes(server, tls !== null)
  server.on('connection', (socket) => {
    gateway.counters.openConnections.http++
    socket.once('close', () => gateway.counters.openConnections.http--)
  })
  await listen(server, options.host, options.port)
  // Such as no file descriptor for one more connection: the others go on.
  server.on('error', gateway.onBug)
  return {
    port: (server.address() as AddressInfo).port,
    drain: async () => {
      const streamsClosed = streams.drain()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      handshakes.end()
      // `close` sees to connections that are idle now; this to those that become so.
      const sweep = setInterval(() => server.closeIdleConnections(), 20)
      const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS)
      await streamsClosed
      await closed
      clearInterval(sweep)
      clearTimeout(limit)
      await reception.idle()
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

interface Reception {
  /** Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Resolves when no request is being worked on, sockets or not. */
  idle(): Promise<void>
}

function createReception(gateway: Gateway, corsOrigins: ReadonlySet<string>): Reception {
  const { budget, queue, inflate, maxBodyBytes, counters, onBug } = gateway
  const atWork = new Set<Promise<void>>()

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request)
    if ((request.method === 'GET' || request.method === 'HEAD') && (path === '/' || path === '/health')) {
      sendJson(response, { ...ABOUT, ...gateway.stats() })
      return
    }
    if (answerCors(request, response, corsOrigins)) return
    counters.requests++
    const encoding = encodingOf(request.headers)
    // A client whose encoding we don't know can most likely show text.
    const answerEncoding = encoding ?? 'json'
    const refuse = (rejection: Rejection): void => {
      counters.rejected[rejection.reason]++
      sendRefusal(response, answerEncoding, rejection)
    }
    const nowhere = refusalOfRoute(request, path)
    if (nowhere !== null) return refuse(nowhere)
    const admission = gateway.gate(credentialsOf(request), 'ingest')
    if (!admission.ok) return refuse(refusalOfSender(admission))
    const { tenant } = admission.principal
    const endpoint = endpointOf(path)!
    const wrong = refusalOfHead(request, endpoint, encoding)
    if (wrong !== null) return refuse(wrong)
    const closed = gateway.closed(tenant)
    if (closed !== null) return refuse(closed)
    // Said before the body is read: under too much load what is refused must cost little. What is too large is told as such.
    const said = request.headers['content-length']
    const announcedBytes = said === undefined ? null : Number(said)
    if (announcedBytes !== null && announcedBytes > maxBodyBytes)
      return refuse(refusalOfBody('too_large', maxBodyBytes))
    const coding = codingOf(request.headers) ?? 'identity'
    const place = budget.hasRoom(tenant, announcedBytes ?? 0) ? queue.enter(tenant, announcedBytes, coding) : null
    if (place === null) return refuse(refusalOfBody('overloaded', maxBodyBytes))
    try {
      await post(
        request,
        response,
        { endpoint, encoding: answerEncoding, tenant, traceparent: traceparentOf(request.headers) },
        place,
        refuse,
      )
    } catch (error) {
      onBug(error)
      refuse({ reason: 'internal', httpStatus: 500, code: INTERNAL, message: 'internal error' })
    } finally {
      place.leave()
    }
  }

  const post = async (
    request: IncomingMessage,
    response: ServerResponse,
    what: Omit<Payload, 'bytes'>,
    place: Place,
    refuse: (rejection: Rejection) => void,
  ): Promise<void> => {
    const { tenant } = what
    const holder = {
      take: (sizeBytes: number) => budget.take(tenant, sizeBytes),
      release: (sizeBytes: number) => budget.release(tenant, sizeBytes),
    }
    const body = await readBody(request, maxBodyBytes, holder)
    if (!body.ok) {
      if (body.reason === 'aborted') counters.rejected.aborted++
      else refuse(refusalOfBody(body.reason, maxBodyBytes))
      return
    }
    place.arrived()
    try {
      const inflated = await inflateBody(request, body.bytes)
      if (!inflated.ok) return refuse(inflated.rejection)
      const { bytes } = inflated
      const taken = await gateway.take({ ...what, bytes }, bytes === body.bytes ? 0 : bytes.length)
      // The gateway has counted it.
      if (!taken.ok) sendRefusal(response, what.encoding, taken.rejection)
      else if (taken.ids !== null)
        sendJson(response, { spans: taken.ids, ...(taken.partial !== null && { partial: taken.partial }) })
      else sendSuccess(response, what.encoding, signalOf(what.endpoint), taken.partial)
    } finally {
      holder.release(body.bytes.length)
    }
  }

  const inflateBody = async (
    request: IncomingMessage,
    sent: Buffer,
  ): Promise<{ ok: true; bytes: Buffer } | { ok: false; rejection: Rejection }> => {
    const inflated = await inflate(sent, codingOf(request.headers) ?? 'identity', maxBodyBytes)
    if (inflated.ok) return inflated
    return {
      ok: false,
      rejection:
        inflated.reason === 'too_large'
          ? refusalOfBody('too_large', maxBodyBytes)
          : malformed(`the body is not valid ${request.headers['content-encoding']}`),
    }
  }

  return {
    handle: (request, response) => {
      const work = handle(request, response).catch(onBug)
      atWork.add(work)
      return work.finally(() => atWork.delete(work))
    },
    idle: async () => {
      while (atWork.size > 0) await Promise.all(atWork)
    },
  }
}

const ABOUT = {
  service: 'assay gateway',
  traces: 'POST /v1/traces (OTLP: protobuf or JSON; gzip, deflate, zstd)',
  logs: 'POST /v1/logs (OTLP: messages of model calls)',
  metrics: 'POST /v1/metrics (OTLP: answered, not kept)',
  spans: 'POST /v1/spans (JSON)',
  stream: 'WebSocket /v1/stream',
}

const signalOf = (endpoint: Endpoint) => (endpoint === 'spans' ? 'traces' : endpoint)
