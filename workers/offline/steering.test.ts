/** Runs that meet the end of their budget, are paused or cancelled, on both backends of the queue, with the real store, log and HTTP. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { decodeResults } from '../../engine/codec/results.ts'
import { buildOfflineEval, buildPlan, buildRubric, e } from '../../engine/evaluate/build-plan.ts'
import { measureBy, standInsOf } from '../../engine/judge/answered-by.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import type { QueueConfig } from '../../storage/queue/open-queue.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type OpenAiServer, type Scripted, startOpenAiServer } from '../../test/support/openai-server.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from '../../test/support/redis-server.ts'
import type { Offline, OfflineOptions } from './offline-options.ts'
import { startOffline } from './start.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const START_MS = Date.parse('2026-11-03T05:00:00Z')
const SUBJECTS = 60
const scope = { subject: 'trace', where: null, traceWhere: null } as const
/** Of an answer's tokens alone: 1 µUSD each of the own judge. */
const PRICES = { 'openai/gpt-5-mini': { input: 0, output: 1 }, 'openai/nano': { input: 0, output: 0.01 } }

let dataDir: string
let traces: TracesStore
let log: EmbeddedLog
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-steering-'))
  traces = await openTraces({ dataDir, nowMs: () => START_MS })
  await traces.migrate()
  const spans = Array.from({ length: SUBJECTS }, (_, i) =>
    makeSpan({
      traceId: (i + 1).toString(16).padStart(32, '0'),
      spanId: '1'.padStart(16, '0'),
      kind: 'agent',
      startTimeUs: (START_MS - 60_000 + i) * 1000,
      durationNs: 1e9,
      outputText: `answer ${i}`,
    }),
  )
  await traces.insertSpans(spans, 'test:traces')
  log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  await log.ensureTopics([
    { name: 'eval-results', partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterAll(async () => {
  await log.close()
  await traces.close()
  await rm(dataDir, { recursive: true, force: true })
})

const servers: OpenAiServer[] = []
const offlines: Offline[] = []
afterEach(async () => {
  await Promise.all(offlines.splice(0).map((offline) => offline.drain()))
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const answered = (outputTokens: number): Scripted => ({
  kind: 'content',
  content: JSON.stringify({ evidence: [], reasoning: 'Read.', abstain: false, score: 4 }),
  usage: { input: 10, output: outputTokens },
})

function evalOf(name: string, more: Partial<OfflineEvalPlan> = {}): OfflineEvalPlan {
  return buildOfflineEval(name, e.cmp(e.score(), '>=', e.lit(4)), {
    sample: { size: 'all', scope, overNs: 3_600e9, by: [] },
    method: buildRubric({ show: ['output.text'] }),
    missing: { kind: 'unknown' },
    ...more,
  })
}

async function start(
  queue: QueueConfig,
  evalPlan: OfflineEvalPlan,
  answer: (model: string) => Scripted | Promise<Scripted>,
  more: Partial<OfflineOptions> = {},
): Promise<{ offline: Offline; judge: OpenAiServer }> {
  const judge = await startOpenAiServer({ answer: ({ model }) => answer(String(model)) })
  servers.push(judge)
  const plan = buildPlan({ evals: [evalPlan] })
  const offline = await startOffline({
    log,
    traces,
    queue,
    definitions: { ...plansOfOne('default', () => plan), onChange: () => {} },
    providers: [{ name: 'openai', baseUrl: judge.url, apiKey: null }],
    spending: { prices: PRICES, usdPerMonth: null, usdPerMonthByTenant: new Map() },
    nowMs: () => START_MS + 60_000,
    onNotice: () => {},
    sleep: async () => {},
    pausedLookMs: 50,
    ...more,
  })
  offlines.push(offline)
  return { offline, judge }
}

async function runNow(offline: Offline, evalId: string): Promise<string> {
  const outcome = await offline.runNow('default', evalId)
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.runId
}

async function untilTrue(isIt: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isIt())) await new Promise((resolve) => setTimeout(resolve, 20))
}
const untilDone = (offline: Offline, runId: string): Promise<void> =>
  untilTrue(async () => (await offline.runState('default', runId)) === 'done')

async function published(evalId: string): Promise<EvalResult[]> {
  const results: EvalResult[] = []
  for (const { partition, start: from } of await log.endOffsets('eval-results'))
    for (const record of await log.read('eval-results', partition, from, 1_000))
      if (record.headers.eval === evalId) results.push(...decodeResults(record.value))
  return results
}

function steering(name: 'pglite' | 'redis', queueOf: () => QueueConfig): void {
  const budget = { currency: 'USD', perRunMicros: 40_000, perMonthMicros: null } as const

  test('a budget that ends in the middle of a run leaves the rest over_budget', async () => {
    // Thought to cost 500 each, 30,000 together; they cost four times as much.
    const id = `spent_${name}`
    const { offline, judge } = await start(queueOf(), evalOf(id, { budget }), () => answered(2_000), { callsAtOnce: 2 })
    const runId = await runNow(offline, `test/${id}`)
    await untilDone(offline, runId)
    const run = await offline.run('default', runId)
    expect(run?.plan).toMatchObject({ sampled: SUBJECTS, unpaid: 0, estimateMicroUsd: 30_000, budgetMicroUsd: 40_000 })
    const results = await published(`test/${id}`)
    expect(new Set(results.map(({ traceId }) => traceId)).size).toBe(SUBJECTS)
    const over = results.filter(({ reason }) => reason?.code === 'over_budget')
    expect(over.length).toBe(SUBJECTS - judge.requests.length)
    expect(over.every(({ verdict }) => verdict === 'unknown')).toBe(true)
    expect(run?.outcome).toMatchObject({ pass: judge.requests.length, overBudget: over.length })
    // No more than what the two in flight cost beyond their estimates.
    const spent = results.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0)
    expect(spent).toBe(judge.requests.length * 2_000)
    expect(spent).toBeGreaterThan(30_000)
    expect(spent).toBeLessThanOrEqual(40_000 + 2 * 1_500)
  })

  test('where a cheaper judge takes over, its scores are a series of their own, each with its probability', async () => {
    const id = `cheaper_${name}`
    const one = evalOf(id, { budget: { ...budget, perRunMicros: 10_000, cheaper: 'openai/nano' } })
    const answer = (model: string): Scripted => answered(model === 'nano' ? 100 : 500)
    const { offline } = await start(queueOf(), one, answer, { callsAtOnce: 2 })
    const runId = await runNow(offline, `test/${id}`)
    await untilDone(offline, runId)
    const results = await published(`test/${id}`)
    const cheaper = measureBy(one, 'openai/nano')
    expect(cheaper).not.toBe(one.measureHash)
    const of = (hash: string): EvalResult[] => results.filter(({ measureHash }) => measureHash === hash)
    const [own, other] = [of(one.measureHash), of(cheaper)]
    expect(own.length + other.length).toBe(SUBJECTS)
    expect(own.every(({ judgeModel }) => judgeModel?.startsWith('gpt-5-mini'))).toBe(true)
    expect(other.every(({ judgeModel }) => judgeModel?.startsWith('nano'))).toBe(true)
    expect(own.length).toBeGreaterThan(10)
    expect(other.length).toBeGreaterThan(30)
    const plan = (await offline.run('default', runId))?.plan
    expect([own.length, other.length]).toEqual([SUBJECTS - plan!.cheaper, plan!.cheaper])
    // Each part stands for all: by either there are as many as there are.
    for (const part of [own, other])
      for (const { inclusionProbability } of part) expect(inclusionProbability).toBeCloseTo(part.length / SUBJECTS, 9)
  })

  test('where the judge is out, who stands behind it answers, then the proxy, then nobody: each a measure of its own', async () => {
    const id = `levels_${name}`
    const text = { kind: 'expr', expr: e.field('output.text', { kind: 'string' }) } as const
    const one = evalOf(id, {
      method: buildRubric({
        show: ['output.text'],
        judge: { models: ['openai/gpt-5-mini'], fallbacks: ['openai/behind'], take: null },
      }),
      proxy: { name: 'token_f1', version: 1, args: { answer: text, reference: text } },
    })
    let left = 20
    const refused: Scripted = { kind: 'status', status: 401, message: 'no such key' }
    const answer = (model: string): Scripted => (model === 'behind' && left-- > 0 ? answered(10) : refused)
    const { offline } = await start(queueOf(), one, answer)
    const runId = await runNow(offline, `test/${id}`)
    await untilDone(offline, runId)
    const run = await offline.run('default', runId)
    expect(run?.outcome).toMatchObject({ pass: SUBJECTS, orElse: 20, proxy: SUBJECTS - 20, cached: 0, error: 0 })
    const results = await published(`test/${id}`)
    expect(results.some(({ measureHash }) => measureHash === one.measureHash)).toBe(false)
    const levels = results.map(({ measureHash }) => standInsOf(one).get(measureHash))
    expect(levels.filter((level) => level?.level === 'or_else' && level.by === 'openai/behind').length).toBe(20)
    expect(levels.filter((level) => level?.level === 'proxy' && level.by === 'token_f1').length).toBe(SUBJECTS - 20)
    const byProxy = results.find(({ explanation }) => explanation?.startsWith('by the proxy token_f1'))
    // As far up the rubric's scale as the ratio goes.
    expect(byProxy).toMatchObject({ score: 5, judgements: [{ kind: 'judge', about: 'token_f1', verdict: 'proxy' }] })
    expect(byProxy?.judgements[0]?.detail).toContain('401')
  })

  test('paused it asks nobody, and goes on when it is resumed', async () => {
    const id = `paused_${name}`
    const { offline, judge } = await start(queueOf(), evalOf(id), () => answered(10))
    expect(await offline.pause('default', `test/${id}`)).toEqual({ ok: true })
    const runId = await runNow(offline, `test/${id}`)
    // It has been looked at, and put back.
    await untilTrue(async () => (await offline.runState('default', runId)) === 'waiting')
    expect(await offline.status('default')).toMatchObject([{ pausedSinceMs: START_MS + 60_000 }])
    expect(judge.requests).toEqual([])
    expect(await offline.resume('default', `test/${id}`)).toEqual({ ok: true })
    await untilDone(offline, runId)
    expect((await published(`test/${id}`)).length).toBe(SUBJECTS)
  })

  test('paused in the middle, what has begun is finished, and the rest waits', async () => {
    const id = `halfway_${name}`
    const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { offline } = await start(
      queueOf(),
      evalOf(id),
      async () => {
        asked.resolve()
        await go.promise
        return answered(10)
      },
      { callsAtOnce: 1 },
    )
    const runId = await runNow(offline, `test/${id}`)
    await asked.promise
    await offline.pause('default', `test/${id}`)
    go.resolve()
    // Two batches at the most had begun; the third has not.
    await untilTrue(async () => ((await offline.run('default', runId))?.batches.done ?? 0) >= 1)
    expect(await offline.runState('default', runId)).toBe('active')
    await offline.resume('default', `test/${id}`)
    await untilDone(offline, runId)
    const results = await published(`test/${id}`)
    expect(new Set(results.map(({ traceId }) => traceId)).size).toBe(SUBJECTS)
    expect(results).toHaveLength(SUBJECTS)
  })

  test('cancelled in the middle, what has not begun is left alone, and the run says so', async () => {
    const id = `cancelled_${name}`
    const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { offline, judge } = await start(
      queueOf(),
      evalOf(id),
      async () => {
        asked.resolve()
        await go.promise
        return answered(10)
      },
      { callsAtOnce: 1 },
    )
    const runId = await runNow(offline, `test/${id}`)
    await asked.promise
    expect(await offline.cancel('default', runId)).toEqual({ ok: true })
    go.resolve()
    await untilDone(offline, runId)
    const run = await offline.run('default', runId)
    expect(run?.cancelledSinceMs).toBe(START_MS + 60_000)
    // Of three batches two may have begun.
    expect(run?.outcome.left).toBeGreaterThanOrEqual(10)
    expect((run?.outcome.pass ?? 0) + (run?.outcome.left ?? 0)).toBe(SUBJECTS)
    expect(judge.requests).toHaveLength(run?.outcome.pass ?? 0)
    expect(await published(`test/${id}`)).toHaveLength(run?.outcome.pass ?? 0)
    expect(await offline.cancel('default', runId)).toMatchObject({ ok: false, code: 'run_ended' })
  })
}

describe('on PGlite', () => steering('pglite', () => ({ dataDir })))

describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let redis: RunningRedis
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis.stop())
    steering('redis', () => ({ redis: redisSettings(redis.url), dataDir }))
  },
)
