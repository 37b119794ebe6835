/** One POST to a receiver, its outcome judged by HTTP's rules. */
import type { Delivery } from './receiver.ts'

/** Longer than receivers take on a bad day, short enough to try again within the minute. */
const TIMEOUT_MS = 10_000
const REASON_CHARS = 200

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface JsonPost {
  fetch: Fetch
  url: string
  headers?: Readonly<Record<string, string>>
  body: unknown
  nowMs: () => number
}

/** 2xx is delivered; 408, 425, 429 and 5xx may be tried again; any other answer is final. Network errors may be tried again. */
export async function postJson({ fetch, url, headers, body, nowMs }: JsonPost): Promise<Delivery> {
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      // A redirect is not followed: it could lead anywhere, and would turn the POST into a GET.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    text = (await response.text()).slice(0, REASON_CHARS)
  } catch (error) {
    return { kind: 'retry', afterMs: null, reason: describeNetworkError(error) }
  }
  if (response.ok) return { kind: 'delivered' }
  const reason = `HTTP ${response.status}${text ? ` ${text}` : ''}`
  const { status } = response
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return { kind: 'retry', afterMs: retryAfterMs(response.headers.get('retry-after'), nowMs()), reason }
  return { kind: 'refused', reason }
}

/** RFC 9110, 10.2.3: seconds or a date. Null if absent or unreadable. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const dateMs = Date.parse(header)
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs)
}

/** Never holds the address: an incoming webhook's is a secret. */
function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return 'network error'
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? `network error ${String(cause.code)}` : 'network error'
}
