/** One POST of JSON to a receiver, its outcome judged by HTTP's rules. */
import type { OutboundAnswer, Send } from '../outbound/send.ts'
import type { Delivery } from './receiver.ts'

const REASON_CHARS = 200

export interface JsonPost {
  send: Send
  url: string
  headers?: Readonly<Record<string, string>>
  body: unknown
  nowMs: () => number
}

export async function postJson(post: JsonPost): Promise<Delivery> {
  return deliveryOf(await sendJson(post), post.nowMs())
}

export function sendJson({ send, url, headers, body }: Omit<JsonPost, 'nowMs'>): Promise<OutboundAnswer> {
  return send({ url, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
}

/** 2xx is delivered; 408, 425, 429 and 5xx may be tried again; any other answer is final. Network errors may be tried again. */
export function deliveryOf(answer: OutboundAnswer, nowMs: number): Delivery {
  if (answer.kind === 'forbidden') return { kind: 'refused', reason: answer.reason }
  if (answer.kind === 'unanswered') return { kind: 'retry', afterMs: null, reason: answer.reason }
  const { status, retryAfter } = answer
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  const text = answer.text.slice(0, REASON_CHARS)
  const reason = `HTTP ${status}${text ? ` ${text}` : ''}`
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return { kind: 'retry', afterMs: retryAfterMs(retryAfter, nowMs), reason }
  return { kind: 'refused', reason }
}

/** RFC 9110, 10.2.3: seconds or a date. Null if absent or unreadable. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const dateMs = Date.parse(header)
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs)
}
