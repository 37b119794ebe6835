/** One request to the collector: what is sent, and what its answer means (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Encoding } from '../answer.ts'
import { readPartial, readStatus } from './answers.ts'
import { parseRetryAfterMs } from './retry.ts'

/** An ExportTraceServiceRequest or an ExportLogsServiceRequest, in protobuf or, of logs, as JSON too. */
export interface Contents {
  readonly path: '/v1/traces' | '/v1/logs'
  readonly encoding: Encoding
}

export type SendOutcome =
  | { kind: 'delivered'; rejectedSpans: number; message: string }
  /** Another time it may work. `isMisdirected`: the key or the address is to be mended first; the spans are not at fault. */
  | { kind: 'retry'; reason: string; afterMs: number | null; isMisdirected: boolean }
  /** Smaller requests may get through. */
  | { kind: 'too_large'; reason: string }
  /** Never: `status` is the answer's. */
  | { kind: 'refused'; status: number; reason: string }

export interface ClientTls {
  /** In PEM. Null: those that Node trusts. */
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
}

export interface SenderOptions {
  /** To which `/v1/traces` and `/v1/logs` are added. */
  url: string
  key: string | null
  tls: ClientTls
  timeoutMs: number
  version: string
  nowMs: () => number
}

export interface Sender {
  /** Never rejects, and answers within the time-out, or when it is told to give up. */
  send(request: Uint8Array, what: Contents, signal: AbortSignal): Promise<SendOutcome>
  close(): void
}

/** An answer is empty or a line; of what sends more, the rest is not read. */
const MAX_ANSWER_BYTES = 64 * 1024
/** These and no others may be sent again, says OTLP. */
const RETRYABLE = new Set([429, 502, 503, 504])
/**
 * What these speak of is the forwarder's own key and address. The specification would have the spans dropped; a key that was mistyped
 * or revoked would then cost everything that comes meanwhile, and the buffer is there to outlast it.
 */
const MISDIRECTED = new Set([301, 302, 303, 307, 308, 401, 403, 404, 405, 407])
/** Traces shrink to a tenth at any level, and this one takes a third of the default's time. */
const GZIP_LEVEL = 2

const compress = promisify(gzip)

export function createSender(options: SenderOptions): Sender {
  const { url, key, tls, timeoutMs, version, nowMs } = options
  const base = url.replace(/\/+$/, '')
  const isTls = new URL(base).protocol === 'https:'
  const { ca, certificate, key: clientKey } = tls
  const agent = isTls
    ? new HttpsAgent({
        keepAlive: true,
        ...(ca !== null && { ca }),
        ...(certificate !== null && { cert: certificate }),
        ...(clientKey !== null && { key: clientKey }),
      })
    : new HttpAgent({ keepAlive: true })
  const open = isTls ? httpsRequest : httpRequest

  const exchange = (body: Uint8Array, what: Contents, signal: AbortSignal, isAgain: boolean): Promise<SendOutcome> =>
    new Promise((resolve) => {
      const request = open(`${base}${what.path}`, {
        method: 'POST',
        agent,
        signal,
        headers: {
          'user-agent': `assay-forward/${version}`,
          'content-type': what.encoding === 'json' ? 'application/json' : 'application/x-protobuf',
          'content-encoding': 'gzip',
          'content-length': body.byteLength,
          ...(key !== null && { authorization: `Bearer ${key}` }),
        },
      })
      const limit = setTimeout(() => {
        done(tryLater(`no answer within ${timeoutMs / 1_000} s`))
        request.destroy()
      }, timeoutMs)
      const done = (outcome: SendOutcome): void => {
        clearTimeout(limit)
        resolve(outcome)
      }
      request.on('error', (error) => {
        // The server had closed the idle connection, which says nothing about the server.
        if (request.reusedSocket && !isAgain && wasClosed(error)) {
          clearTimeout(limit)
          resolve(exchange(body, what, signal, true))
        } else done(tryLater(reasonOf(error)))
      })
      const unanswered = (): void => done(tryLater('the connection was closed without an answer'))
      request.on('close', unanswered)
      request.on('response', (response) => {
        // The request is over before the answer has been read.
        request.off('close', unanswered)
        readAnswer(response).then(
          (answer) => done(outcomeOf(response, answer, nowMs())),
          (error: unknown) => done(tryLater(reasonOf(error))),
        )
      })
      request.end(body)
    })

  return {
    send: async (request, what, signal) => {
      try {
        return await exchange(await compress(request, { level: GZIP_LEVEL }), what, signal, false)
      } catch (error) {
        // Such as a key that HTTP allows in no header.
        return { kind: 'retry', reason: reasonOf(error), afterMs: null, isMisdirected: true }
      }
    },
    close: () => agent.destroy(),
  }
}

const tryLater = (reason: string): SendOutcome => ({ kind: 'retry', reason, afterMs: null, isMisdirected: false })

function wasClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A connection that was tried on several addresses is an AggregateError without a message.
  return error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function outcomeOf(response: IncomingMessage, body: Buffer, nowMs: number): SendOutcome {
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return { kind: 'delivered', ...readPartial(body) }
  const isProtobuf = (response.headers['content-type'] ?? '').includes('protobuf')
  const said = isProtobuf ? readStatus(body) : { message: '', retryAfterMs: null }
  const reason = `${status}${said.message === '' ? '' : `: ${said.message.slice(0, 300)}`}`
  if (RETRYABLE.has(status) || MISDIRECTED.has(status)) {
    const afterMs = parseRetryAfterMs(response.headers['retry-after'], nowMs) ?? said.retryAfterMs
    return { kind: 'retry', reason, afterMs, isMisdirected: MISDIRECTED.has(status) }
  }
  return status === 413 ? { kind: 'too_large', reason } : { kind: 'refused', status, reason }
}
