/** BullMQ on Redis, for several processes. */
import { Queue, Worker } from 'bullmq'
import {
  answers,
  createRedisClient,
  isConnectionTrouble,
  type RedisClient,
  RedisUnavailable,
  unavailable,
} from '../redis/connect.ts'
import type { RedisSettings } from '../redis/redis-url.ts'
import type { BullBackend } from './bull-queue.ts'
import { QueueError, type QueueErrorHandler } from './port.ts'

export interface RedisBackendOptions {
  settings: RedisSettings
  onError: QueueErrorHandler
  /** How long the opening waits for Redis; 10 s by default. */
  connectTimeoutMs?: number
  /** How long a question or an enqueueing waits while the connection is lost; 10 s by default. Workers wait for ever. */
  operationTimeoutMs?: number
}

/** Rejects with `QueueError` when the server does not answer within `connectTimeoutMs`, or refuses. */
export async function openRedisBackend(options: RedisBackendOptions): Promise<BullBackend> {
  const { settings, connectTimeoutMs = 10_000, operationTimeoutMs = 10_000 } = options
  const onError = (error: unknown): void => options.onError(unavailable(error, settings))
  // One slot of a cluster: BullMQ's scripts touch several keys at once.
  const prefix = `{${settings.prefix}}`
  const clients: RedisClient[] = []
  const connect = (commandTimeout?: number): RedisClient => {
    const client = createRedisClient(settings, {
      connectTimeout: connectTimeoutMs,
      // BullMQ's blocking reads outlast any retry count; it demands `null`.
      maxRetriesPerRequest: null,
      enableOfflineQueue: true,
      autoResendUnfulfilledCommands: true,
      ...(commandTimeout === undefined ? {} : { commandTimeout }),
    })
    client.on('error', onError)
    clients.push(client)
    return client
  }
  const close = async (): Promise<void> => {
    for (const client of clients) client.disconnect()
  }
  let asking: RedisClient
  try {
    asking = connect(operationTimeoutMs)
    await answers(asking, settings, connectTimeoutMs)
  } catch (error) {
    await close()
    throw error instanceof RedisUnavailable ? new QueueError('unavailable', error.message) : error
  }
  let working: RedisClient | undefined
  return {
    name: 'redis',
    knownMarks: null,
    openQueue: (name) => new Queue(name, { connection: asking, prefix }),
    openWorker(name, run, workerSettings) {
      // Apart: a time limit would cut off what a worker waits for.
      working ??= connect()
      return new Worker(name, run, { connection: working, prefix, ...workerSettings })
    },
    unavailable: (error) =>
      isConnectionTrouble(error) ? new QueueError('unavailable', unavailable(error, settings).message) : undefined,
    close,
  }
}
