/**
 * The state port on Redis. On a cluster each command touches one key, or those of one group, which are on one slot: it works whatever
 * slots the keys are on.
 */
import { Cluster, type Redis } from 'ioredis'
import { answers, createRedisClient, type RedisClient, RedisUnavailable, unavailable } from '../redis/connect.ts'
import type { RedisSettings } from '../redis/redis-url.ts'
import { groupCalls } from './grouped-calls.ts'
import { assertAddend, assertEntry, assertGroup, StateError, type StateStore } from './port.ts'

export interface RedisStateOptions {
  settings: RedisSettings
  /** How long the opening waits for Redis; 10 s by default. */
  connectTimeoutMs?: number
  /** How long an operation takes at the most; 2 s by default. */
  operationTimeoutMs?: number
  /** Hears of lost connections, in words without secrets. */
  onError: (error: Error) => void
}

const SCANNED_AT_ONCE = 1_000
/** Texts that are read or written by one command: a command costs the client several times what one more key in it does. */
const TEXTS_AT_ONCE = 64

/** Of what `INFO replication` says; seconds since each replica was heard of. */
export function replicationLagIn(info: string): number | null {
  const lags = [...info.matchAll(/^slave\d+:.*?\blag=(\d+)/gm)].map(([, lag]) => Number(lag))
  return lags.length === 0 ? null : Math.max(...lags)
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

/**
 * An entry, and its name in the group's index with the time at which it expires, by the server's clock. The index goes with the entry
 * that expires last; names of expired ones go with the next write. Where there is room for so many alone the one that is set is not counted.
 */
const SET_IN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ttl = tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if ARGV[4] ~= '' then
  local others = redis.call('ZCARD', KEYS[2])
  if redis.call('ZSCORE', KEYS[2], ARGV[1]) then others = others - 1 end
  if others >= tonumber(ARGV[4]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ttl)
redis.call('ZADD', KEYS[2], now + ttl, ARGV[1])
if redis.call('PTTL', KEYS[2]) < ttl then redis.call('PEXPIRE', KEYS[2], ttl) end
return 1`

/** Numbers are the server's own, of 64 bits. */
const ADD = `
local sum = tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1])
if ARGV[3] ~= '' and sum > tonumber(ARGV[3]) then return false end
redis.call('SET', KEYS[1], string.format('%.0f', sum), 'PX', ARGV[2])
return string.format('%.0f', sum)`

/** Several texts at once, each with its own time to live. */
const SET_EACH = `
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[2 * i - 1], 'PX', ARGV[2 * i]) end
return 1`

interface WithScripts {
  assaySetEach(keys: number, ...keysAndArgs: (string | number)[]): Promise<number>
  assayAdd(key: string, ...args: (string | number)[]): Promise<string | null>
  assayCompareAndSet(key: string, ...args: (string | number)[]): Promise<number>
  assaySetIn(key: string, index: string, ...args: (string | number)[]): Promise<number>
}

/** Rejects with `StateError` when Redis does not answer in time or refuses. */
export async function openRedisState(options: RedisStateOptions): Promise<StateStore> {
  const { settings, connectTimeoutMs = 10_000, operationTimeoutMs = 2_000 } = options
  const client = await connect()
  const keyOf = (key: string): string => `${settings.prefix}:state:${key}`
  // What is in braces alone says on which slot a key is; the name must not hold one itself.
  const indexOf = (group: string): string => `${settings.prefix}:group:{${encodeURIComponent(group)}}`

  async function connect(): Promise<RedisClient & WithScripts> {
    let opening: RedisClient | undefined
    try {
      opening = createRedisClient(settings, {
        connectTimeout: connectTimeoutMs,
        commandTimeout: operationTimeoutMs,
        maxRetriesPerRequest: 1,
        // Callers can do without the state: while the connection is lost they hear so at once, and nothing is written later behind their back.
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        enableAutoPipelining: true,
      })
      opening.on('error', (error: unknown) => options.onError(unavailable(error, settings)))
      await answers(opening, settings, connectTimeoutMs)
      return withScripts(opening)
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

  /** `atMost`: empty for no bound. False where there is no room. */
  async function setIn(
    group: string,
    key: string,
    value: string,
    ttlMs: number,
    atMost: number | '',
  ): Promise<boolean> {
    assertGroup(group)
    assertEntry(key, ttlMs)
    const index = indexOf(group)
    return (await ask(() => client.assaySetIn(`${index}:${key}`, index, key, value, ttlMs, atMost))) === 1
  }

  interface Text {
    key: string
    value: string
    ttlMs: number
  }
  const readOne = (key: string): Promise<string | null> => client.get(key)
  const writeOne = ({ key, value, ttlMs }: Text): Promise<unknown> => client.set(key, value, 'PX', ttlMs)
  const masters = (): readonly Redis[] => (client instanceof Cluster ? client.nodes('master') : [client])
  // On a cluster keys that are asked for together would have to be on one slot.
  const isCluster = client instanceof Cluster
  const read = isCluster
    ? readOne
    : groupCalls(async (keys: readonly string[]) => {
        const [first] = keys
        return keys.length === 1 && first !== undefined ? [await readOne(first)] : client.mget([...keys])
      }, TEXTS_AT_ONCE)
  const write = isCluster
    ? writeOne
    : groupCalls(async (texts: readonly Text[]) => {
        const [first] = texts
        if (texts.length === 1 && first !== undefined) await writeOne(first)
        else
          await client.assaySetEach(
            texts.length,
            ...texts.map(({ key }) => key),
            ...texts.flatMap(({ value, ttlMs }) => [value, ttlMs]),
          )
        return texts
      }, TEXTS_AT_ONCE)

  return {
    backend: 'redis',
    get: (key) => ask(async () => (await read(keyOf(key))) ?? undefined),
    async set(key, value, ttlMs) {
      assertEntry(key, ttlMs)
      await ask(() => write({ key: keyOf(key), value, ttlMs }))
    },
    async compareAndSet(key, expected, value, ttlMs) {
      assertEntry(key, ttlMs)
      const known = expected === undefined ? ['absent', ''] : ['is', expected]
      return (await ask(() => client.assayCompareAndSet(keyOf(key), ...known, value, ttlMs))) === 1
    },
    async add(key, delta, ttlMs, atMost) {
      assertEntry(key, ttlMs)
      assertAddend(delta, atMost)
      const bound = atMost === undefined ? '' : Math.floor(atMost)
      const sum = await ask(() => client.assayAdd(keyOf(key), delta, ttlMs, bound))
      return sum === null ? undefined : Number(sum)
    },
    setInIfRoom: setIn,
    async setIn(group, key, value, ttlMs) {
      await setIn(group, key, value, ttlMs, '')
    },
    async removeIn(group, key) {
      assertGroup(group)
      const index = indexOf(group)
      await ask(() => Promise.all([client.del(`${index}:${key}`), client.zrem(index, key)]))
    },
    async list(group) {
      assertGroup(group)
      const index = indexOf(group)
      const keys = await ask(() => client.zrange(index, '0', '-1'))
      if (keys.length === 0) return new Map()
      const values = await ask(() => client.mget(keys.map((key) => `${index}:${key}`)))
      return new Map(keys.flatMap((key, i) => (typeof values[i] === 'string' ? [[key, values[i]] as const] : [])))
    },
    replicationLagSeconds: async () => {
      // Each node of a cluster tells of its own replicas.
      const told = await Promise.all(masters().map((node) => ask(() => node.info('replication'))))
      return replicationLagIn(told.join('\n'))
    },
    clear: (prefix) =>
      ask(async () => {
        const match = `${keyOf(prefix).replaceAll(/[\\*?[\]]/g, '\\$&')}*`
        let removed = 0
        for (const node of masters()) {
          let cursor = '0'
          do {
            const [next, keys] = await node.scan(cursor, 'MATCH', match, 'COUNT', SCANNED_AT_ONCE)
            for (const key of keys) removed += await client.unlink(key)
            cursor = next
          } while (cursor !== '0')
        }
        return removed
      }),
    async close() {
      client.disconnect()
    },
  }
}

/** The client sends a script's hash, and the script itself where the server has not got it, as after a restart. */
function withScripts(client: Redis | Cluster): RedisClient & WithScripts {
  client.defineCommand('assayCompareAndSet', { numberOfKeys: 1, lua: COMPARE_AND_SET })
  client.defineCommand('assayAdd', { numberOfKeys: 1, lua: ADD })
  client.defineCommand('assaySetEach', { lua: SET_EACH })
  client.defineCommand('assaySetIn', { numberOfKeys: 2, lua: SET_IN })
  return client as RedisClient & WithScripts
}
