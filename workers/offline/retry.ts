/** When a failed call of a provider is tried again, and after how long. */
import OpenAI from 'openai'
import { errors } from 'undici'
import { CallTimedOut, ResponseTooLarge } from './bounded-post.ts'

/** Waits before the second, third and fourth try. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 2_000, 4_000]
/** Each wait is lengthened by up to this share, so that callers which failed together do not return together. */
const JITTER = 0.25
/** A provider that asks for a longer pause is treated as unreachable for this subject. */
const MAX_RETRY_AFTER_MS = 60_000

export type Failure =
  /** Trying again may help. `retryAfterMs` is what the provider asked for; `throttled`: it is there, and asks for a pause.
   * `brief` repeats nothing that a provider wrote: it may quote the request, and everyone sees it. */
  | { kind: 'transient'; detail: string; retryAfterMs: number | undefined; brief: string; throttled: boolean }
  /** A request that this provider will never take: wrong key, unknown model, no credit. */
  | { kind: 'permanent'; detail: string }
  /** The answer came and is not what the protocol says. */
  | { kind: 'garbled'; detail: string }
  /** 400 on a parameter that the model does not take. */
  | { kind: 'unsupported'; param: 'response_format' | 'temperature' | 'logprobs'; detail: string }

type ApiError = InstanceType<typeof OpenAI.APIError>

/** Details name the status and the provider's message; never the request, which carries the trace. */
export function classifyFailure(error: unknown, nowMs: number): Failure {
  if (error instanceof CallTimedOut) return outage('timed out')
  if (error instanceof ResponseTooLarge) return { kind: 'garbled', detail: error.message }
  if (error instanceof OpenAI.APIError && typeof error.status === 'number')
    return classifyStatus(error, error.status, nowMs)
  if (error instanceof SyntaxError) return { kind: 'garbled', detail: 'the response is not JSON' }
  if (error instanceof errors.SocketError) return outage('the connection broke')
  const code = codeOf(error)
  if (code === undefined) throw error
  const untrusted = UNTRUSTED[code]
  if (untrusted !== undefined) return { kind: 'permanent', detail: `its certificate ${untrusted} (${code})` }
  return outage(`no connection (${code})`)
}

const NOT_KNOWN =
  'is of an authority that is not trusted here: start the worker with NODE_EXTRA_CA_CERTS, the name of a file with those to trust'

/** By the codes of TLS: none of them passes by waiting. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_KNOWN,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_KNOWN,
  UNABLE_TO_GET_ISSUER_CERT: NOT_KNOWN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_KNOWN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_KNOWN,
  ERR_TLS_CERT_ALTNAME_INVALID: 'is of another host: the base URL has to name one that it is made for',
  CERT_HAS_EXPIRED: 'has expired: the provider has to renew it',
  CERT_NOT_YET_VALID: 'is not valid yet: one of the two clocks is wrong',
}

function outage(detail: string): Failure {
  return { kind: 'transient', detail, retryAfterMs: undefined, brief: detail, throttled: false }
}

function classifyStatus(error: ApiError, status: number, nowMs: number): Failure {
  // Its message may repeat a part of the key.
  if (status === 401 || status === 403) return { kind: 'permanent', detail: `${status} the provider refused the key` }
  const detail = `${status} ${shorten(error.message.replace(/^\d+ /, ''))}`
  if (status === 400 || status === 422) {
    const param = parameterOf(error)
    return param === undefined ? { kind: 'permanent', detail } : { kind: 'unsupported', param, detail }
  }
  // A 429 that says that the account is out of credit does not pass by waiting.
  if (status === 429 && error.code === 'insufficient_quota') return { kind: 'permanent', detail }
  if (status === 408 || status === 409 || status === 429 || status >= 500)
    return {
      kind: 'transient',
      detail,
      retryAfterMs: retryAfterMs(error.headers, nowMs),
      brief: `HTTP ${status}`,
      throttled: status === 429,
    }
  return { kind: 'permanent', detail }
}

/** Compatible servers name the parameter in the message where OpenAI has a field for it. */
function parameterOf(error: ApiError): 'response_format' | 'temperature' | 'logprobs' | undefined {
  const text = `${error.param ?? ''} ${error.message}`
  if (/response_format|json_schema|json_object/.test(text)) return 'response_format'
  if (text.includes('logprobs')) return 'logprobs'
  return text.includes('temperature') ? 'temperature' : undefined
}

/** Milliseconds of `retry-after-ms` or `Retry-After` (seconds or an HTTP date); undefined without either. */
export function retryAfterMs(headers: Headers | undefined, nowMs: number): number | undefined {
  const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '')
  if (inMs >= 0) return inMs
  const value = headers?.get('retry-after')
  if (value === null || value === undefined) return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return Number.parseFloat(value) * 1000
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

/** How long to wait before try number `attempt` + 1 (from 1); undefined to give up. `random` is in [0, 1). */
export function retryDelayMs(attempt: number, askedMs: number | undefined, random: number): number | undefined {
  const base = RETRY_DELAYS_MS[attempt - 1]
  if (base === undefined || (askedMs !== undefined && askedMs > MAX_RETRY_AFTER_MS)) return undefined
  return Math.max(base, askedMs ?? 0) * (1 + JITTER * random)
}

/** Of undici's errors, and of those of sockets and name servers: a bug of ours has none. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
