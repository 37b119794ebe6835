/** Which backend the offline queue runs on: decided by the presence of a Redis URL and nothing else. */
import { join } from 'node:path'
import type { RedisSettings } from '../redis/redis-url.ts'
import { openBullQueue } from './bull-queue.ts'
import { openPgliteBackend } from './pglite-backend.ts'
import type { OfflineQueue, QueueErrorHandler } from './port.ts'
import { openRedisBackend, type RedisBackendOptions } from './redis-backend.ts'

export interface QueueConfig extends Pick<RedisBackendOptions, 'connectTimeoutMs' | 'operationTimeoutMs'> {
  /** Without it the queue is PGlite's in `dataDir/queue`. */
  redis?: RedisSettings | null
  dataDir: string
  /** Until an investigation begins; some seconds unless told. For tests, which have stored all there is. */
  investigationDelayMs?: number
}

/** Rejects with `QueueError`. `onError` hears of lost connections later; the queue reconnects by itself. */
export async function openQueue(config: QueueConfig, onError: QueueErrorHandler): Promise<OfflineQueue> {
  const { redis, dataDir, investigationDelayMs, ...limits } = config
  const backend =
    redis === undefined || redis === null
      ? await openPgliteBackend(join(dataDir, 'queue'))
      : await openRedisBackend({ ...limits, settings: redis, onError })
  return openBullQueue(backend, onError, { investigationDelayMs })
}
