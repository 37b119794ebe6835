/** The state port on Redis. Each operation touches one key, so that it works on a cluster whatever slots the keys are on. */
import type { Cluster, Redis } from 'ioredis'
import { answers, createRedisClient, type RedisClient, RedisUnavailable, unavailable } from '../redis/connect.ts'
import type { RedisSettings } from '../redis/redis-url.ts'
import { assertEntry, StateError, type StateStore } from './port.ts'

export interface RedisStateOptions {
  settings: RedisSettings
  /** How long the opening waits for Redis; 10 s by default. */
  connectTimeoutMs?: number
  /** How long an operation takes at the most; 2 s by default. */
  operationTimeoutMs?: number
  /** Hears of lost connections, in words without secrets. */
  onError: (error: Error) => void
}

const COMPARE_AND_SET = `
local current = redis.call('GET', KEYS[1])
if ARGV[1] == 'absent' then
  if current then return 0 end
elseif current ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`

type WithScript = { assayCompareAndSet(key: string, ...args: (string | number)[]): Promise<number> }

/** Rejects with `StateError` when Redis does not answer in time or refuses. */
export async function openRedisState(options: RedisStateOptions): Promise<StateStore> {
  const { settings, connectTimeoutMs = 10_000, operationTimeoutMs = 2_000 } = options
  const client = await connect()
  const keyOf = (key: string): string => `${settings.prefix}:state:${key}`

  async function connect(): Promise<RedisClient & WithScript> {
    let opening: RedisClient | undefined
    try {
      opening = createRedisClient(settings, {
        connectTimeout: connectTimeoutMs,
        commandTimeout: operationTimeoutMs,
        maxRetriesPerRequest: 1,
        // Callers can do without the state: while the connection is lost they hear so at once, and nothing is written later behind their back.
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
      })
      opening.on('error', (error: unknown) => options.onError(unavailable(error, settings)))
      await answers(opening, settings, connectTimeoutMs)
      return withScript(opening)
    } catch (error) {
      opening?.disconnect()
      throw error instanceof RedisUnavailable ? new StateError(error.message) : error
    }
  }

  async function ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command()
    } catch (error) {
      throw new StateError(unavailable(error, settings).message)
    }
  }

  return {
    backend: 'redis',
    get: (key) => ask(async () => (await client.get(keyOf(key))) ?? undefined),
    async set(key, value, ttlMs) {
      assertEntry(key, ttlMs)
      await ask(() => client.set(keyOf(key), value, 'PX', ttlMs))
    },
    async compareAndSet(key, expected, value, ttlMs) {
      assertEntry(key, ttlMs)
      const known = expected === undefined ? ['absent', ''] : ['is', expected]
      return (await ask(() => client.assayCompareAndSet(keyOf(key), ...known, value, ttlMs))) === 1
    },
    async close() {
      client.disconnect()
    },
  }
}

/** The client sends the script's hash, and the script itself where the server has not got it, as after a restart. */
function withScript(client: Redis | Cluster): RedisClient & WithScript {
  client.defineCommand('assayCompareAndSet', { numberOfKeys: 1, lua: COMPARE_AND_SET })
  return client as RedisClient & WithScript
}
