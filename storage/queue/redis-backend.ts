/** BullMQ on Redis, for several processes. */
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { BullBackend } from './bull-queue.ts'
import { QueueError, type QueueErrorHandler } from './port.ts'

/** All keys begin with it; braces keep them on one slot of a Redis cluster. */
const KEY_PREFIX = '{assay}'

/** Rejects with `QueueError` on an URL that is not Redis's or when the server does not answer within `connectTimeoutMs`. */
export async function openRedisBackend(
  redisUrl: string,
  onError: QueueErrorHandler,
  connectTimeoutMs = 10_000,
): Promise<BullBackend> {
  const shown = withoutSecrets(redisUrl)
  // BullMQ's blocking reads outlast any retry count; it demands `null`.
  const client = new Redis(redisUrl, { maxRetriesPerRequest: null, connectTimeout: connectTimeoutMs })
  client.on('error', onError)
  try {
    await withTimeout(client.ping(), connectTimeoutMs)
  } catch (error) {
    client.disconnect()
    throw new QueueError('unavailable', `Redis at ${shown} does not answer.`, { cause: error })
  }
  return {
    name: 'redis',
    openQueue: (name) => new Queue(name, { connection: client, prefix: KEY_PREFIX }),
    openWorker: (name, run, settings) => new Worker(name, run, { connection: client, prefix: KEY_PREFIX, ...settings }),
    async close() {
      client.disconnect()
    },
  }
}

function withoutSecrets(redisUrl: string): string {
  const url = URL.parse(redisUrl)
  if (url === null || url.host === '' || (url.protocol !== 'redis:' && url.protocol !== 'rediss:'))
    throw new QueueError('unavailable', 'REDIS_URL is not of the form redis://HOST:PORT or rediss://HOST:PORT.')
  return `${url.protocol}//${url.host}`
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
