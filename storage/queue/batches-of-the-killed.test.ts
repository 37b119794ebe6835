/** Batches whose workers are killed by SIGKILL again and again, on both backends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import { untilState } from './contract-jobs.ts'
import { openQueue, type QueueConfig } from './open-queue.ts'
import type { OfflineJob } from './port.ts'
import { NO_OUTCOME, type RunBatch, type RunPlan } from './run-record.ts'

// Each start of PGlite is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 })

const LOCK_MS = 300
const MAX_STALLS = 1
const JOB: OfflineJob = {
  tenant: 'default',
  evalId: 'shop/killed',
  slotMs: 1,
  trigger: 'schedule',
  runId: 'shop/killed@1',
}
const PLAN: RunPlan = {
  populationTraces: 2,
  lookedAtTraces: 2,
  sampled: 2,
  unpaid: 0,
  cheaper: 0,
  holdBackMicroUsd: 0,
  estimateMicroUsd: null,
  budgetMicroUsd: null,
  subjects: [
    ['one', '', 1],
    ['two', '', 1],
  ],
}

/** Takes the batch in a process of its own, which is killed with it. */
async function killedWith(env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'hold-batches.ts')], {
    env: {
      ...process.env,
      JOB: JSON.stringify(JOB),
      PLAN: JSON.stringify(PLAN),
      LOCK_MS: String(LOCK_MS),
      MAX_STALLS: String(MAX_STALLS),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [said] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
  child.kill('SIGKILL')
  await ended
  return String(said).trim()
}

function batchesOfTheKilled(configOf: () => { config: QueueConfig; env: Record<string, string> }): void {
  test('up to the bound it is worked on again; then it comes to be given up, with all that it was to judge and the reason', async () => {
    const { config, env } = configOf()
    for (let kills = 0; kills <= MAX_STALLS; kills++) expect(await killedWith(env)).toBe('held')
    const queue = await openQueue(config, fail)
    const seen: RunBatch[] = []
    await queue.work(
      {
        plan: () => expect.fail('it is planned'),
        batch: async (batch) => {
          seen.push(batch)
          return { ...NO_OUTCOME, error: batch.subjects.length }
        },
      },
      { concurrency: 1, lockMs: LOCK_MS, maxBatchStalls: MAX_STALLS, onError: fail },
    )
    await untilState(queue, JOB.runId, 'done')
    expect((await queue.runOf('default', JOB.runId))?.outcome.error).toBe(2)
    await queue.close()
    const givenUp = 'the process that had it was killed 2 times'
    expect(seen).toEqual([expect.objectContaining({ subjects: PLAN.subjects, isFirst: false, givenUp })])
  })
}

describe('on PGlite', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'assay-queue-'))
    return () => rm(dataDir, { recursive: true, force: true })
  })
  batchesOfTheKilled(() => ({ config: { dataDir }, env: { DATA_DIR: dataDir } }))
})

// Where Redis is required (CI) its absence fails in beforeEach instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let url: string
    beforeEach(async () => {
      const redis = await startRedis()
      url = redis.url
      return () => redis.stop()
    })
    batchesOfTheKilled(() => ({ config: { redis: redisSettings(url), dataDir: '' }, env: { REDIS_SERVER: url } }))
  },
)

function fail(error: Error): void {
  throw error
}
