import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { schedule } from 'node-cron'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { buildOfflineEval, e } from '../../engine/evaluate/build-plan.ts'
import { openBullQueue } from '../../storage/queue/bull-queue.ts'
import { openPgliteBackend } from '../../storage/queue/pglite-backend.ts'
import type { OfflineQueue, RunHandlers } from '../../storage/queue/port.ts'
import { NO_OUTCOME } from '../../storage/queue/run-record.ts'
import { createScheduler, MAX_CAUGHT_UP, type Scheduler } from './scheduler.ts'

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

describe.each([
  ['the latest, unless told otherwise', undefined, ['0706T0500Z']],
  ['all of them', 'all', ['0704T0500Z', '0705T0500Z', '0706T0500Z']],
  ['none', 'none', []],
] as const)('of three slots missed while down: %s', (_what, missed, expected) => {
  const name = `missed_${missed ?? 'latest'}`
  const evals = [{ ...evalOf(name), ...(missed !== undefined && { missed }) }]
  const days = ['0704T0500Z', '0705T0500Z', '0706T0500Z']
  const idOf = (day: string): string => `test/${name}@2026-${day.slice(0, 2)}-${day.slice(2)}`

  test('by two schedulers that come back together', async () => {
    await schedulerAt('2026-07-03T12:00:00Z').sync(evals)
    const pair = [schedulerAt('2026-07-06T12:00:00Z', queue), schedulerAt('2026-07-06T12:00:00Z', other)]
    await Promise.all(pair.map((scheduler) => scheduler.sync(evals)))
    const states = await Promise.all(days.map(async (day) => [day, await known(idOf(day))]))
    expect(states).toEqual(days.map((day) => [day, expected.some((one) => one === day) ? 'waiting' : 'unknown']))
    const runs = await queue.runsOf('default', { evalId: `test/${name}`, limit: 10 })
    expect(runs.map(({ job }) => job.runId).sort()).toEqual(expected.map(idOf))
    // What was left out stays left out.
    await schedulerAt('2026-07-06T13:00:00Z').sync(evals)
    expect(await queue.runsOf('default', { evalId: `test/${name}`, limit: 10 })).toHaveLength(expected.length)
    expect(await queue.lastSlot('default', `test/${name}`)).toBe(Date.parse('2026-07-06T05:00:00Z'))
  })
})

test('of very many missed slots the latest 24 are run', async () => {
  const hourly = { ...evalOf('hourly', '0 * * * *', 'UTC'), missed: 'all' as const }
  await schedulerAt('2026-07-01T12:00:00Z').sync([hourly])
  await schedulerAt('2026-07-03T12:30:00Z').sync([hourly])
  const runs = await queue.runsOf('default', { evalId: 'test/hourly', limit: 100 })
  expect(runs).toHaveLength(MAX_CAUGHT_UP)
  expect(runs.map(({ job }) => job.slotMs).sort()[0]).toBe(Date.parse('2026-07-02T13:00:00Z'))
})

test('a slot that is a few minutes late was not missed', async () => {
  const late = [{ ...evalOf('late'), missed: 'none' as const }]
  await schedulerAt('2026-07-03T12:00:00Z').sync(late)
  await schedulerAt('2026-07-04T05:04:00Z').sync(late)
  expect(await known('test/late@2026-07-04T0500Z')).toBe('waiting')
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

test('a slot that came while the machine slept is enqueued within a minute, and the next one when it comes', async () => {
  vi.useFakeTimers({
    now: Date.parse('2026-07-05T12:00:00Z'),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  })
  const scheduler = createScheduler({ queue, tenant: 'default', nowMs: Date.now, onError: fail })
  schedulers.push(scheduler)
  await scheduler.sync([evalOf('slept')])
  // The clock goes on; the timers have slept.
  vi.setSystemTime('2026-07-07T05:02:00Z')
  await vi.advanceTimersByTimeAsync(60_000)
  await vi.waitUntil(async () => (await known('test/slept@2026-07-07T0500Z')) === 'waiting', { timeout: 15_000 })
  expect(scheduler.nextSlotMs('test/slept')).toBe(Date.parse('2026-07-08T05:00:00Z'))
  await vi.advanceTimersByTimeAsync(23 * 3_600_000 + 57 * 60_000)
  await vi.waitUntil(async () => (await known('test/slept@2026-07-08T0500Z')) === 'waiting', { timeout: 15_000 })
})

test('a timer that does not end when the clock was set is told, and the slots are enqueued all the same', async () => {
  vi.useFakeTimers({
    now: Date.parse('2026-07-05T12:00:00Z'),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  })
  const errors: string[] = []
  const onError = (error: Error, evalId: string) => errors.push(`${evalId}: ${error.message}`)
  const scheduler = createScheduler({ queue, tenant: 'default', nowMs: Date.now, onError })
  schedulers.push(scheduler)
  await scheduler.sync([evalOf('endless'), evalOf('beside')])
  const task = schedule('0 6 * * *', () => {})
  const destroying = vi.spyOn(Object.getPrototypeOf(task), 'destroy').mockRejectedValueOnce(new Error('it goes on'))
  vi.setSystemTime('2026-07-07T05:02:00Z')
  await vi.advanceTimersByTimeAsync(60_000)
  for (const name of ['endless', 'beside'])
    await vi.waitUntil(async () => (await known(`test/${name}@2026-07-07T0500Z`)) === 'waiting', { timeout: 15_000 })
  expect(errors).toEqual(['test/endless: it goes on'])
  destroying.mockRestore()
  await task.destroy()
})

test('one that is stopped while it takes evals over has no timers left', async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  const slow = { ...queue, lastSlot: () => promise.then(() => undefined) }
  const scheduler = createScheduler({ queue: slow, tenant: 'default', nowMs: Date.now, onError: fail })
  const synced = scheduler.sync([evalOf('first'), evalOf('second')])
  await vi.waitUntil(() => scheduler.nextSlotMs('test/first') !== undefined)
  const stopped = scheduler.stop()
  answer()
  await Promise.all([synced, stopped])
  expect(['test/first', 'test/second'].map((id) => scheduler.nextSlotMs(id))).toEqual([undefined, undefined])
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
