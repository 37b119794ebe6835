/** What alerts compare with, as a job: on a real queue, from a real store, into a real log. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startAlertEvaluator } from '../../alerting/evaluator.ts'
import { compileText } from '../../dsl/testing.ts'
import { encodeResults } from '../../engine/codec/results.ts'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import { parseHistory } from '../../storage/alerts/history-record.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { ALERT_STATE, ALERTS, alertTopics, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { openBullQueue } from '../../storage/queue/bull-queue.ts'
import { openQueue } from '../../storage/queue/open-queue.ts'
import { openPgliteBackend } from '../../storage/queue/pglite-backend.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import { BASELINES_EVERY_MS, createBaselines } from './baselines.ts'
import { enqueueBaselines } from './start-baselines.ts'

// Making PGlite's folder is seconds of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const HOUR = 3_600_000
const T0_MS = Date.parse('2026-11-03T05:00:00Z')
const { plan } = compileText(`package shop
online eval fast { on: trace  pass: duration <= 8s }
alert worse { on: fast  when: pass_rate regresses by 5pp vs 14d  severity: page }
alert many { on: fast  when: count(fail) >= 1 over 10m  severity: page }
`)
if (plan === undefined || plan === null) throw new Error('the definitions are wrong')
const [{ measureHash } = { measureHash: '' }] = plan.evals
const definitions = plansOfOne('default', () => plan)

let dataDir: string
let traces: TracesStore
let log: EmbeddedLog
let clockMs = T0_MS
const nowMs = () => clockMs
const problems: string[] = []
const closing: (() => Promise<void>)[] = []

const resultOf = (i: number, over: ResultFields) =>
  makeResult({
    evalId: 'shop/fast',
    measureHash,
    traceId: i.toString(16).padStart(32, '0'),
    spanId: '',
    subjectKind: 'trace',
    agentName: 'shop',
    ...over,
  })

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-baselines-'))
  traces = await openTraces({ dataDir, nowMs })
  await traces.migrate()
  const results = Array.from({ length: 30 * 40 }, (_, i) => {
    const atMs = T0_MS - 30 * HOUR + (i * HOUR) / 40
    const times = { subjectTimeUs: atMs * 1000, evaluatedAtMs: Math.round(atMs) }
    return resultOf(i + 1, { ...times, verdict: i % 10 === 0 ? 'fail' : 'pass' })
  })
  await traces.insertResults(results, 'results')
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null, nowMs })
  await log.ensureTopics(alertTopics)
  await log.ensureTopics([
    { name: EVAL_RESULTS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(async () => {
  await log.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function recordsOf(topic: string) {
  const found = []
  for (const { partition, start, end } of await log.endOffsets(topic))
    if (end > start) found.push(...(await log.read(topic, partition, start, 10_000)))
  return found
}
const histories = async () => (await recordsOf(ALERT_STATE)).flatMap(({ value }) => parseHistory(value) ?? [])

async function until(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 2_000; tries++) {
    if (await look()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${what} did not happen; problems: ${problems.join('; ')}`)
}

/** Two schedulers and two workers on the queue: five minutes are passed, then an hour. */
async function twoOfEach(queues: readonly [OfflineQueue, OfflineQueue]): Promise<void> {
  const next = (Math.floor(clockMs / BASELINES_EVERY_MS) + 1) * BASELINES_EVERY_MS
  const slots = [0, 1, 12].map((nth) => next + nth * BASELINES_EVERY_MS)
  clockMs = next + 1
  const before = (await histories()).length
  const [asked, ran]: [number[], number[]] = [[], []]
  const build = createBaselines({ log, traces, definitions, nowMs, onProblem: (text) => problems.push(text) })
  for (const queue of queues) {
    const enqueueDaily: OfflineQueue['enqueueDaily'] = async (job) => {
      await queue.enqueueDaily(job)
      if (job.name === 'baselines') asked.push(job.slotMs)
    }
    const timing = { firstAfterMs: 0, everyMs: 5 }
    const scheduler = enqueueBaselines({ enqueueDaily }, nowMs, (text) => problems.push(text), timing)
    closing.push(() => scheduler.stop())
    const worker = await queue.workDaily(async (job) => {
      await build()
      if (job.name === 'baselines') ran.push(job.slotMs)
    })
    closing.push(() => worker.drain())
  }
  for (const slotMs of slots) {
    clockMs = slotMs + 1
    // Both have asked for it, and more than once.
    await until('the asking', () => asked.filter((one) => one === slotMs).length >= 4)
    await until('the job', () => ran.includes(slotMs))
  }
  expect(ran).toEqual(slots)
  // Within the hour the store has nothing new to say.
  await until('the history', async () => (await histories()).length === before + 2)
  const { tenant, alertId, history } = (await histories()).at(-1)!
  expect([tenant, alertId, history.measureHash]).toEqual(['default', 'shop/worse', measureHash])
  expect(history.toMs).toBe(Math.floor(slots.at(-1)! / HOUR) * HOUR)
  const subjects = history.looks.flatMap(([, strata]) => strata)
  expect(subjects.reduce((sum, [, n]) => sum + n, 0)).toBe(1_200)
  expect(subjects.reduce((sum, [, , passed]) => sum + passed, 0)).toBe(1_080)
  expect(problems).toEqual([])
}

test('on PGlite: every five minutes one job, whoever asks for it', async () => {
  const backend = await openPgliteBackend(join(dataDir, 'queue'))
  closing.push(() => backend.close())
  const open = () => openBullQueue({ ...backend, close: async () => {} }, fail, { investigationDelayMs: 0 })
  const queues: [OfflineQueue, OfflineQueue] = [await open(), await open()]
  for (const queue of queues) closing.push(() => queue.close())
  await twoOfEach(queues)
})

// Where Redis is required (CI) its absence fails in startRedis instead of skipping.
describe.skipIf(!redisServer.installed && !redisServer.required)('on redis-server', () => {
  let redis: RunningRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => {
    await redis.stop()
  })
  const open = async (): Promise<OfflineQueue> => {
    const queue = await openQueue({ redis: redisSettings(redis.url), dataDir: '/nowhere' }, fail)
    closing.push(() => queue.close())
    return queue
  }

  test('every five minutes one job, whoever asks for it', async () => {
    await twoOfEach([await open(), await open()])
  })

  test('while the store is away the job says so, the next one tries again, and alerts go on', async () => {
    await traces.close()
    const queue = await open()
    const known = (await histories()).length
    const build = createBaselines({ log, traces, definitions, nowMs, onProblem: (text) => problems.push(text) })
    const evaluator = await startAlertEvaluator({ log, definitions, nowMs, onProblem: (text) => problems.push(text) })
    closing.push(() => evaluator.drain())
    const worker = await queue.workDaily(build)
    closing.push(() => worker.drain())
    for (const told of [1, 2]) {
      clockMs += BASELINES_EVERY_MS
      await queue.enqueueDaily({ name: 'baselines', slotMs: clockMs })
      await until('the notice', () => problems.length === told)
    }
    expect(problems[0]).toContain('what shop/worse compares with could not be worked out, and is tried again')
    expect(await histories()).toHaveLength(known)
    const headers = { tenant: 'default', eval: 'shop/fast' }
    const value = encodeResults([resultOf(5_000, { verdict: 'fail', subjectTimeUs: clockMs * 1000 })])
    await log.append(EVAL_RESULTS, [{ key: 'default/shop/fast', value, headers }])
    await until('the firing', async () =>
      (await recordsOf(ALERTS)).some(({ headers: { alert, to } }) => alert === 'shop/many' && to === 'firing'),
    )
    problems.length = 0
  })
})

function fail(error: Error): never {
  throw error
}
