/**
 * Answers of OTLP over HTTP, in the encoding of the request.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 */
import type { ServerResponse } from 'node:http'

export type Encoding = 'protobuf' | 'json'

/** Codes of google.rpc.Status. */
export const INVALID_ARGUMENT = 3
export const NOT_FOUND = 5
export const PERMISSION_DENIED = 7
export const RESOURCE_EXHAUSTED = 8
export const UNIMPLEMENTED = 12
export const INTERNAL = 13
export const UNAVAILABLE = 14
export const UNAUTHENTICATED = 16

export interface Refusal {
  readonly httpStatus: number
  readonly code: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
}

const CONTENT_TYPE: Record<Encoding, string> = { protobuf: 'application/x-protobuf', json: 'application/json' }
/** An ExportTraceServiceResponse without partial success: no field at all. */
const SUCCESS: Record<Encoding, Buffer> = { protobuf: Buffer.alloc(0), json: Buffer.from('{}') }

/** What was not taken of an accepted request; or, with nothing rejected, a warning. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

/** What OTLP carries. */
export type Signal = 'traces' | 'metrics' | 'logs'

/** Senders show the message of a partial success and do not send again. */
export function sendSuccess(
  response: ServerResponse,
  encoding: Encoding,
  signal: Signal,
  partial: PartialSuccess | null,
): void {
  send(
    response,
    200,
    CONTENT_TYPE[encoding],
    encoding === 'json' ? successJson(signal, partial) : successBytes(partial),
    {},
  )
}

/**
 * An Export…ServiceResponse in protobuf, of any signal: `{partial_success = 1: {int64 rejected_… = 1; string error_message = 2}}`, and
 * nothing at all without a partial success.
 */
export function successBytes(partial: PartialSuccess | null): Buffer {
  if (partial === null) return SUCCESS.protobuf
  const text = Buffer.from(partial.message)
  const count = partial.rejected === 0 ? [] : [0x08, ...varint(partial.rejected)]
  const inner = Buffer.concat([Buffer.from([...count, 0x12, ...varint(text.length)]), text])
  return Buffer.concat([Buffer.from([0x0a, ...varint(inner.length)]), inner])
}

const REJECTED = { traces: 'rejectedSpans', metrics: 'rejectedDataPoints', logs: 'rejectedLogRecords' } as const

/** 64-bit integers are strings in JSON. */
function successJson(signal: Signal, partial: PartialSuccess | null): Buffer {
  if (partial === null) return SUCCESS.json
  const { rejected, message } = partial
  return Buffer.from(
    JSON.stringify({ partialSuccess: { [REJECTED[signal]]: String(rejected), errorMessage: message } }),
  )
}

/** A google.rpc.Status with the reason. */
export function sendRefusal(response: ServerResponse, encoding: Encoding, refusal: Refusal): void {
  const { code, message } = refusal
  const body = encoding === 'json' ? Buffer.from(JSON.stringify({ code, message })) : statusBytes(code, message)
  send(response, refusal.httpStatus, CONTENT_TYPE[encoding], body, refusal.headers ?? {})
}

export function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 200, 'application/json', Buffer.from(`${JSON.stringify(value)}\n`), {})
}

function send(
  response: ServerResponse,
  httpStatus: number,
  contentType: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  // The client may have gone while its spans were being appended.
  if (response.destroyed || response.headersSent) return
  response.writeHead(httpStatus, { 'content-type': contentType, 'content-length': body.length, ...headers })
  response.end(body)
}

/** `{int32 code = 1; string message = 2}` in protobuf. */
function statusBytes(code: number, message: string): Buffer {
  const text = Buffer.from(message)
  return Buffer.concat([Buffer.from([0x08, code, 0x12, ...varint(text.length)]), text])
}

const RETRY_INFO = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')

/** `google.rpc.Status` with `details = 3`: an Any of a RetryInfo, `{retry_delay = 1: {int64 seconds = 1}}`. */
export function statusWithRetryBytes(code: number, message: string, retryAfterSeconds: number): Buffer {
  const duration = Buffer.from([0x08, ...varint(retryAfterSeconds)])
  const retryInfo = delimited(1, duration)
  const any = Buffer.concat([delimited(1, RETRY_INFO), delimited(2, retryInfo)])
  return Buffer.concat([statusBytes(code, message), delimited(3, any)])
}

const delimited = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes])

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest & 127) | 128)
  }
}
