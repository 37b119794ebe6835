import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningRedis, redisServer, startRedis } from '../../test/support/redis-server.ts'
import { queueContract } from './contract.ts'
import { openQueue } from './open-queue.ts'

// Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let redis: RunningRedis
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(async () => {
      await redis?.stop()
    })
    queueContract('redis', () => ({ open: () => openQueue({ redisUrl: redis.url, dataDir: '/nowhere' }, fail) }))
  },
)

describe('a Redis that is not there', () => {
  test('is a clear error that keeps the password to itself', async () => {
    const attempt = openQueue(
      { redisUrl: 'redis://user:hunter2@127.0.0.1:1/0', dataDir: '/nowhere', connectTimeoutMs: 300 },
      () => {},
    )
    await expect(attempt).rejects.toThrow('Redis at redis://127.0.0.1:1 does not answer.')
  })

  test.each(['127.0.0.1:6379', 'http://127.0.0.1', 'redis:'])('%s is refused', async (redisUrl) => {
    await expect(openQueue({ redisUrl, dataDir: '/nowhere' }, () => {})).rejects.toThrow('REDIS_URL')
  })
})

function fail(error: Error): void {
  throw error
}
