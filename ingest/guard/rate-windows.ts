/**
 * Counts what was taken in windows of time: for all gateways together on Redis, and each for itself in memory where there is none or it
 * does not answer. A window's number is part of its key, so that all agree on when it begins, by their clocks.
 */
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { RedisClient } from '../../storage/redis/connect.ts'

export interface RateWindows {
  /** Adds to what was taken in a window, and resolves with how much that is now. Never rejects. */
  add(key: string, amount: number, windowSeconds: number): Promise<number>
  /** Why the count is not shared although it should be; null when it is as it should be. */
  trouble(): string | null
}

export interface RateWindowsOptions {
  /** Null: each gateway by itself. It must reject at once while its connection is lost. */
  redis: { readonly client: RedisClient; readonly prefix: string; readonly explain: (error: unknown) => string } | null
  nowMs: () => number
  /** Redis went away, or is back: null. */
  onChange: (trouble: string | null) => void
}

/** So long after a failure Redis isn't asked: requests need not wait for its silence one after the other. */
const RETRY_MS = 5_000
/** Whoever counts decides himself what is too much. */
const COUNT_ONLY = { points: Number.MAX_SAFE_INTEGER, duration: 1 }

export function createRateWindows({ redis, nowMs, onChange }: RateWindowsOptions): RateWindows {
  const memory = new RateLimiterMemory(COUNT_ONLY)
  const shared =
    redis === null
      ? null
      : new RateLimiterRedis({ ...COUNT_ONLY, storeClient: redis.client, keyPrefix: `${redis.prefix}:rate` })
  let retryAtMs = Number.NEGATIVE_INFINITY
  let trouble: string | null = null
  const tell = (text: string | null): void => {
    if ((trouble === null) !== (text === null)) onChange(text)
    trouble = text
  }
  return {
    add: async (key, amount, windowSeconds) => {
      // Clocks of gateways differ: what one begins another may not have ended.
      const options = { customDuration: 2 * windowSeconds }
      if (shared !== null && nowMs() >= retryAtMs) {
        try {
          const { consumedPoints } = await shared.penalty(key, amount, options)
          tell(null)
          return consumedPoints
        } catch (error) {
          retryAtMs = nowMs() + RETRY_MS
          tell(redis!.explain(error))
        }
      }
      return (await memory.penalty(key, amount, options)).consumedPoints
    },
    trouble: () => trouble,
  }
}
