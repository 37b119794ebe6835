/** The Reflect gateway over HTTP: takes OTLP traces and answers 200 only once the log has them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Gate } from '../storage/access/gate.ts'
import type { Log } from '../storage/log/port.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { acceptTraces, type Destination } from './accept.ts'
import { type Encoding, INTERNAL, type PartialSuccess, sendJson, sendRefusal, sendSuccess } from './answer.ts'
import { type ByteBudget, createByteBudget, createInflater, readBody } from './body.ts'
import { credentialsOf } from './credentials.ts'
import { codingOf, encodingOf } from './media.ts'
import {
  busy,
  malformed,
  pathOf,
  type Rejection,
  type RejectReason,
  refusalOfBody,
  refusalOfHead,
  refusalOfSender,
} from './refusals.ts'

export interface OtlpHttpOptions {
  host: string
  /** 0 picks a free one. */
  port: number
  log: Pick<Log, 'append' | 'partitionFor'>
  nowMs?: () => number
  /** Of one request, as sent and inflated; 20 MiB unless told. */
  maxBodyBytes?: number
  /** Of all requests at hand; 128 MiB unless told. */
  maxHeldBytes?: number
  /** From the first byte of a request to its last: 60 s unless told. 20 MiB in a minute is a slow line, less is an attack. */
  requestTimeoutMs?: number
  /** Who may send, and as which tenant. */
  gate: Gate
  topic?: string
  /** Told of what should never happen; stderr unless told. */
  onBug?: (error: unknown) => void
}

export type { RejectReason } from './refusals.ts'

export interface OtlpHttpStats {
  requests: number
  acceptedRequests: number
  acceptedSpans: number
  /** Of accepted requests: spans without a start or an end. */
  rejectedSpans: number
  /** Requests, by why they were turned away. */
  rejected: Record<RejectReason, number>
  /** Milliseconds since the epoch; null before the first spans. */
  lastAcceptedAtMs: number | null
}

export interface OtlpHttpServer {
  port: number
  stats(): OtlpHttpStats
  /** Takes no more connections, finishes the requests at hand (10 s at most), and closes. The log may close after it. */
  drain(): Promise<void>
}

const MEBIBYTE = 1024 * 1024
const DRAIN_LIMIT_MS = 10_000
/** Bodies inflated at a time: two keep two cores busy. */
const MAX_INFLATING = 2

function reportBug(error: unknown): void {
  console.error('OTLP/HTTP:', error)
}
/** Rejects with the error of `listen` (EADDRINUSE, EACCES, …) when the address can't be had. */
export async function startOtlpHttp(options: OtlpHttpOptions): Promise<OtlpHttpServer> {
  const { requestTimeoutMs = 60_000 } = options
  const gateway = createGateway(options)
  const server = createServer(
    {
      // Behind load balancers that keep connections for 60 s, ours must not be the side that closes first.
      keepAliveTimeout: 75_000,
      headersTimeout: Math.min(15_000, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, requestTimeoutMs),
    },
    (request, response) => {
      void gateway.handle(request, response)
    },
  )
  await listen(server, options.host, options.port)
  // Such as no file descriptor for one more connection: the others go on.
  server.on('error', options.onBug ?? reportBug)
  return {
    port: (server.address() as AddressInfo).port,
    stats: gateway.stats,
    drain: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // `close` sees to connections that are idle now; this to those that become so.
      const sweep = setInterval(() => server.closeIdleConnections(), 20)
      const limit = setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS)
      await closed
      clearInterval(sweep)
      clearTimeout(limit)
      await gateway.idle()
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

interface Gateway {
  /** Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  stats(): OtlpHttpStats
  /** Resolves when no request is being worked on, sockets or not. */
  idle(): Promise<void>
}

type PostOutcome =
  | { ok: true; spanCount: number; partial: PartialSuccess | null }
  | { ok: false; rejection: Rejection | null }

function createGateway(options: OtlpHttpOptions): Gateway {
  const { nowMs = Date.now, maxBodyBytes = 20 * MEBIBYTE, maxHeldBytes = 128 * MEBIBYTE } = options
  const onBug = options.onBug ?? reportBug
  const { log, topic = AGENT_TRACES } = options
  const budget = createByteBudget(maxHeldBytes)
  const inflate = createInflater(MAX_INFLATING)
  const stats = emptyStats()
  const atWork = new Set<Promise<void>>()

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request)
    if ((request.method === 'GET' || request.method === 'HEAD') && (path === '/' || path === '/health')) {
      sendJson(response, {
        service: 'assay gateway',
        traces: 'POST /v1/traces (OTLP: protobuf or JSON, gzip)',
        ...stats,
      })
      return
    }
    stats.requests++
    const encoding = encodingOf(request.headers)
    // A client whose encoding we don't know can most likely show text.
    const answerEncoding = encoding ?? 'json'
    const wrong = refusalOfHead(request, path, encoding)
    if (wrong !== null) {
      stats.rejected[wrong.reason]++
      sendRefusal(response, answerEncoding, wrong)
      return
    }
    const admission = options.gate(credentialsOf(request), 'ingest')
    if (!admission.ok) {
      const refusal = refusalOfSender(admission)
      stats.rejected[refusal.reason]++
      sendRefusal(response, answerEncoding, refusal)
      return
    }
    try {
      const outcome = await post(request, answerEncoding, { log, topic, tenant: admission.principal.tenant })
      if (outcome.ok) {
        stats.acceptedRequests++
        stats.acceptedSpans += outcome.spanCount
        stats.rejectedSpans += outcome.partial?.rejectedSpans ?? 0
        if (outcome.spanCount > 0) stats.lastAcceptedAtMs = nowMs()
        sendSuccess(response, answerEncoding, outcome.partial)
      } else if (outcome.rejection !== null) {
        stats.rejected[outcome.rejection.reason]++
        sendRefusal(response, answerEncoding, outcome.rejection)
      } else stats.rejected.aborted++
    } catch (error) {
      stats.rejected.internal++
      onBug(error)
      sendRefusal(response, answerEncoding, { httpStatus: 500, code: INTERNAL, message: 'internal error' })
    }
  }

  const post = async (request: IncomingMessage, encoding: Encoding, to: Destination): Promise<PostOutcome> => {
    const body = await readBody(request, maxBodyBytes, budget)
    if (!body.ok) return { ok: false, rejection: refusalOfBody(body.reason, maxBodyBytes) }
    try {
      return await postBody(request, body.bytes, encoding, to)
    } finally {
      budget.release(body.bytes.length)
    }
  }

  const postBody = async (
    request: IncomingMessage,
    sent: Buffer,
    encoding: Encoding,
    to: Destination,
  ): Promise<PostOutcome> => {
    const inflated = await inflate(sent, codingOf(request.headers) ?? 'identity', maxBodyBytes)
    if (!inflated.ok) {
      const rejection =
        inflated.reason === 'too_large'
          ? refusalOfBody('too_large', maxBodyBytes)
          : malformed(`the body is not valid ${request.headers['content-encoding']}`)
      return { ok: false, rejection }
    }
    return within(budget, inflated.bytes === sent ? 0 : inflated.bytes.length, async () => {
      const outcome = await acceptTraces(to, inflated.bytes, encoding)
      switch (outcome.kind) {
        case 'accepted':
          return { ok: true, spanCount: outcome.spanCount, partial: outcome.partial }
        case 'invalid':
          return { ok: false, rejection: malformed(outcome.message) }
        case 'unavailable':
          return { ok: false, rejection: busy('log_unavailable', outcome.message, outcome.retryAfterSeconds) }
      }
    })
  }

  return {
    handle: (request, response) => {
      const work = handle(request, response).catch(onBug)
      atWork.add(work)
      return work.finally(() => atWork.delete(work))
    },
    stats: () => ({ ...stats, rejected: { ...stats.rejected } }),
    idle: async () => {
      while (atWork.size > 0) await Promise.all(atWork)
    },
  }
}

async function within(budget: ByteBudget, sizeBytes: number, work: () => Promise<PostOutcome>): Promise<PostOutcome> {
  if (!budget.take(sizeBytes)) return { ok: false, rejection: refusalOfBody('overloaded', 0) }
  try {
    return await work()
  } finally {
    budget.release(sizeBytes)
  }
}

function emptyStats(): OtlpHttpStats {
  return {
    requests: 0,
    acceptedRequests: 0,
    acceptedSpans: 0,
    rejectedSpans: 0,
    rejected: {
      malformed: 0,
      too_large: 0,
      content_type: 0,
      content_encoding: 0,
      unauthenticated: 0,
      forbidden: 0,
      not_found: 0,
      method: 0,
      overloaded: 0,
      log_unavailable: 0,
      aborted: 0,
      internal: 0,
    },
    lastAcceptedAtMs: null,
  }
}
