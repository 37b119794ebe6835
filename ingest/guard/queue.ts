/**
 * How much work is let in at a time. Requests that came wait in sockets, where nobody sees them: without a bound all of them are served after
 * their senders gave up. Counted by what their heads announce, so that what is refused costs no more than that; and by tenant, so that one
 * who sends much leaves room to the others.
 */
import type { ContentCoding } from '../body.ts'
import { createFairPool, MOST_OF_FREE } from './fair-pool.ts'

export interface Place {
  /** The body is there as a whole: from now on it is work. */
  arrived(): void
  /** The request is answered. */
  leave(): void
}

export interface WorkQueue {
  /** Null when there is too much already. `announcedBytes`: as they are sent; null where the head does not say. */
  enter(tenant: string, announcedBytes: number | null, coding: ContentCoding): Place | null
}

export interface WorkQueueOptions {
  maxBytes: number
  /** What a body may come to; by more none is counted, whatever it announces. */
  maxBodyBytes?: number
  mostOfFree?: number
  nowMs: () => number
}

/** A request costs something however small it is. */
const LEAST_BYTES = 4 << 10
/** Of one that does not say. */
const UNSAID_BYTES = 64 << 10
/** Texts of spans shrink to about so much. */
const COMPRESSED_RATIO = 5
/**
 * A body that takes longer to come is no work to wait for: its place is another's until it is whole. What has come of it is bounded by
 * the gateway's memory for bodies.
 */
export const SLOW_AFTER_MS = 2_000

interface Reading {
  readonly tenant: string
  readonly weight: number
  readonly sinceMs: number
  isCounted: boolean
}

/** One request is always let in. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { maxBytes, maxBodyBytes = Number.POSITIVE_INFINITY, mostOfFree = MOST_OF_FREE, nowMs } = options
  const pool = createFairPool(maxBytes, mostOfFree)
  /** Whose bodies are still on their way and in time, oldest first. */
  const reading = new Set<Reading>()
  const setSlowOnesAside = (): void => {
    const beforeMs = nowMs() - SLOW_AFTER_MS
    for (const one of reading) {
      if (one.sinceMs > beforeMs) return
      reading.delete(one)
      one.isCounted = false
      pool.release(one.tenant, one.weight)
    }
  }
  return {
    enter: (tenant, announcedBytes, coding) => {
      const weight = Math.min(weightOf(announcedBytes, coding), maxBodyBytes)
      if (!pool.hasRoom(tenant, weight)) setSlowOnesAside()
      if (!pool.hasRoom(tenant, weight) && pool.used > 0) return null
      pool.put(tenant, weight)
      const one: Reading = { tenant, weight, sinceMs: nowMs(), isCounted: true }
      reading.add(one)
      let isOver = false
      return {
        arrived: () => {
          if (isOver) return
          reading.delete(one)
          if (!one.isCounted) pool.put(tenant, weight)
          one.isCounted = true
        },
        leave: () => {
          if (isOver) return
          isOver = true
          reading.delete(one)
          if (one.isCounted) pool.release(tenant, weight)
        },
      }
    },
  }
}

function weightOf(announcedBytes: number | null, coding: ContentCoding): number {
  const length = announcedBytes ?? UNSAID_BYTES
  return Math.max(LEAST_BYTES, coding === 'identity' ? length : length * COMPRESSED_RATIO)
}
