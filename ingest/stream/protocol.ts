/**
 * What clients and the gateway say to each other over `/v1/stream`. Batches are frames of their own: binary ones hold eight bytes of number
 * (unsigned, the highest byte first) and an ExportTraceServiceRequest, as it is or in gzip; text ones are JSON, as all else is.
 */
import { parseJsonBody } from '../../engine/otlp/json-body.ts'
import type { Endpoint, RejectReason } from '../refusals.ts'

export const STREAM_PATH = '/v1/stream'
export const SUBPROTOCOL = 'assay.v1'
/** A batch's number is at most this much above the last one up to which all are settled. */
export const NUMBERS_AHEAD = 1_024

/** The first message of a connection. */
export interface Hello {
  /** Of the client's choosing, 1 to 128 characters: what a batch's number is unique in, with its tenant. */
  readonly stream: string
  /** Up to here the client has an answer to every batch that it need not send again. */
  readonly settled: number
  /** The last one that the gateway sent on this stream; null for a stream that begins. */
  readonly resume: string | null
  /** For clients that cannot send headers, such as pages. */
  readonly key: string | null
}

export interface Batch {
  readonly number: number
  readonly endpoint: Extract<Endpoint, 'traces' | 'spans'>
  readonly bytes: Buffer
  readonly isGzip: boolean
}

export type Incoming =
  | { kind: 'hello'; hello: Hello }
  | { kind: 'batch'; batch: Batch }
  /** Nothing that could be answered: the connection ends with it. */
  | { kind: 'mistake'; message: string }

export type Outgoing =
  | {
      type: 'welcome'
      /** What the client said, or more where the log has batches whose answers were lost. */
      settled: number
      resume: string | null
      maxUnanswered: number
      maxBatchBytes: number
    }
  | {
      type: 'ack'
      batch: number
      spans: number
      /** It had been taken before. */
      again?: true
      /** To be said in the next hello, instead of the one before. */
      resume?: string
      /** Some of its spans could not be taken: they need not be sent again. */
      partial?: { rejected: number; message: string }
    }
  | {
      type: 'refused'
      batch: number
      code: RejectReason
      message: string
      /** Send it again, under the same number, after that. */
      retryAfterSeconds?: number
    }

/** Close codes, besides those of RFC 6455. */
export const CLOSE = {
  goingAway: 1001,
  tooLarge: 1009,
  tryAgainLater: 1013,
  mistake: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  idle: 4408,
  takenOver: 4409,
} as const

const STREAM_FORM = /^[\x21-\x7e]{1,128}$/
const NUMBER_BYTES = 8

const mistake = (message: string): Incoming => ({ kind: 'mistake', message })

export function parseIncoming(data: Buffer, isBinary: boolean): Incoming {
  return isBinary ? parseBinary(data) : parseText(data)
}

function parseBinary(data: Buffer): Incoming {
  if (data.length < NUMBER_BYTES) return mistake('a binary frame begins with 8 bytes of batch number')
  const number = Number(data.readBigUInt64BE(0))
  if (!isBatchNumber(number)) return mistake(`${number} is no batch number: they are counted from 1`)
  const bytes = data.subarray(NUMBER_BYTES)
  // No request begins so: it would be a group of field 3.
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return { kind: 'batch', batch: { number, endpoint: 'traces', bytes, isGzip } }
}

function parseText(data: Buffer): Incoming {
  const json = parseJsonBody(data)
  if (!json.ok) return mistake(`a text frame must be JSON: ${json.message}`)
  const raw = json.value
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return mistake('a text frame must be a JSON object')
  const message = raw as Readonly<Record<string, unknown>>
  if (message.type === 'hello') return parseHello(message)
  if (message.type !== 'spans') return mistake('type: must be "hello" or "spans"')
  if (!isBatchNumber(message.batch)) return mistake('batch: must be a whole number from 1')
  return { kind: 'batch', batch: { number: message.batch, endpoint: 'spans', bytes: data, isGzip: false } }
}

function parseHello({ stream, settled = 0, resume = null, key = null }: Readonly<Record<string, unknown>>): Incoming {
  if (typeof stream !== 'string' || !STREAM_FORM.test(stream))
    return mistake('stream: must be 1 to 128 printable characters without spaces')
  if (settled !== 0 && !isBatchNumber(settled)) return mistake('settled: must be a whole number from 0')
  if (resume !== null && typeof resume !== 'string')
    return mistake('resume: must be what the last answer had as resume')
  if (key !== null && typeof key !== 'string') return mistake('key: must be a key of Assay')
  return { kind: 'hello', hello: { stream, settled, resume, key } }
}

const isBatchNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
