import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  makeTlsFiles,
  type RedisServerOptions,
  type RunningRedis,
  redisServer,
  redisSettings,
  startRedis,
} from '../../test/support/redis-server.ts'
import { queueContract } from './contract.ts'
import { plans, untilState } from './contract-jobs.ts'
import { openQueue, type QueueConfig } from './open-queue.ts'
import { type OfflineQueue, QueueError } from './port.ts'

const PASSWORD = 'hunter2'

function open(url: string, onError: (error: Error) => void, more: Partial<QueueConfig> = {}): Promise<OfflineQueue> {
  return openQueue({ redis: redisSettings(url), dataDir: '/nowhere', investigationDelayMs: 0, ...more }, onError)
}

const jobOf = (name: string) => {
  const evalId = `checkout/${name}`
  return { tenant: 'default', evalId, slotMs: 1, trigger: 'schedule', runId: `${evalId}@1` } as const
}

// Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-tls-'))
    const servers: RunningRedis[] = []
    const start = async (options?: RedisServerOptions): Promise<RunningRedis> => {
      const server = await startRedis(options)
      servers.push(server)
      return server
    }
    let redis: RunningRedis
    beforeAll(async () => {
      redis = await start()
    })
    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()))
      rmSync(folder, { recursive: true })
    })
    queueContract('redis', () => ({ open: () => open(redis.url, fail) }))

    test.each<[string, () => Promise<string>]>([
      [
        'over TLS, as a user who may touch the keys of the prefix alone',
        async () => {
          const tls = makeTlsFiles(folder)
          const server = await start({ tls, users: { assay: `on >${PASSWORD} ~{assay}:* +@all -@admin` } })
          return `${server.url.replace('://', `://assay:${PASSWORD}@`)}?ca=${encodeURIComponent(tls.caFile)}`
        },
      ],
      ['on a cluster', async () => `${(await start({ cluster: true })).url}?cluster=true`],
    ])('%s a run goes its whole way', async (_, urlOf) => {
      const queue = await open(await urlOf(), fail)
      const job = jobOf('secured')
      await queue.setLastSlot('default', job.evalId, 1)
      expect(await queue.lastSlot('default', job.evalId)).toBe(1)
      expect(await queue.enqueue(job)).toBe('added')
      await queue.work(
        plans(async () => {}),
        { concurrency: 1, onError: fail },
      )
      await untilState(queue, job.runId, 'done')
      await queue.close()
    })

    test('killed and started again: what is asked fails within its time, and runs go on by themselves', async () => {
      const server = await start({ users: { assay: `on >${PASSWORD} ~* +@all` } })
      const errors: Error[] = []
      const note = (error: Error) => void errors.push(error)
      const url = server.url.replace('://', `://assay:${PASSWORD}@`)
      const queue = await open(url, note, { operationTimeoutMs: 500 })
      const seen: string[] = []
      await queue.work(
        plans(async ({ runId }) => void seen.push(runId)),
        { concurrency: 1, onError: note },
      )
      await queue.enqueue(jobOf('before'))
      await untilState(queue, jobOf('before').runId, 'done')

      await server.kill()
      const refusal = await queue.enqueue(jobOf('during')).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(QueueError)
      expect((refusal as QueueError).message).toMatch(/^Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer/)
      await server.start()

      const after = jobOf('after')
      while ((await queue.enqueue(after).catch(() => null)) === null);
      while (!seen.includes(after.runId)) await new Promise((resolve) => setTimeout(resolve, 20))
      expect(await queue.stateOf('default', jobOf('before').runId)).toBe('done')
      for (const error of errors) expect(`${JSON.stringify({ ...error })} ${error.stack}`).not.toContain(PASSWORD)
      await queue.close()
    })
  },
)

describe('a Redis that is not there', () => {
  test('is a clear error that keeps the password to itself', async () => {
    const attempt = open('redis://user:hunter2@127.0.0.1:1/0', () => {}, { connectTimeoutMs: 300 })
    await expect(attempt).rejects.toThrow('Redis at redis://127.0.0.1:1 does not answer (ECONNREFUSED).')
  })
})

function fail(error: Error): void {
  throw error
}
