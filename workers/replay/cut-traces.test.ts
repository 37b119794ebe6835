/** Traces of which a replay of the log reads the end alone: the store has to have the rest, and may be behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { joinPackages } from '../../dsl/packages.ts'
import { buildOnlineEval, buildPlan, e, INT } from '../../engine/evaluate/build-plan.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, onlineTopics, replayTopics } from '../../storage/log/topics.ts'
import { openReplays } from '../../storage/replays/replays.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { overriding } from '../../test/support/overriding.ts'
import { DEFAULT_TIMES } from '../online/assembly-times.ts'
import { FIXTURE_TIME_MS, type FixtureSpan, traceRecord } from '../online/fixtures/records.ts'
import { startStoreLoop } from '../online/store-loop.ts'
import { openLogReader } from './log-reader.ts'
import type { ReplayReader } from './reader.ts'

const tenant = 'default'
const PARTITION = 0
const short = buildOnlineEval('short', e.cmp(e.score(), '<=', e.lit(2)), {
  score: e.over('count', e.select('span'), null, INT),
})
const joined = joinPackages([buildPlan({ evals: [short] })])
if (!joined.ok) throw new Error(joined.problems.join())
const { plan } = joined

const dataDir = mkdtempSync(join(tmpdir(), 'assay-cut-traces-'))
let clockMs = FIXTURE_TIME_MS
let fromMs: number
let log: EmbeddedLog
let traces: TracesStore

const send = (spans: readonly FixtureSpan[]) => log.append(AGENT_TRACES, [traceRecord(tenant, spans, PARTITION)])

/** Before the window, a span of trace 2 and the root of trace 3; in it, the rest of both, until both have settled. All is stored. */
beforeAll(async () => {
  traces = await openTraces({ dataDir })
  await traces.migrate()
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => clockMs })
  await log.ensureTopics([...onlineTopics, ...replayTopics])
  await send([
    { trace: 2, id: 5, parent: 9 },
    { trace: 3, id: 9 },
  ])
  clockMs += 600_000
  fromMs = clockMs
  await send([{ trace: 2, id: 1, parent: 9 }])
  await send([{ trace: 2, id: 9 }])
  await send([{ trace: 3, id: 1, parent: 9 }])
  for (const [trace, afterMs] of [
    [4, 10_000],
    [5, 180_000],
    [6, 10_000],
  ] as const) {
    clockMs += afterMs
    await send([{ trace, id: 1, startMs: clockMs }])
  }
  // The end of a window is not in it.
  clockMs += 1_000
  const nothing = compileRedaction(buildPlan({}))
  const store = await startStoreLoop({ log, traces, definitions: () => nothing, nowMs: Date.now })
  await vi.waitFor(
    async () => {
      const [end] = (await log.endOffsets(AGENT_TRACES)).filter(({ partition }) => partition === PARTITION)
      const committed = (await log.committed('trans-store')).find(({ topic }) => topic === AGENT_TRACES)
      expect(committed?.offset).toBe(end!.end)
    },
    { timeout: 20_000, interval: 10 },
  )
  await store.drain()
}, 60_000)
afterAll(async () => {
  await log.close()
  await traces.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** It reads a record a step, and takes the store for one that has nothing while `isBehind`. */
async function open() {
  const store = { isBehind: true }
  const outcome = await openReplays({ log, traces, nowMs: () => clockMs }).plan(tenant, { fromMs, plan, source: 'log' })
  if (!outcome.ok) throw new Error(outcome.message)
  const reader = openLogReader({
    log: overriding(log, {
      committed: async (groupId) => (store.isBehind ? [] : log.committed(groupId)),
      read: (topic, partition, from) => log.read(topic, partition, from, 1),
    }),
    traces,
    request: outcome.request,
    plan,
    position: null,
    nowMs: () => clockMs,
    onProblem: (text) => expect.fail(text),
    times: DEFAULT_TIMES,
  })
  return { reader, store }
}

const cutOf = ({ counts: { cutTraces, unjudgedPieces } }: ReplayReader) => ({ cutTraces, unjudgedPieces })
const text = ({ traceId, revision, verdict, score }: EvalResult): string =>
  `${Number.parseInt(traceId, 16)} r${revision} ${verdict} ${score}`
const WHOLE = ['2 r1 fail 3', '3 r1 pass 2', '4 r1 pass 1', '5 r1 pass 1']
const CUT = '2 r0 unknown undefined'

/** Steps until `isEnough` or the end; gives what was said. The clock goes on meanwhile. */
async function stepUntil(reader: ReplayReader, isEnough: (waitMs: number | undefined) => boolean): Promise<string[]> {
  const said: string[] = []
  for (let steps = 0; steps < 5_000; steps++) {
    clockMs += 1_000
    const step = await reader.next()
    if (step === null) return said.sort()
    said.push(...step.results.map(text))
    if (isEnough(step.waitMs)) return said.sort()
  }
  return expect.fail('there is no end')
}
const BOTH = { cutTraces: 1, unjudgedPieces: 1 }
const NEITHER = { cutTraces: 0, unjudgedPieces: 0 }
const isBoth = (reader: ReplayReader) => cutOf(reader).cutTraces === 1 && cutOf(reader).unjudgedPieces === 1

test('what the store lacks is counted, and judged as soon as the store has it', async () => {
  const { reader, store } = await open()
  const before = await stepUntil(reader, () => isBoth(reader))
  expect(before).toContain(CUT)
  expect(before.filter((one) => one.startsWith('3 '))).toEqual([])
  expect(reader.done()).toBeLessThan(1)
  store.isBehind = false
  const after = await stepUntil(reader, () => cutOf(reader).cutTraces + cutOf(reader).unjudgedPieces === 0)
  expect(after).toEqual(expect.arrayContaining(['2 r1 fail 3', '3 r1 pass 2']))
  await stepUntil(reader, () => false)
  expect(cutOf(reader)).toEqual(NEITHER)
})

test('at the end it waits for the store', async () => {
  const { reader, store } = await open()
  const before = await stepUntil(reader, (waitMs) => waitMs !== undefined)
  expect(cutOf(reader)).toEqual(BOTH)
  store.isBehind = false
  const after = await stepUntil(reader, () => false)
  expect([...before, ...after].filter((one) => one !== CUT && !one.startsWith('6 ')).sort()).toEqual(WHOLE)
  expect(cutOf(reader)).toEqual(NEITHER)
  expect(reader.done()).toBe(1)
})

test('a store that does not come so far is waited for no longer than ten minutes', async () => {
  const { reader } = await open()
  await stepUntil(reader, (waitMs) => waitMs !== undefined)
  const waitedFromMs = clockMs
  expect(await stepUntil(reader, () => false)).toEqual([])
  expect(clockMs - waitedFromMs).toBeGreaterThanOrEqual(600_000)
  expect(cutOf(reader)).toEqual(BOTH)
})
