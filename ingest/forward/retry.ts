const BASE_MS = 1_000
const MAX_MS = 30_000
/** A server, or a proxy in front of it, may ask for any time; nobody should be silent for longer than this. */
const MAX_RETRY_AFTER_MS = 300_000

/**
 * How long to wait after `failures` failed attempts in a row (1 is the first): full jitter, so that a thousand forwarders do not come back
 * together. What the server asked for is waited out first, and the jitter goes on top of it.
 */
export function retryDelayMs(failures: number, retryAfterMs: number | null, random: () => number): number {
  const ceilingMs = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(failures - 1, 16))
  const jitterMs = random() * ceilingMs
  return retryAfterMs === null ? jitterMs : Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) + Math.min(jitterMs, BASE_MS)
}

/** Of `Retry-After`: seconds or a date (RFC 9110, 10.2.3); null if it is neither. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  // Date.parse takes a lot that is no date of HTTP's, such as "-1".
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}
