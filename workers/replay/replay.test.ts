import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { joinPackages } from '../../dsl/packages.ts'
import type { OnlineEvalPlan, Plan } from '../../dsl/plan.ts'
import { decodeResults } from '../../engine/codec/results.ts'
import { buildOnlineEval, buildPlan, DURATION, e, INT } from '../../engine/evaluate/build-plan.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, EVAL_RESULTS, onlineTopics, REPLAYS, replayTopics } from '../../storage/log/topics.ts'
import type { ReplayAsk } from '../../storage/replays/ask.ts'
import { type ReplayRun, stateOf } from '../../storage/replays/replay.ts'
import { openReplays, type Replays } from '../../storage/replays/replays.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { overriding } from '../../test/support/overriding.ts'
import { startEvaluateLoop } from '../online/evaluate-loop.ts'
import { FIXTURE_TIME_MS, type FixtureSpan, traceRecord } from '../online/fixtures/records.ts'
import { startStoreLoop } from '../online/store-loop.ts'
import { type ReplayRunner, type ReplayRunnerOptions, startReplayRunner } from './runner.ts'

const MINUTE_MS = 60_000
const LLM = { subject: 'llm_call', where: null, traceWhere: null } as const
const fastWithin = (seconds: number): OnlineEvalPlan =>
  buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(seconds * 1e9, DURATION)), {
    scope: LLM,
    when: 'arrival',
  })
const short = buildOnlineEval('short', e.cmp(e.score(), '<=', e.lit(2)), {
  score: e.over('count', e.select('span'), null, INT),
})
/** With the hash that intact definitions have. */
function planOf(...evals: OnlineEvalPlan[]): Plan {
  const joined = joinPackages([buildPlan({ evals })])
  if (!joined.ok) throw new Error(joined.problems.join())
  return joined.plan
}
const livePlan = planOf(fastWithin(5), short)

const dataDir = mkdtempSync(join(tmpdir(), 'assay-replay-'))
let traces: TracesStore

const tenant = 'default'
let log: EmbeddedLog
/** The log's and everyone's clock; only tests move it. */
let clockMs = FIXTURE_TIME_MS
/** By how much sessions of consumers are older than they are. */
let agedMs = 0
const running: ReplayRunner[] = []
let replays: Replays
const problems: string[] = []
/** What was said of everything while it came. */
let before: string[]

beforeAll(async () => {
  // Everything that is stored has settled by its clock.
  traces = await openTraces({ dataDir, nowMs: () => Date.now() + 3_600_000 })
  await traces.migrate()
  log = await openEmbeddedLog({
    dataDir: ':memory:',
    retentionIntervalMs: null,
    nowMs: () => clockMs,
    monotonicMs: () => performance.now() + agedMs,
  })
  await log.ensureTopics([...onlineTopics, ...replayTopics])
  replays = openReplays({ log, traces, nowMs: () => clockMs })
  before = await live()
}, 60_000)
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.drain()
})
afterAll(async () => {
  await log.close()
  await traces.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const until = <T>(look: () => Promise<T> | T) => vi.waitFor(look, { timeout: 20_000, interval: 10 })
const send = (spans: readonly FixtureSpan[], partition = 0) =>
  log.append(AGENT_TRACES, [traceRecord(tenant, spans, partition)])

async function start(over: Partial<ReplayRunnerOptions> = {}): Promise<ReplayRunner> {
  const runner = await startReplayRunner({
    log,
    traces,
    nowMs: () => clockMs,
    onNotice: () => {},
    onProblem: (text) => problems.push(text),
    ...over,
  })
  running.push(runner)
  return runner
}

async function create(ask: Partial<ReplayAsk> = {}, on = replays): Promise<ReplayRun> {
  const outcome = await on.create(tenant, { fromMs: FIXTURE_TIME_MS, plan: livePlan, spansPerSecond: 1e6, ...ask })
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.run
}

/** The clock goes on while one waits: the pace and the checkpoints go by it. */
const untilState = (runId: string, state: string, on = replays): Promise<ReplayRun> =>
  until(async () => {
    clockMs += 100
    const run = (await on.get(tenant, runId))!
    expect(`${stateOf(run)} ${run.progress?.trouble ?? ''}`.trim()).toBe(state)
    return run
  })

const subject = ({ evalId, traceId, spanId, revision, verdict, score }: EvalResult): string =>
  `${evalId} ${Number.parseInt(traceId, 16)}/${Number.parseInt(spanId || '0', 16)} r${revision} ${verdict} ${score}`
const stored = async (runId?: string): Promise<string[]> =>
  (await traces.queryResults(tenant, { limit: 10_000, ...(runId !== undefined && { runId }) })).map(subject).sort()

/** Ten minutes of traffic: roots first and last, late spans, traces without a root; judged and stored as it comes. */
async function live(): Promise<string[]> {
  const nothing = compileRedaction(buildPlan({}))
  const store = await startStoreLoop({ log, traces, definitions: () => nothing, nowMs: Date.now })
  const loop = await startEvaluateLoop({
    log,
    traces,
    definitions: { current: () => livePlan },
    nowMs: () => clockMs,
    onProblem: (text) => problems.push(text),
  })
  const evaluated = () => until(() => expect(loop.stats().evaluatedUpToMs).toBe(clockMs))
  for (let minute = 0; minute < 10; minute++) {
    const first = minute * 10 + 1
    for (let i = 0; i < 8; i++) {
      const trace = first + i
      const durationMs = i % 2 === 0 ? 3_000 : 9_000
      await send([{ trace, id: 1, parent: 9, durationMs, startMs: clockMs }], i % 4)
      if (i % 3 === 0) await send([{ trace, id: 2, parent: 9, startMs: clockMs }], i % 4)
      if (i < 7) await send([{ trace, id: 9, durationMs: 10_000, startMs: clockMs }], i % 4)
    }
    if (minute > 0) await send([{ trace: first - 10, id: 5, parent: 9, startMs: clockMs }], 0)
    await evaluated()
    clockMs += MINUTE_MS
  }
  clockMs += 3 * MINUTE_MS
  await until(async () => {
    expect(loop.stats().openTraces).toBe(0)
    const ends = await log.endOffsets(EVAL_RESULTS)
    const committed = await log.committed('trans-store')
    for (const { partition, end } of ends)
      expect(committed.find((one) => one.topic === EVAL_RESULTS && one.partition === partition)?.offset ?? 0).toBe(end)
  })
  await loop.drain()
  await store.drain()
  return stored()
}

test('a replay of the log under the same definitions says what was said, in a run of its own', async () => {
  expect(before.filter((one) => one.includes(' r2 ')).length).toBeGreaterThan(5)
  const topicBefore = await log.endOffsets(EVAL_RESULTS)
  const { request } = await create()
  expect(request).toMatchObject({ source: 'log', evalIds: ['test/fast', 'test/short'] })
  await start()
  const done = await untilState(request.runId, 'done')
  expect(await stored(request.runId)).toEqual(before)
  expect(done.progress?.counts).toMatchObject({ undecodable: 0, failed: 0, gone: 0, openTraces: 0, unjudgedPieces: 0 })
  expect(done.progress?.counts.records).toBe(request.estimate.records)
  // What is live is as it was: in queries, and on the topic that alerts read.
  expect(await stored()).toEqual(before)
  expect(await log.endOffsets(EVAL_RESULTS)).toEqual(topicBefore)
  expect((await log.committed('trans-evaluate')).length).toBeGreaterThan(0)
  const compared = await replays.compare(tenant, request.runId)
  expect(compared.every(({ live: was, run }) => was === run)).toBe(true)
  expect(problems).toEqual([])
})

test('a window in the middle judges what came in it: its spans, and the traces that began in it', async () => {
  const [fromMs, toMs] = [FIXTURE_TIME_MS + 3 * MINUTE_MS, FIXTURE_TIME_MS + 5 * MINUTE_MS]
  const { request } = await create({ fromMs, toMs })
  await start()
  await untilState(request.runId, 'done')
  const found = await stored(request.runId)
  const traceOf = (text: string): number => Number(/ (\d+)\//.exec(text)![1])
  // Minutes 3 and 4: traces 31 to 48. The late spans of minute 3 reopen trace 21, and those that come after raise no revision here.
  const inWindow = (text: string): boolean => traceOf(text) > 30 && traceOf(text) < 50
  const fast = before.filter((text) => text.startsWith('test/fast') && inWindow(text) && !text.includes(' 41/5 '))
  expect(found.filter((text) => text.startsWith('test/fast') && inWindow(text))).toEqual(fast)
  expect(found.filter((text) => text.startsWith('test/short') && inWindow(text))).toHaveLength(16)
  expect(found.filter((text) => text.startsWith('test/short') && traceOf(text) < 30)).toEqual(
    before.filter((text) => text.startsWith('test/short 21/')),
  )
})

test('changed definitions show what they would have said, next to what is live', async () => {
  const { request } = await create({ plan: planOf(fastWithin(2), short), evalIds: ['test/fast'] })
  await start()
  await untilState(request.runId, 'done')
  const compared = await replays.compare(tenant, request.runId)
  expect(new Set(compared.map(({ evalId }) => evalId))).toEqual(new Set(['test/fast']))
  const flips = compared.filter(({ live: was, run }) => was !== run)
  expect(flips).toEqual([{ evalId: 'test/fast', live: 'pass', run: 'fail', subjects: 40 }])
})

test('one that is killed again and again goes on where it was, and every result is there once', async () => {
  const { request } = await create()
  let kills = 0
  for (let left = 1; ; left += 2) {
    let allowed = left
    const dead = Promise.withResolvers<void>()
    const die = (): Promise<never> => {
      dead.resolve()
      return new Promise(() => {})
    }
    // Each write counts, of results and of checkpoints: the process is gone before one, or after one that it did not hear of.
    const runner = await startReplayRunner({
      log: overriding(log, {
        append: async (topic, records) => (allowed-- > 0 ? log.append(topic, records) : die()),
        openConsumer: (options) => log.openConsumer({ ...options, sessionTimeoutMs: 1_000 }),
      }),
      traces: overriding(traces, {
        insertResults: async (results, token) => {
          if (allowed-- <= 0) return die()
          await traces.insertResults(results, token)
        },
      }),
      nowMs: () => {
        clockMs += 400
        return clockMs
      },
      onNotice: () => {},
      onProblem: (text) => problems.push(text),
    })
    const done = untilState(request.runId, 'done').then(() => 'done' as const)
    done.catch(() => {})
    if ((await Promise.race([dead.promise, done])) === 'done') {
      await runner.drain()
      break
    }
    kills++
    agedMs += 2_000
  }
  expect(kills).toBeGreaterThan(3)
  expect(await stored(request.runId)).toEqual(before)
  const compared = await replays.compare(tenant, request.runId)
  expect(compared.reduce((sum, { subjects }) => sum + subjects, 0)).toBe(before.length)
})

describe('one whose partition is taken away', () => {
  /** Runs it; what it did, one after the other. Its partition is taken away, and given to it again, in the middle of the first of `what`. */
  async function takenAwayIn(what: 'read' | 'write'): Promise<{ did: string[]; runId: string }> {
    const did: string[] = []
    let isLeft = true
    let takeAway = async (): Promise<void> => {}
    const doing = async <T>(one: string, work: () => Promise<T>): Promise<T> => {
      const isLast = isLeft && one === what
      did.push(isLast ? `${one}, and lost` : one)
      const done = await work()
      if (isLast) {
        isLeft = false
        // A write is due, would it go on.
        clockMs += 2_000
        await takeAway()
      }
      return done
    }
    const { request } = await create()
    await start({
      log: overriding(log, {
        openConsumer: (options) => {
          takeAway = async () => options.onRevoke?.([])
          return log.openConsumer(options)
        },
        read: (topic, ...rest) =>
          topic === AGENT_TRACES && rest[2] !== 1
            ? doing('read', () => log.read(topic, ...rest))
            : log.read(topic, ...rest),
        append: (topic, records) =>
          topic === REPLAYS ? doing('checkpoint', () => log.append(topic, records)) : log.append(topic, records),
      }),
      traces: overriding(traces, {
        insertResults: (results, token) => doing('write', () => traces.insertResults(results, token)),
      }),
    })
    await untilState(request.runId, 'done')
    expect(await stored(request.runId)).toEqual(before)
    return { did, runId: request.runId }
  }

  test('in the middle of a step writes nothing of it: whoever has it next takes the step', async () => {
    const { did } = await takenAwayIn('read')
    expect(did.slice(0, 2)).toEqual(['read, and lost', 'read'])
  })

  test('in the middle of a write leaves the checkpoint to the next', async () => {
    const { did } = await takenAwayIn('write')
    const lost = did.indexOf('write, and lost')
    expect(did.slice(0, lost)).not.toContain('checkpoint')
    // It begins again, for there is no checkpoint yet.
    expect(did[lost + 1]).toBe('read')
    expect(did.at(-1)).toBe('checkpoint')
  })
})

test('the stored spans are read where the log no longer reaches, and it is said', async () => {
  const young = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => clockMs })
  onTestFinished(() => young.close())
  await young.ensureTopics([
    ...onlineTopics.map((topic) => (topic.name === AGENT_TRACES ? { ...topic, retentionMs: MINUTE_MS } : topic)),
    ...replayTopics,
  ])
  const record = traceRecord(tenant, [{ trace: 999, id: 1 }])
  await young.append(AGENT_TRACES, [record])
  clockMs += 10 * MINUTE_MS
  await young.append(AGENT_TRACES, [record])
  await young.enforceRetention()
  const ofYoung = openReplays({ log: young, traces, nowMs: () => clockMs })
  const { request } = await create({}, ofYoung)
  expect(request.source).toBe('store')
  expect(request.notes.join()).toContain('for the log reaches back to')
  await start({ log: young })
  await untilState(request.runId, 'done', ofYoung)
  const withoutRevision = (text: string): string => text.replace(/ r\d /, ' ')
  expect((await stored(request.runId)).map(withoutRevision)).toEqual(before.map(withoutRevision))
})

test('asked to, it tells alerts: results go where they listen, as news', async () => {
  const sizeOf = async (): Promise<number> =>
    (await log.endOffsets(EVAL_RESULTS)).reduce((sum, one) => sum + one.end, 0)
  const size = await sizeOf()
  const { request } = await create({ alerts: true })
  await start()
  await untilState(request.runId, 'done')
  expect(await sizeOf()).toBeGreaterThan(size)
  const told: EvalResult[] = []
  for (const { partition } of await log.endOffsets(EVAL_RESULTS)) {
    for (const record of await log.read(EVAL_RESULTS, partition, 0, 1_000)) {
      told.push(...decodeResults(record.value).filter(({ runId }) => runId === request.runId))
    }
  }
  expect(new Set(told.map(({ subjectArrivedAtMs }) => subjectArrivedAtMs))).toEqual(new Set([undefined]))
  expect(new Set(told.map(subject)).isSupersetOf(new Set(before))).toBe(true)
})

test('it stops when it is told to, keeps to its pace, and goes on when it is resumed', async () => {
  const { request } = await create({ spansPerSecond: 1 })
  const runner = await start()
  await until(() => expect(runner.stats().spans).toBeGreaterThan(0))
  const spans = runner.stats().spans
  // A step was read at once; the next one has to wait for as many seconds as it had spans. How far it came is told before.
  clockMs += 1_000
  await until(async () => expect((await replays.get(tenant, request.runId))?.progress?.state).toBe('running'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(runner.stats().spans).toBe(spans)
  expect(await replays.stop(tenant, request.runId)).toMatchObject({ ok: true })
  expect(stateOf((await replays.get(tenant, request.runId))!)).toBe('stopped')
  await until(() => {
    clockMs += 500
    expect(runner.stats().running).toBe(0)
  })
  expect(await replays.resume(tenant, request.runId)).toMatchObject({ ok: true })
  await until(async () => {
    clockMs += 60_000
    expect(stateOf((await replays.get(tenant, request.runId))!)).toBe('done')
  })
  expect(await stored(request.runId)).toEqual(before)
  expect(await replays.stop(tenant, request.runId)).toMatchObject({ ok: false, code: 'settled' })
  expect(await replays.resume(tenant, 'replay@none')).toMatchObject({ ok: false, code: 'unknown' })
})

test.each([
  [{ fromMs: FIXTURE_TIME_MS + 1, toMs: FIXTURE_TIME_MS }, 'from: it has to lie before to'],
  [{ fromMs: FIXTURE_TIME_MS - 200 * 24 * 3_600_000, toMs: FIXTURE_TIME_MS }, '92 days at the most'],
  [{ toMs: FIXTURE_TIME_MS + 365 * 24 * 3_600_000 }, 'in the future'],
  [{ evalIds: ['test/fsat'] }, 'there is no eval test/fsat in the definitions, did you mean `test/fast`?'],
  [{ plan: planOf() }, 'no online eval'],
  [{ fromMs: 0, toMs: 1_000_000, maxSpans: 1 }, null],
])('what is asked for is looked at before: %o', async (ask, message) => {
  const outcome = await replays.plan(tenant, { fromMs: FIXTURE_TIME_MS, plan: livePlan, ...ask })
  if (message === null) expect(outcome).toMatchObject({ ok: true })
  else expect(outcome).toMatchObject({ ok: false, message: expect.stringContaining(message) })
})

test('a period with more than the bound is refused', async () => {
  const outcome = await replays.plan(tenant, { fromMs: FIXTURE_TIME_MS, plan: livePlan, maxSpans: 1 })
  expect(outcome).toMatchObject({ ok: false, code: 'too_large', message: expect.stringContaining('would be read') })
})
