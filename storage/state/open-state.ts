/** Which adapter the state is on: decided by the presence of a Redis URL and nothing else, as the queue's. */
import type { RedisSettings } from '../redis/redis-url.ts'
import { openEmbeddedState } from './embedded.ts'
import type { StateStore } from './port.ts'
import { openRedisState } from './redis.ts'

export interface StateConfig {
  /** Without it the state is in `dataDir/state`. */
  redis?: RedisSettings | null
  dataDir: string
  nowMs: () => number
  /** How long a start waits for Redis; 10 s by default. */
  connectTimeoutMs?: number
}

/** Rejects with `StateError`. `onError` hears of lost connections later; the store reconnects by itself. */
export async function openState(config: StateConfig, onError: (error: Error) => void): Promise<StateStore> {
  const { redis, dataDir, nowMs, connectTimeoutMs } = config
  if (redis === undefined || redis === null) return openEmbeddedState({ dataDir, nowMs })
  return openRedisState({
    settings: redis,
    onError,
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  })
}
