import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { buildOfflineEval, e } from '../../engine/evaluate/build-plan.ts'
import { openBullQueue } from '../../storage/queue/bull-queue.ts'
import { openPgliteBackend } from '../../storage/queue/pglite-backend.ts'
import type { OfflineQueue, RunHandlers } from '../../storage/queue/port.ts'
import { NO_OUTCOME } from '../../storage/queue/run-record.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'

// Making PGlite's folder is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let folder: string
let backend: Awaited<ReturnType<typeof openPgliteBackend>>
let queue: OfflineQueue
let other: OfflineQueue
const schedulers: Scheduler[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-scheduler-'))
  backend = await openPgliteBackend(join(folder, 'queue'))
  queue = await openBullQueue({ ...backend, close: async () => {} }, fail)
  other = await openBullQueue({ ...backend, close: async () => {} }, fail)
})
afterEach(async () => {
  await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.stop()))
  vi.useRealTimers()
})
afterAll(async () => {
  await queue.close()
  await other.close()
  await backend.close()
  await rm(folder, { recursive: true, force: true })
})

function schedulerAt(iso: string, on = queue): Scheduler {
  const scheduler = createScheduler({ queue: on, tenant: 'default', nowMs: () => Date.parse(iso), onError: fail })
  schedulers.push(scheduler)
  return scheduler
}

/** Daily at 06:00 in London unless said otherwise. */
function evalOf(name: string, cron = '0 6 * * *', timeZone = 'Europe/London'): OfflineEvalPlan {
  return buildOfflineEval(name, e.cmp(e.score(), '>=', e.lit(4)), { schedule: { cron, timeZone } })
}

const known = (runId: string) => queue.stateOf('default', runId)

test('a new eval begins with its next slot', async () => {
  await schedulerAt('2026-07-03T12:00:00Z').sync([evalOf('new')])
  expect(await known('test/new@2026-07-03T0500Z')).toBe('unknown')
  expect(await queue.lastSlot('default', 'test/new')).toBe(Date.parse('2026-07-03T05:00:00Z'))
})

test('of the slots missed while down, the latest is run once', async () => {
  await schedulerAt('2026-07-03T12:00:00Z').sync([evalOf('missed')])
  await schedulerAt('2026-07-06T12:00:00Z').sync([evalOf('missed')])
  expect(await known('test/missed@2026-07-04T0500Z')).toBe('unknown')
  expect(await known('test/missed@2026-07-05T0500Z')).toBe('unknown')
  expect(await known('test/missed@2026-07-06T0500Z')).toBe('waiting')
})

test('two schedulers enqueue one job', async () => {
  await schedulerAt('2026-07-03T12:00:00Z').sync([evalOf('two')])
  const pair = [schedulerAt('2026-07-04T05:00:00Z', queue), schedulerAt('2026-07-04T05:00:00Z', other)]
  await Promise.all(pair.map((scheduler) => scheduler.sync([evalOf('two')])))
  const taken: string[] = []
  const note: RunHandlers = {
    plan: async (job) => {
      taken.push(job.runId)
      return null
    },
    batch: async () => NO_OUTCOME,
  }
  const worker = await queue.work(note, { concurrency: 4, onError: fail })
  while ((await known('test/two@2026-07-04T0500Z')) !== 'done') await new Promise((resolve) => setTimeout(resolve, 20))
  await worker.drain()
  expect(taken.filter((runId) => runId.startsWith('test/two@'))).toEqual(['test/two@2026-07-04T0500Z'])
})

test('definitions are swapped without a restart', async () => {
  const scheduler = schedulerAt('2026-07-03T12:00:00Z')
  await scheduler.sync([evalOf('a'), evalOf('b')])
  const before = scheduler.nextSlotMs('test/a')
  expect(before).toBeGreaterThan(0)
  await scheduler.sync([evalOf('a', '30 6 * * *'), evalOf('c')])
  expect(((scheduler.nextSlotMs('test/a') ?? 0) / 60_000) % 60).toBe(30)
  expect(scheduler.nextSlotMs('test/b')).toBeUndefined()
  expect(scheduler.nextSlotMs('test/c')).toBeDefined()
  // 06:30 has passed today under the new schedule and was not run under the old one: it is caught up.
  expect(await known('test/a@2026-07-03T0530Z')).toBe('waiting')
})

test('when the minute comes, the slot is enqueued', async () => {
  vi.useFakeTimers({
    now: Date.parse('2026-07-05T04:59:59.200Z'),
    shouldAdvanceTime: true,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  })
  const scheduler = createScheduler({ queue, tenant: 'default', nowMs: Date.now, onError: fail })
  schedulers.push(scheduler)
  await scheduler.sync([evalOf('fires')])
  expect(scheduler.nextSlotMs('test/fires')).toBe(Date.parse('2026-07-05T05:00:00Z'))
  await vi.waitUntil(async () => (await known('test/fires@2026-07-05T0500Z')) === 'waiting', { timeout: 15_000 })
  expect(await queue.lastSlot('default', 'test/fires')).toBe(Date.parse('2026-07-05T05:00:00Z'))
})

test('a queue that fails is reported with the eval, and the others go on', async () => {
  const errors: string[] = []
  const broken: OfflineQueue = {
    ...queue,
    lastSlot: (tenant, evalId) =>
      evalId === 'test/bad' ? Promise.reject(new Error('no disk')) : queue.lastSlot(tenant, evalId),
  }
  const scheduler = createScheduler({
    queue: broken,
    tenant: 'default',
    nowMs: () => Date.parse('2026-07-03T12:00:00Z'),
    onError: (error, evalId) => errors.push(`${evalId}: ${error.message}`),
  })
  schedulers.push(scheduler)
  await scheduler.sync([evalOf('bad'), evalOf('good')])
  expect(errors).toEqual(['test/bad: no disk'])
  expect(await queue.lastSlot('default', 'test/good')).toBeDefined()
})

function fail(error: Error): void {
  throw error
}
