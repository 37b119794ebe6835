import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Plan } from '../../dsl/plan.ts'
import { decodeResults } from '../../engine/codec/results.ts'
import { buildOnlineEval, buildPlan, DURATION, e, INT } from '../../engine/evaluate/build-plan.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { resultId } from '../../engine/model/result-id.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { LogError } from '../../storage/log/port.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS, onlineTopics } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { overriding } from '../../test/support/overriding.ts'
import { type EvaluateLoop, type EvaluateLoopOptions, startEvaluateLoop } from './evaluate-loop.ts'
import { FIXTURE_TIME_MS, type FixtureSpan, spanIdOf, traceIdOf, traceRecord } from './fixtures/records.ts'
import { startStoreLoop } from './store-loop.ts'

const tenant = 'default'
const LLM = { subject: 'llm_call', where: null, traceWhere: null } as const
const fast = buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(5_000_000_000, DURATION)), {
  scope: LLM,
  when: 'arrival',
})
const short = buildOnlineEval('short', e.cmp(e.score(), '<=', e.lit(2)), {
  score: e.over('count', e.select('span'), null, INT),
})
const plan = buildPlan({ evals: [fast, short] })

let log: EmbeddedLog
/** The log's and the loops' clock; only tests move it. */
let clockMs = FIXTURE_TIME_MS
const loops: EvaluateLoop[] = []

beforeEach(async () => {
  clockMs = FIXTURE_TIME_MS
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => clockMs })
  await log.ensureTopics(onlineTopics)
})
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.drain()
  await log.close()
})

async function start(over: Partial<EvaluateLoopOptions> = {}): Promise<EvaluateLoop> {
  const loop = await startEvaluateLoop({
    log,
    definitions: { current: () => plan },
    nowMs: () => clockMs,
    onProblem: (text) => problems.push(text),
    ...over,
  })
  loops.push(loop)
  return loop
}
const problems: string[] = []

const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 15_000, interval: 10 })
const send = (spans: readonly FixtureSpan[], partition = 0) =>
  log.append(AGENT_TRACES, [traceRecord(tenant, spans, partition)])

async function results(): Promise<EvalResult[]> {
  const all: EvalResult[] = []
  for (const { partition } of await log.endOffsets(EVAL_RESULTS)) {
    for (const record of await log.read(EVAL_RESULTS, partition, 0, 10_000)) all.push(...decodeResults(record.value))
  }
  return all
}
const shown = async () =>
  (await results())
    .map(
      (r) =>
        `${r.evalId} ${Number.parseInt(r.traceId, 16)}/${Number.parseInt(r.spanId || '0', 16)} r${r.revision} ${r.verdict}`,
    )
    .sort()
const expectResults = (expected: string[]) => until(async () => expect(await shown()).toEqual(expected))
const committed = async (partition = 0) =>
  (await log.committed('trans-evaluate')).find((one) => one.partition === partition)?.offset ?? 0

/** Moves the clock. The loop sees it at its next turn, within a second. */
function pass(ms: number): void {
  clockMs += ms
}

test('a span eval answers as its span comes, a trace eval when the trace settles', async () => {
  const loop = await start()
  await send([
    { trace: 1, id: 1, durationMs: 9_000 },
    { trace: 1, id: 2, parent: 1 },
  ])
  await expectResults(['test/fast 1/1 r1 fail', 'test/fast 1/2 r1 pass'])
  pass(5_000)
  await expectResults(['test/fast 1/1 r1 fail', 'test/fast 1/2 r1 pass', 'test/short 1/0 r1 pass'])
  expect((await results()).find((one) => one.evalId === 'test/short')?.score).toBe(2)
  await until(async () => expect(await committed()).toBe(1))
  expect(loop.stats()).toMatchObject({ spans: 2, results: 3, settledTraces: 1, openTraces: 0 })
})

test("a result says when the log took its subject's latest span, whatever the client's clock says", async () => {
  await send([{ trace: 1, id: 1, parent: 9 }])
  pass(60_000)
  await send([{ trace: 1, id: 9 }])
  pass(3_600_000)
  await start()
  await until(async () => expect(await results()).toHaveLength(3))
  const arrivals = (await results()).map(({ spanId, subjectArrivedAtMs }) => [spanId, subjectArrivedAtMs])
  expect(new Map(arrivals as [string, number][])).toEqual(
    new Map([
      [spanIdOf(1), FIXTURE_TIME_MS],
      [spanIdOf(9), FIXTURE_TIME_MS + 60_000],
      ['', FIXTURE_TIME_MS + 60_000],
    ]),
  )
})

test('results of one batch and eval are one record, keyed by tenant and eval', async () => {
  await send(Array.from({ length: 50 }, (_, i) => ({ trace: 1, id: i + 1, parent: 99 })))
  await start()
  await until(async () => expect(await results()).toHaveLength(50))
  const partition = log.partitionFor(EVAL_RESULTS, 'default/test/fast')
  const records = await log.read(EVAL_RESULTS, partition, 0, 10)
  expect(records.map(({ key, headers }) => [key, headers])).toEqual([
    ['default/test/fast', { tenant: 'default', eval: 'test/fast' }],
  ])
})

test('a late span makes a new revision', async () => {
  await start()
  await send([{ trace: 1, id: 1 }])
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 1/0 r1 pass'))
  await send([2, 3].map((id) => ({ trace: 1, id, parent: 1 })))
  await until(async () => expect(await shown()).toContain('test/fast 1/3 r1 pass'))
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 1/0 r2 fail'))
})

test('a trace is not judged while records of it are unread, were they larger than a fetch', async () => {
  await send([{ trace: 1, id: 1 }])
  pass(1_000)
  const long = 'long '.repeat(1 << 18)
  await send([2, 3].map((id) => ({ trace: 1, id, parent: 1, input: long })))
  pass(60_000)
  const loop = await start()
  await until(() => expect(loop.stats().settledTraces).toBeGreaterThan(0))
  await expectResults([1, 2, 3].map((id) => `test/fast 1/${id} r1 pass`).concat('test/short 1/0 r1 fail'))
})

test('a trace that is judged early, for want of room, says so; when the rest has come it is judged whole', async () => {
  const loop = await start({ budget: { maxTraces: 1 } })
  await send([{ trace: 1, id: 1, operation: 'invoke_agent' }])
  await send([{ trace: 2, id: 2, operation: 'invoke_agent' }])
  await until(() => expect(loop.stats().settledEarly).toBe(1))
  await until(async () => expect(await results()).toHaveLength(1))
  expect(await results()).toMatchObject([
    {
      traceId: traceIdOf(1),
      verdict: 'unknown',
      reason: { code: 'truncated', field: 'trace' },
      explanation: expect.stringMatching(/^judged early/),
      score: undefined,
    },
  ])
  clockMs += 5_000
  await until(async () => expect(await results()).toHaveLength(2))
  expect((await results())[1]).toMatchObject({
    traceId: traceIdOf(2),
    verdict: 'pass',
    explanation: undefined,
    score: 1,
  })
})

test('offsets are held back for an open trace, and a restart judges it whole, by the same ids', async () => {
  const first = await start()
  await send([{ trace: 1, id: 1, parent: 9 }])
  await send([{ trace: 2, id: 1 }])
  pass(6_000)
  await until(async () => expect(await shown()).toContain('test/short 2/0 r1 pass'))
  await first.drain()
  expect(await committed()).toBe(0)
  await start()
  await send([
    { trace: 1, id: 9 },
    { trace: 1, id: 3, parent: 9 },
  ])
  await until(async () => expect(await shown()).toContain('test/fast 1/3 r1 pass'))
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 1/0 r1 fail'))
  await until(async () => expect(await committed()).toBe(3))
  const all = await results()
  // Evaluated twice, known by one id each: what was sent four times over is five subjects of `fast` and two of `short`.
  expect(new Set(all.map(resultId)).size).toBe(6)
  expect(all.length).toBeGreaterThan(6)
})

test('an open trace holds offsets for two minutes at the most, then by its last span', async () => {
  await start()
  await send([{ trace: 1, id: 1, parent: 9 }])
  await until(async () => expect(await results()).toHaveLength(1))
  expect(await committed()).toBe(0)
  pass(60_000)
  await send([{ trace: 1, id: 2, parent: 9 }])
  pass(59_000)
  await send([{ trace: 2, id: 1 }])
  pass(5_000)
  await until(async () => expect(await committed()).toBe(1))
  // Not another two minutes from now: from when that span came.
  pass(54_000)
  await send([{ trace: 1, id: 3, parent: 9 }])
  pass(3_000)
  await until(async () => expect(await committed()).toBe(3))
})

test('traces in flight keep the definitions that they began under; new spans get the new ones', async () => {
  const renamed: Plan = buildPlan({
    evals: [
      { ...fast, id: 'test/fast2' },
      { ...short, id: 'test/short2' },
    ],
    hash: '1'.repeat(64),
  })
  let current = plan
  await start({ definitions: { current: () => current } })
  await send([{ trace: 1, id: 1, parent: 9 }])
  await until(async () => expect(await results()).toHaveLength(1))
  current = renamed
  await send([
    { trace: 1, id: 9 },
    { trace: 2, id: 1 },
  ])
  await until(async () => expect(await results()).toHaveLength(3))
  pass(5_000)
  await expectResults([
    'test/fast 1/1 r1 pass',
    'test/fast2 1/9 r1 pass',
    'test/fast2 2/1 r1 pass',
    'test/short 1/0 r1 pass',
    'test/short2 2/0 r1 pass',
  ])
})

test('a trace of which spans came before any eval waited for traces is not judged by the rest', async () => {
  let current = buildPlan({ evals: [fast], hash: '3'.repeat(64) })
  const loop = await start({ definitions: { current: () => current } })
  await send([1, 2, 3].map((id) => ({ trace: 1, id, parent: 9 })))
  await until(async () => expect(await results()).toHaveLength(3))
  await until(async () => expect(await committed()).toBe(1))
  current = plan
  pass(1_000)
  await send([{ trace: 1, id: 4, parent: 9 }])
  await send([{ trace: 2, id: 1, startMs: clockMs }])
  await until(async () => expect(await results()).toHaveLength(5))
  pass(120_000)
  await until(() => expect(loop.stats()).toMatchObject({ settledTraces: 1, unjudgedPieces: 1 }))
  await until(async () =>
    expect((await shown()).filter((one) => one.startsWith('test/short'))).toEqual(['test/short 2/0 r1 pass']),
  )
})

test('definitions that cannot be run leave the old ones in force', async () => {
  const broken = buildPlan({
    evals: [buildOnlineEval('broken', e.cmp(e.field('no.such.field'), '==', e.lit('x')))],
    hash: '2'.repeat(64),
  })
  let current = plan
  await start({ definitions: { current: () => current } })
  current = broken
  await send([{ trace: 1, id: 1, parent: 9 }])
  await expectResults(['test/fast 1/1 r1 pass'])
  expect(problems.at(-1)).toContain('the old ones stay')
})

test('a record that cannot be read does not stop the partition', async () => {
  const loop = await start()
  await log.append(AGENT_TRACES, [{ key: null, partition: 0, value: Buffer.from('garbage \xff') }])
  await send([{ trace: 1, id: 1 }])
  await until(async () => expect(await results()).toHaveLength(1))
  expect(loop.stats().undecodable).toBe(1)
  // The store loop reads it too, and puts it aside: once is enough.
  expect(await log.read(DEAD_LETTERS, 0, 0, 10)).toEqual([])
})

test('a log that refuses results is waited for; then each result is there', async () => {
  let failures = 3
  const flaky = overriding(log, {
    append: async (...args: Parameters<EmbeddedLog['append']>) => {
      if (failures-- > 0) throw new Error('disk full')
      return log.append(...args)
    },
  })
  const loop = await start({ log: flaky })
  await send([{ trace: 1, id: 1 }])
  await expectResults(['test/fast 1/1 r1 pass'])
  expect(loop.stats().outages).toBe(3)
})

test('a log that refuses the last commit does not keep the loop from leaving its group', async () => {
  let isClosed = false
  let isFull = false
  const full = overriding(log, {
    openConsumer: async (options) => {
      const consumer = await log.openConsumer(options)
      return overriding(consumer, {
        commit: (offsets) => (isFull ? Promise.reject(new LogError('full', 'disk full')) : consumer.commit(offsets)),
        close: () => {
          isClosed = true
          return consumer.close()
        },
      })
    },
  })
  const loop = await startEvaluateLoop({ log: full, definitions: { current: () => plan }, nowMs: () => clockMs })
  await send([{ trace: 1, id: 1 }])
  pass(5_000)
  await until(async () => expect(await results()).not.toEqual([]))
  isFull = true
  await loop.drain()
  expect(isClosed).toBe(true)
})

test('a second member takes over partitions and every trace is judged whole', async () => {
  const first = await start()
  for (let partition = 0; partition < 4; partition++)
    await send([{ trace: partition + 1, id: 1, parent: 9 }], partition)
  await until(async () => expect(await results()).toHaveLength(4))
  await start()
  for (let partition = 0; partition < 4; partition++) await send([{ trace: partition + 1, id: 9 }], partition)
  await until(async () => expect(new Set((await results()).map(resultId)).size).toBe(8))
  await first.drain()
  await until(async () => expect((await shown()).filter((one) => one.includes('/9 ')).length).toBeGreaterThanOrEqual(4))
  // Whoever owns a partition now has read it from the held offsets on.
  await until(() => expect(loops[1]!.stats().openTraces).toBe(4))
  pass(5_000)
  await until(async () => {
    const traces = (await results()).filter((one) => one.evalId === 'test/short')
    expect(new Set(traces.map((one) => `${one.traceId} ${one.score}`))).toEqual(
      new Set([1, 2, 3, 4].map((trace) => `${traceIdOf(trace)} 2`)),
    )
  })
})

test('from appended span to appended result takes a few milliseconds when idle', async () => {
  await start()
  await send([{ trace: 1, id: 1 }])
  await until(async () => expect(await results()).toHaveLength(1))
  const tookMs: number[] = []
  for (let id = 2; id < 22; id++) {
    const startedMs = performance.now()
    await send([{ trace: 1, id, parent: 1 }])
    while ((await results()).length < id) await new Promise((resolve) => setImmediate(resolve))
    tookMs.push(performance.now() - startedMs)
  }
  tookMs.sort((a, b) => a - b)
  // The median, and far above what it takes: this tells a wait for a timer from none, not a fast machine from a slow one.
  expect(tookMs[10]).toBeLessThan(100)
})

const dataDir = mkdtempSync(join(tmpdir(), 'assay-evaluate-loop-'))
let traces: TracesStore
beforeAll(async () => {
  traces = await openTraces({ dataDir })
  await traces.migrate()
})
afterAll(async () => {
  await traces.close()
  rmSync(dataDir, { recursive: true, force: true })
})

test('a trace that was open for long before a restart is completed from the store', async () => {
  const nothing = compileRedaction(buildPlan({}))
  const store = await startStoreLoop({ log, traces, definitions: () => nothing, nowMs: Date.now })
  const first = await start()
  await send([1, 2].map((id) => ({ trace: 7, id, parent: 9 })))
  pass(100_000)
  await send([{ trace: 7, id: 3, parent: 9 }])
  pass(25_000)
  // Past two minutes: the first record is committed although the trace is open.
  await until(async () => expect(await committed()).toBe(1))
  await first.drain()
  await until(async () => expect(await traces.getTrace(tenant, traceIdOf(7))).toHaveLength(3))

  await send([{ trace: 7, id: 9, durationMs: 126_000 }])
  const second = await start({ traces })
  await until(async () => expect(await shown()).toContain('test/fast 7/9 r1 fail'))
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 7/0 r1 fail'))
  expect((await results()).find((one) => one.evalId === 'test/short')?.score).toBe(4)
  expect(second.stats()).toMatchObject({ readBack: 1, settledTraces: 1 })

  // A late span of a trace that only the store remembers: a next revision.
  await second.drain()
  await until(async () => expect(await traces.getTrace(tenant, traceIdOf(7))).toHaveLength(4))
  await until(async () =>
    expect(await traces.queryResults(tenant, { traceId: traceIdOf(7), evalId: 'test/short', limit: 9 })).toHaveLength(
      1,
    ),
  )
  pass(400_000)
  await send([{ trace: 7, id: 10, parent: 9 }])
  await start({ traces })
  await until(async () => expect(await shown()).toContain('test/fast 7/10 r1 pass'))
  pass(120_000)
  await until(async () => expect(await shown()).toContain('test/short 7/0 r2 fail'))
  await store.drain()
})

test('without the store after a restart, a trace that lacks spans is unknown, and judged in a next revision when it is back', async () => {
  const store = await startStoreLoop({ log, traces, definitions: () => compileRedaction(plan), nowMs: Date.now })
  const first = await start()
  await send([1, 2].map((id) => ({ trace: 18, id, parent: 9 })))
  pass(100_000)
  await send([{ trace: 18, id: 3, parent: 9 }])
  pass(25_000)
  await until(async () => expect(await committed()).toBe(1))
  await first.drain()
  await until(async () => expect(await traces.getTrace(tenant, traceIdOf(18))).toHaveLength(3))
  let isDown = true
  const flaky = overriding(traces, {
    getTrace: async (...args) => {
      if (isDown) throw new Error('refused')
      return traces.getTrace(...args)
    },
  })
  const second = await start({ traces: flaky })
  await send([{ trace: 18, id: 9, durationMs: 126_000 }])
  await until(async () => expect(await shown()).toContain('test/fast 18/9 r1 fail'))
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 18/0 r0 unknown'))
  const cut = (await results()).find(({ verdict }) => verdict === 'unknown')
  expect(cut?.reason).toEqual({ code: 'truncated', field: 'trace' })
  expect(second.stats()).toMatchObject({ cutTraces: 1, waitingForStore: 1 })

  // All of its records are committed; what waits is known to whoever comes next, and after that.
  await until(async () => expect(await committed()).toBe(3))
  await second.drain()
  const third = await start({ traces: flaky })
  await until(() => expect(third.stats()).toMatchObject({ waitingForStore: 1 }))
  await third.drain()
  isDown = false
  const fourth = await start({ traces: flaky })
  await until(async () => expect(await shown()).toContain('test/short 18/0 r1 fail'))
  const whole = (await results()).filter(({ evalId, traceId }) => evalId === 'test/short' && traceId === traceIdOf(18))
  expect(whole.map(({ revision, score }) => [revision, score])).toEqual([
    [0, undefined],
    [1, 4],
  ])
  expect(fourth.stats()).toMatchObject({ readBack: 1, waitingForStore: 0 })
  await fourth.drain()
  const fifth = await start({ traces: flaky })
  pass(2_000)
  await send([{ trace: 19, id: 1 }])
  await until(async () => expect(await shown()).toContain('test/fast 19/1 r1 pass'))
  expect(fifth.stats()).toMatchObject({ waitingForStore: 0 })
  await store.drain()
})

test('without a store, a late piece of a trace that was judged before is not judged as if it were the trace', async () => {
  const first = await start()
  await send([1, 2, 3, 4].map((id) => (id === 1 ? { trace: 8, id } : { trace: 8, id, parent: 1 })))
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 8/0 r1 fail'))
  await until(async () => expect(await committed()).toBe(1))
  await first.drain()
  pass(300_000)
  await send([{ trace: 8, id: 5, parent: 1 }])
  const second = await start()
  await until(async () => expect(await shown()).toContain(`test/fast 8/${Number.parseInt(spanIdOf(5), 16)} r1 pass`))
  pass(120_000)
  await until(() => expect(second.stats().unjudgedPieces).toBe(1))
  expect((await shown()).filter((one) => one.startsWith('test/short 8'))).toEqual(['test/short 8/0 r1 fail'])
})

test('a late piece that began after a restart raises the revision of the whole, when the store can tell', async () => {
  const store = await startStoreLoop({ log, traces, definitions: () => compileRedaction(plan), nowMs: Date.now })
  const first = await start({ traces })
  await send([{ trace: 28, id: 1 }])
  pass(5_000)
  await until(async () => expect(await shown()).toContain('test/short 28/0 r1 pass'))
  await until(async () => expect(await committed()).toBe(1))
  await first.drain()
  pass(60_000)
  const isLiving = { store: false }
  const flaky = overriding(traces, {
    spanIdsOf: async (...args) => {
      if (!isLiving.store) throw new Error('refused')
      return traces.spanIdsOf(...args)
    },
  })
  const second = await start({ traces: flaky })
  // The first that this life reads: later ones begin in its time.
  await send([{ trace: 29, id: 1, startMs: clockMs }])
  pass(10_000)
  await send([2, 3].map((id) => ({ trace: 28, id, parent: 1, startMs: clockMs })))
  await send([{ trace: 30, id: 2, parent: 1, startMs: clockMs }])
  await until(async () => expect(await shown()).toContain('test/fast 30/2 r1 pass'))
  pass(120_000)
  // It cannot tell: they are judged as they are, and looked at again.
  await until(() => expect(second.stats().waitingForStore).toBe(2))
  await until(async () => expect(await traces.getTrace(tenant, traceIdOf(28))).toHaveLength(3))
  isLiving.store = true
  pass(10_000)
  await until(async () => expect(await shown()).toContain('test/short 28/0 r2 fail'))
  await until(() => expect(second.stats().waitingForStore).toBe(0))
  expect((await results()).find(({ traceId, revision }) => traceId === traceIdOf(28) && revision === 2)?.score).toBe(3)
  expect((await shown()).filter((one) => one.startsWith('test/short 30/'))).toEqual(['test/short 30/0 r1 pass'])
  await store.drain()
})
