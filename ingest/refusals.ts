/** Why a request is turned away, and how it is told. */
import type { IncomingMessage } from 'node:http'
import type { Admission } from '../storage/access/gate.ts'
import {
  type Encoding,
  INVALID_ARGUMENT,
  NOT_FOUND,
  PERMISSION_DENIED,
  RESOURCE_EXHAUSTED,
  type Refusal,
  type Signal,
  UNAUTHENTICATED,
  UNAVAILABLE,
  UNIMPLEMENTED,
} from './answer.ts'
import type { OverLimit } from './guard/limits.ts'
import { codingOf } from './media.ts'
import { STREAM_PATH } from './stream/protocol.ts'

export type RejectReason =
  | 'malformed'
  | 'too_large'
  | 'content_type'
  | 'content_encoding'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method'
  | 'overloaded'
  | 'rate_limited'
  | 'quota_used'
  | 'log_unavailable'
  | 'aborted'
  | 'internal'

export type { Refusal } from './answer.ts'

export interface Rejection extends Refusal {
  readonly reason: RejectReason
  /** Of what may be tried again. */
  readonly retryAfterSeconds?: number
}

/** `spans`: those of `native-spans.ts`. */
export type Endpoint = Signal | 'spans'

/** What clients post to; that below `/api/public` is where Langfuse's exporters do. */
const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  ['/v1/traces', 'traces'],
  ['/api/public/otel/v1/traces', 'traces'],
  ['/v1/metrics', 'metrics'],
  ['/v1/logs', 'logs'],
  ['/v1/spans', 'spans'],
])

const WAYS_IN = `OTLP goes to POST /v1/traces, /v1/logs or /v1/metrics, spans in JSON to POST /v1/spans, WebSockets to ${STREAM_PATH}, and GET /health says how the gateway is; the API is on a port of its own`

export const endpointOf = (path: string): Endpoint | null => ENDPOINTS.get(path) ?? null

/** Without query and trailing slash. */
export function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?', 1)[0]!
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** Of what is no way in, whoever asks. */
export function refusalOfRoute(request: IncomingMessage, path: string): Rejection | null {
  if (path === STREAM_PATH) {
    const message = `${path} takes WebSockets`
    return { reason: 'method', httpStatus: 426, code: UNIMPLEMENTED, message, headers: { upgrade: 'websocket' } }
  }
  const endpoint = endpointOf(path)
  if (endpoint === null) {
    const message = `not found; ${WAYS_IN}`
    return { reason: 'not_found', httpStatus: 404, code: NOT_FOUND, message }
  }
  if (request.method !== 'POST') {
    const message = `${path} takes POST, not ${request.method}`
    return { reason: 'method', httpStatus: 405, code: UNIMPLEMENTED, message, headers: { allow: 'POST' } }
  }
  return null
}

/** What can be said of a sender's request before its body is read; null when nothing speaks against it. */
export function refusalOfHead(
  request: IncomingMessage,
  endpoint: Endpoint,
  encoding: Encoding | null,
): Rejection | null {
  if (encoding === null || (endpoint === 'spans' && encoding !== 'json')) {
    const types = endpoint === 'spans' ? 'application/json' : 'application/x-protobuf or application/json'
    const message = `Content-Type must be ${types}`
    return { reason: 'content_type', httpStatus: 415, code: INVALID_ARGUMENT, message }
  }
  if (codingOf(request.headers) === null) {
    const message = 'Content-Encoding must be gzip, deflate, zstd or none'
    return { reason: 'content_encoding', httpStatus: 415, code: INVALID_ARGUMENT, message }
  }
  return null
}

export function refusalOfBody(reason: 'too_large' | 'overloaded', maxBodyBytes: number): Rejection {
  switch (reason) {
    case 'overloaded':
      return busy('overloaded', 'too many requests are being read; nothing was kept', 1)
    case 'too_large': {
      const message = `the body is larger than ${maxBodyBytes} bytes; send smaller batches`
      return { reason, httpStatus: 413, code: RESOURCE_EXHAUSTED, message, headers: { connection: 'close' } }
    }
  }
}

/** Of a sender that is too slow, or stands still. */
export function lateBody(timeoutMs: number): Rejection {
  const message = `the body did not come within ${timeoutMs / 1_000} s`
  return { reason: 'aborted', httpStatus: 408, code: UNAVAILABLE, message, retryAfterSeconds: 1 }
}

export function malformed(message: string): Rejection {
  return { reason: 'malformed', httpStatus: 400, code: INVALID_ARGUMENT, message }
}

export function busy(reason: 'overloaded' | 'log_unavailable', message: string, retryAfterSeconds: number): Rejection {
  const headers = { 'retry-after': String(retryAfterSeconds) }
  return { reason, httpStatus: 503, code: UNAVAILABLE, message, headers, retryAfterSeconds }
}

/** Of a tenant that sends more than it may. 429, and not 503: it is the tenant's own doing, whoever else sends. */
export function refusalOfLimit(over: OverLimit): Rejection {
  const { message } = over
  if (over.kind === 'never') return { reason: 'too_large', httpStatus: 413, code: RESOURCE_EXHAUSTED, message }
  const { reason, retryAfterSeconds } = over
  const headers = { 'retry-after': String(retryAfterSeconds) }
  return { reason, httpStatus: 429, code: RESOURCE_EXHAUSTED, message, headers, retryAfterSeconds }
}

/** Of whoever may not send. Clients do not try these again. */
export function refusalOfSender({ code, message }: Extract<Admission, { ok: false }>): Rejection {
  return code === 'unauthenticated'
    ? { reason: code, httpStatus: 401, code: UNAUTHENTICATED, message, headers: { 'www-authenticate': 'Bearer' } }
    : { reason: code, httpStatus: 403, code: PERMISSION_DENIED, message }
}
