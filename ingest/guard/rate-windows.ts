/**
 * Counts what was taken in windows of time: for all gateways together on Redis, and each for itself in memory where there is none or it
 * does not answer. A window's number is part of its key, so that all agree on when it begins, by their clocks.
 */
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import type { RedisClient } from '../../storage/redis/connect.ts'

export interface RateWindows {
  /** Counts an amount where it fits under the limit, in one step: what does not fit is at no time in the way of what does. Never rejects. */
  take(key: string, amount: number, limit: number, windowSeconds: number): Promise<WindowTaken>
  giveBack(key: string, amount: number, windowSeconds: number): Promise<void>
  /** Why the count is not shared although it should be; null when it is as it should be. */
  trouble(): string | null
}

export interface WindowTaken {
  readonly isTaken: boolean
  /** Before it: a limit that was reached then takes nothing more, however small. */
  readonly takenBefore: number
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
/** In its place: whoever gives back is never over a limit. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER
/**
 * The library's own, but that what would come to more than the limit (ARGV[3]) is not added. Answered is what it would have come to, so an
 * answer over the limit is a refusal.
 */
const TAKE_IF_IT_FITS = `
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local after = tonumber(redis.call('get', KEYS[1])) + tonumber(ARGV[1])
if after <= tonumber(ARGV[3]) then redis.call('incrby', KEYS[1], ARGV[1]) end
return {after, redis.call('pttl', KEYS[1])}
`

export function createRateWindows({ redis, nowMs, onChange }: RateWindowsOptions): RateWindows {
  const memory = new RateLimiterMemory({ points: NO_LIMIT, duration: 1 })
  /** By limit: of those there are as many as the settings have. */
  const shared = new Map<number, RateLimiterRedis>()
  const sharedOf = (client: RedisClient, prefix: string, points: number): RateLimiterRedis => {
    let limiter = shared.get(points)
    if (limiter === undefined) {
      const storeClient = client
      const keyPrefix = `${prefix}:rate`
      const customIncrTtlLuaScript = TAKE_IF_IT_FITS
      limiter = new RateLimiterRedis({ points, duration: 1, storeClient, keyPrefix, customIncrTtlLuaScript })
      shared.set(points, limiter)
    }
    return limiter
  }
  let retryAtMs = Number.NEGATIVE_INFINITY
  let trouble: string | null = null
  const tell = (text: string | null): void => {
    if ((trouble === null) !== (text === null)) onChange(text)
    trouble = text
  }
  /** One after the other: between the look and the count nobody else counts. */
  let turn: Promise<unknown> = Promise.resolve()
  const inMemory = (key: string, amount: number, limit: number, customDuration: number): Promise<number> => {
    const after = turn.then(async () => {
      const sum = ((await memory.get(key))?.consumedPoints ?? 0) + amount
      if (sum <= limit) await memory.penalty(key, amount, { customDuration })
      return sum
    })
    turn = after.catch(() => {})
    return after
  }
  /** What it comes to, or would where that is over the limit. */
  const add = async (key: string, amount: number, limit: number, windowSeconds: number): Promise<number> => {
    // Clocks of gateways differ: what one begins another may not have ended.
    const customDuration = 2 * windowSeconds
    if (redis !== null && nowMs() >= retryAtMs) {
      try {
        const limiter = sharedOf(redis.client, redis.prefix, limit)
        const { consumedPoints } = await limiter.penalty(key, amount, { customDuration })
        tell(null)
        return consumedPoints
      } catch (error) {
        retryAtMs = nowMs() + RETRY_MS
        tell(redis.explain(error))
      }
    }
    return inMemory(key, amount, limit, customDuration)
  }
  return {
    take: async (key, amount, limit, windowSeconds) => {
      const after = await add(key, amount, limit, windowSeconds)
      return { isTaken: after <= limit, takenBefore: after - amount }
    },
    giveBack: async (key, amount, windowSeconds) => {
      await add(key, -amount, NO_LIMIT, windowSeconds)
    },
    trouble: () => trouble,
  }
}
