/**
 * How much work is let in at a time. Requests that came wait in sockets, where nobody sees them: without a bound all of them are served after
 * their senders gave up. Counted by what their heads announce, so that what is refused costs no more than that.
 */
import type { IncomingMessage } from 'node:http'
import { codingOf } from '../media.ts'

export interface WorkQueue {
  /** Null when there is too much already. Call what it gives when the request is answered. */
  enter(request: Pick<IncomingMessage, 'headers'>): (() => void) | null
}

/** A request costs something however small it is. */
const LEAST_BYTES = 4 << 10
/** Of one that does not say. */
const UNSAID_BYTES = 64 << 10
/** Texts of spans shrink to about so much. */
const COMPRESSED_RATIO = 5

/** One request is always let in. `maxBodyBytes`: what a body may come to; by more none is counted, whatever it announces. */
export function createWorkQueue(maxBytes: number, maxBodyBytes = Number.POSITIVE_INFINITY): WorkQueue {
  let bytes = 0
  return {
    enter: ({ headers }) => {
      const weight = Math.min(weightOf(headers), maxBodyBytes)
      if (bytes > 0 && bytes + weight > maxBytes) return null
      bytes += weight
      let isOver = false
      return () => {
        if (!isOver) bytes -= weight
        isOver = true
      }
    },
  }
}

function weightOf(headers: IncomingMessage['headers']): number {
  const said = headers['content-length']
  const length = said === undefined ? UNSAID_BYTES : Number(said)
  return Math.max(LEAST_BYTES, codingOf(headers) === 'identity' ? length : length * COMPRESSED_RATIO)
}
