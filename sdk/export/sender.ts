/** One request to the collector: what is sent, and what its answer means (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { Runtime } from '../runtime.ts'
import { parseRetryAfterMs } from './retry.ts'

/** An answer is empty or a line; of what sends more, the rest is not read. */
const MAX_ANSWER_BYTES = 64 * 1024
/** These and no others may be sent again. */
const RETRYABLE = new Set([429, 502, 503, 504])

export type Outcome =
  | { kind: 'delivered'; rejectedSpans: number; message: string }
  | { kind: 'retry'; reason: string; afterMs: number | null }
  /** Smaller batches may get through. */
  | { kind: 'too_large'; reason: string }
  | { kind: 'refused'; reason: string }

export interface SenderOptions {
  url: string
  headers: Readonly<Record<string, string>>
  timeoutMs: number
  runtime: Runtime
}

export interface Sender {
  /** Never rejects, and answers within the time-out. */
  send(gzipped: Uint8Array): Promise<Outcome>
  /** Ends the request at hand, if there is one. */
  close(): void
}

export function createSender({ url, headers, timeoutMs, runtime }: SenderOptions): Sender {
  const target = parseUrl(url)
  if (target === null) {
    const outcome: Outcome = { kind: 'refused', reason: `${JSON.stringify(url)} is not an http or https address` }
    return { send: async () => outcome, close: () => {} }
  }
  const isTls = target.protocol === 'https:'
  const agent = isTls ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const open = isTls ? httpsRequest : httpRequest
  // Otherwise an instrumentation of node:http would trace the sending of traces.
  const untraced = suppressTracing(ROOT_CONTEXT)
  let current: ClientRequest | null = null

  const exchange = (gzipped: Uint8Array, isAgain = false): Promise<Outcome> =>
    new Promise((resolve) => {
      const request = open(target, {
        method: 'POST',
        agent,
        headers: {
          'user-agent': 'assay-sdk-js',
          ...headers,
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
          'content-length': gzipped.byteLength,
        },
      })
      current = request
      const cancelTimer = runtime.setTimer(() => {
        done({ kind: 'retry', reason: `no answer within ${timeoutMs} ms`, afterMs: null })
        request.destroy()
      }, timeoutMs)
      const done = (outcome: Outcome): void => {
        cancelTimer()
        resolve(outcome)
      }
      const failed = (error: Error): void => done({ kind: 'retry', reason: reasonOf(error), afterMs: null })
      // A collector that hangs must not keep the agent's process from ending.
      request.on('socket', (socket) => socket.unref())
      request.on('error', (error) => {
        // The server had closed the idle connection, which says nothing about the server.
        if (!request.reusedSocket || isAgain || !wasClosed(error)) {
          failed(error)
          return
        }
        cancelTimer()
        resolve(exchange(gzipped, true))
      })
      request.on('close', () => failed(new Error('the connection was closed without an answer')))
      request.on('response', (response) => {
        readAnswer(response, (body) => done(outcomeOf(response, body, runtime.wallClockMs())), failed)
      })
      request.end(gzipped)
    })

  return {
    async send(gzipped) {
      try {
        return await context.with(untraced, () => exchange(gzipped))
      } catch (error) {
        // Such as a header that HTTP does not allow: it will not be better the next time.
        return { kind: 'refused', reason: reasonOf(error) }
      }
    },
    close() {
      current?.destroy()
      agent.destroy()
    },
  }
}

function wasClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function parseUrl(url: string): URL | null {
  try {
    const parsed = new URL(url)
    return parsed.protocol === 'http:' || parsed.protocol === 'https:' ? parsed : null
  } catch {
    return null
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A connection that was tried on several addresses is an AggregateError without a message.
  return error.message !== '' ? error.message : 'code' in error ? String(error.code) : error.name
}

function readAnswer(response: IncomingMessage, done: (body: Buffer) => void, failed: (error: Error) => void): void {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  response.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes <= MAX_ANSWER_BYTES) {
      chunks.push(chunk)
      return
    }
    done(Buffer.concat(chunks))
    response.destroy()
  })
  response.on('end', () => done(Buffer.concat(chunks)))
  response.on('error', failed)
  response.on('aborted', () => failed(new Error('the connection broke in the middle of the answer')))
}

function outcomeOf(response: IncomingMessage, body: Buffer, wallClockMs: number): Outcome {
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return { kind: 'delivered', ...partialSuccess(body) }
  const reason = `answered ${status}${textOf(response, body)}`
  if (RETRYABLE.has(status))
    return { kind: 'retry', reason, afterMs: parseRetryAfterMs(response.headers['retry-after'], wallClockMs) }
  return { kind: status === 413 ? 'too_large' : 'refused', reason }
}

/** A 2xx whose body is not OTLP was taken all the same: the status is what counts. */
function partialSuccess(body: Buffer): { rejectedSpans: number; message: string } {
  if (body.length === 0) return { rejectedSpans: 0, message: '' }
  try {
    const partial = ProtobufTraceSerializer.deserializeResponse(body).partialSuccess
    const rejectedSpans = Number(partial?.rejectedSpans ?? 0)
    return {
      rejectedSpans: Number.isSafeInteger(rejectedSpans) && rejectedSpans > 0 ? rejectedSpans : 0,
      message: partial?.errorMessage ?? '',
    }
  } catch {
    return { rejectedSpans: 0, message: 'the answer is not OTLP; is this the address of an Assay?' }
  }
}

/** What the refusal says, in a `google.rpc.Status` or in plain words: its printable run, which is enough for a log line. */
function textOf(response: IncomingMessage, body: Buffer): string {
  if (/html/.test(response.headers['content-type'] ?? '')) return ''
  const run = /[\x20-\x7e]{4,}/.exec(body.subarray(0, 1_000).toString('latin1'))?.[0]
  return run === undefined ? '' : `: ${run.slice(0, 300)}`
}
