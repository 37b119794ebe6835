/** Which backend the offline queue runs on: decided by the presence of a Redis URL and nothing else. */
import { join } from 'node:path'
import { openBullQueue } from './bull-queue.ts'
import { openPgliteBackend } from './pglite-backend.ts'
import type { OfflineQueue, QueueErrorHandler } from './port.ts'
import { openRedisBackend } from './redis-backend.ts'

export interface QueueConfig {
  /** `redis://…`; without it the queue is PGlite's in `dataDir/queue`. */
  redisUrl?: string | undefined
  dataDir: string
  /** How long a start waits for Redis; 10 s by default. */
  connectTimeoutMs?: number
}

/** Rejects with `QueueError`. `onError` hears of lost connections later; the queue reconnects by itself. */
export async function openQueue(config: QueueConfig, onError: QueueErrorHandler): Promise<OfflineQueue> {
  const backend =
    config.redisUrl === undefined || config.redisUrl === ''
      ? await openPgliteBackend(join(config.dataDir, 'queue'))
      : await openRedisBackend(config.redisUrl, onError, config.connectTimeoutMs)
  return openBullQueue(backend, onError)
}
