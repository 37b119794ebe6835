/**
 * Where the log ended, per partition, as a short text that clients keep and say when they come back: what they have no answer to lies
 * behind it. So the gateway keeps nothing of a stream, and any gateway can take it up.
 */
import type { Log } from '../../storage/log/port.ts'

/** By partition. */
export type Positions = readonly number[]

export const positionsToText = (positions: Positions): string =>
  positions.map((offset) => offset.toString(36)).join('.')

/** Null for what is none; a client that makes one up makes its own resume worse, and nobody else's. */
export function positionsFromText(text: string): Positions | null {
  if (!/^[0-9a-z]{1,10}(\.[0-9a-z]{1,10}){0,9999}$/.test(text)) return null
  return text.split('.').map((offset) => Number.parseInt(offset, 36))
}

export interface EndsWatch {
  /**
   * Where the log ended a moment ago; null before that is known. Asks for it anew behind the caller's back where the last answer is older
   * than a second: an older position only makes a later look through the log longer.
   */
  latest(): Positions | null
  now(): Promise<Positions>
}

const EVERY_MS = 1_000

export function watchEnds(log: Pick<Log, 'endOffsets'>, topic: string, nowMs: () => number): EndsWatch {
  let latest: Positions | null = null
  let askedAtMs = Number.NEGATIVE_INFINITY
  const ask = async (): Promise<Positions> => {
    const extents = await log.endOffsets(topic)
    latest = extents.toSorted((a, b) => a.partition - b.partition).map(({ end }) => end)
    return latest
  }
  return {
    latest: () => {
      if (Math.abs(nowMs() - askedAtMs) >= EVERY_MS) {
        askedAtMs = nowMs()
        // A log that does not answer is for the appends to tell.
        ask().catch(() => {})
      }
      return latest
    },
    now: ask,
  }
}
