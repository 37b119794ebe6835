/** Scorecards where two schedulers run, each with a worker: on both backends of the queue, with the embedded log and ClickHouse in process. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { alertTopics, NOTIFICATIONS } from '../../storage/log/topics.ts'
import { openBullQueue } from '../../storage/queue/bull-queue.ts'
import { openQueue } from '../../storage/queue/open-queue.ts'
import { openPgliteBackend } from '../../storage/queue/pglite-backend.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'
import { openPostedScorecards } from '../../storage/scorecards/posted.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { overriding } from '../../test/support/overriding.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import { createScheduler } from './scheduler.ts'
import { scorecardSlots, sendScorecard } from './scorecards.ts'
import { startOffline } from './start.ts'

// Making PGlite's folder is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const WEEK_MS = 7 * 86_400_000
const SLOT_MS = Date.UTC(2026, 10, 23, 9)
const RECEIVERS = ['slack:#shop', 'email:shop@example.com']
const plan = planOf(`package shop
online eval fast { on: trace  pass: duration <= 8s }
scorecard weekly {
  every:  monday at 09:00 in "UTC"
  over:   7d vs 7d
  row:    pass_rate(fast), count(fast)
  notify: slack("#shop"), email("shop@example.com")
}
`)

let folder: string
let traces: TracesStore
let log: EmbeddedLog
let nowMs = SLOT_MS
const clock = () => nowMs
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-two-schedulers-'))
  traces = await openTraces({ dataDir: folder, nowMs: clock })
  await traces.migrate()
  const { measureHash } = plan.evals[0]!
  const results = Array.from({ length: 10 }, (_, i) =>
    makeResult({
      tenant: 'default',
      evalId: 'shop/fast',
      measureHash,
      traceId: (i + 1).toString(16).padStart(32, '0'),
      subjectTimeUs: (SLOT_MS - 3_600_000) * 1_000,
      evaluatedAtMs: SLOT_MS - 3_600_000,
      verdict: i === 0 ? 'fail' : 'pass',
    }),
  )
  await traces.insertResults(results, 'results')
})
afterAll(async () => {
  await traces.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  nowMs = SLOT_MS - 3_600_000
  log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: clock, retentionIntervalMs: null })
  await log.ensureTopics(alertTopics)
  return () => log.close()
})

/** Ids of the messages for receivers, with what they say. */
async function told(): Promise<{ id: string; line: string }[]> {
  const found: { id: string; line: string }[] = []
  for (const { partition, start } of await log.endOffsets(NOTIFICATIONS))
    for (const { value } of await log.read(NOTIFICATIONS, partition, start, 1_000)) {
      const { id, notice } = JSON.parse(Buffer.from(value).toString()) as { id: string; notice: { lines: string[] } }
      found.push({ id, line: notice.lines[0]! })
    }
  return found.sort((a, b) => a.id.localeCompare(b.id))
}

const idsOf = (...slots: number[]): string[] =>
  slots
    .flatMap((slotMs) => RECEIVERS.map((to) => `default/scorecard/shop/weekly@${new Date(slotMs).toISOString()}/${to}`))
    .sort()

async function untilTold(count: number): Promise<void> {
  while ((await told()).length < count) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Resolves for both when both are there. */
function meeting(): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let arrived = 0
  return () => {
    if (++arrived === 2) resolve()
    return promise
  }
}

interface Host {
  /** Takes the definitions over: what is due is enqueued. */
  sync(): Promise<void>
  /** Waits for what it works on. */
  end(): Promise<void>
}

/** As `startOffline` wires them; `met` is awaited after each look at the mark. */
async function hostOf(open: () => Promise<OfflineQueue>, met: () => Promise<void>): Promise<Host> {
  const queue = await open()
  const looking = overriding(queue, {
    lastSlot: async (tenant, id) => {
      const mark = await queue.lastSlot(tenant, id)
      await met()
      return mark
    },
  })
  const scheduler = createScheduler({ queue: scorecardSlots(looking), tenant: 'default', nowMs: clock, onError: fail })
  const worker = await queue.workDaily(async (job) => {
    if (job.name === 'scorecard') await sendScorecard(job, plan, { log, traces, nowMs: clock, onProblem: expect.fail })
  })
  return {
    sync: () => scheduler.sync(plan.scorecards),
    async end() {
      await scheduler.stop()
      await worker.drain()
      await queue.close()
    },
  }
}

async function bothSync(open: () => Promise<OfflineQueue>): Promise<Host[]> {
  const met = meeting()
  const hosts = await Promise.all([hostOf(open, met), hostOf(open, met)])
  await Promise.all(hosts.map((host) => host.sync()))
  return hosts
}
const endAll = (hosts: readonly Host[]) => Promise.all(hosts.map((host) => host.end()))

function twoSchedulers(open: () => Promise<OfflineQueue>): void {
  test('a slot that both see due is told once a receiver, and so is the next', async () => {
    // Where it is new, no slot of the past is sent.
    await endAll(await bothSync(open))
    expect(await told()).toEqual([])
    const slots: number[] = []
    for (const slotMs of [SLOT_MS, SLOT_MS + WEEK_MS]) {
      slots.push(slotMs)
      nowMs = slotMs + 5_000
      const hosts = await bothSync(open)
      await untilTold(slots.length * RECEIVERS.length)
      // A second job of this slot, or of the one before, would have been taken by now or is waited for.
      await endAll(hosts)
      expect((await told()).map(({ id }) => id)).toEqual(idsOf(...slots))
    }
    expect((await told())[0]!.line).toMatch(/^pass_rate\(fast\): 90% /)
    const posted = await openPostedScorecards({ log, onProblem: expect.fail })
    expect(posted.list('default', 'shop/weekly', 10).map(({ slotMs }) => slotMs)).toEqual(slots.reverse())
    await posted.close()
  })
}

function fail(error: Error): void {
  throw error
}

describe('on one PGlite folder', () => {
  let dataDir: string
  let backend: Awaited<ReturnType<typeof openPgliteBackend>>
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'assay-two-schedulers-'))
    backend = await openPgliteBackend(join(dataDir, 'queue'))
  })
  afterAll(async () => {
    await backend.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  // PGlite belongs to one process: further connections share it.
  twoSchedulers(() => openBullQueue({ ...backend, close: async () => {} }, fail, {}))
})

// Where Redis is required (CI) its absence fails in beforeAll instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let redis: RunningRedis
    beforeEach(async () => {
      redis = await startRedis()
      return () => redis.stop()
    })
    const config = () => ({ redis: redisSettings(redis.url), dataDir: '' })
    twoSchedulers(() => openQueue(config(), fail))

    test('two whole offline roles tell it once a receiver', async () => {
      const role = () =>
        startOffline({
          log,
          traces,
          queue: config(),
          definitions: { ...plansOfOne('default', () => plan), onChange: () => {} },
          providers: [],
          nowMs: clock,
          onNotice: expect.fail,
        })
      await (await role()).drain()
      nowMs = SLOT_MS + 5_000
      const roles = await Promise.all([role(), role()])
      await untilTold(RECEIVERS.length)
      await Promise.all(roles.map((one) => one.drain()))
      expect((await told()).map(({ id }) => id)).toEqual(idsOf(SLOT_MS))
    })
  },
)
