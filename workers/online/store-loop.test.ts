import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { encodeResults } from '../../engine/codec/results.ts'
import { buildOnlineEval, buildPattern, buildPlan, e } from '../../engine/evaluate/build-plan.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { LogError, type LogRecord } from '../../storage/log/port.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS, onlineTopics } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { overriding } from '../../test/support/overriding.ts'
import { FIXTURE_TIME_MS, spanIdOf, traceIdOf, traceRecord } from './fixtures/records.ts'
import { type StoreLoop, type StoreLoopOptions, startStoreLoop } from './store-loop.ts'

const tracesDir = mkdtempSync(join(tmpdir(), 'assay-store-loop-'))
let traces: TracesStore
let log: EmbeddedLog
const loops: StoreLoop[] = []
let tenantCount = 0
let tenant = ''

beforeAll(async () => {
  traces = await openTraces({ dataDir: tracesDir })
  await traces.migrate()
})
afterAll(async () => {
  await traces.close()
  rmSync(tracesDir, { recursive: true, force: true })
})
beforeEach(async () => {
  tenant = `tenant-${++tenantCount}`
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics(onlineTopics)
})
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.drain()
  await log.close()
})

const nothing = compileRedaction(buildPlan({}))

async function start(over: Partial<StoreLoopOptions> = {}): Promise<StoreLoop> {
  const loop = await startStoreLoop({ log, traces, definitions: () => nothing, nowMs: Date.now, ...over })
  loops.push(loop)
  return loop
}

const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 15_000, interval: 20 })
const stored = (count: number) => until(async () => expect(await traces.countSpans(tenant)).toBe(count))

/** Ten spans a record, over all partitions. */
async function appendSpans(records: number, from = 0): Promise<void> {
  const made = Array.from({ length: records }, (_, r) =>
    traceRecord(
      tenant,
      Array.from({ length: 10 }, (_, s) => ({
        trace: from + r + 1,
        id: (from + r) * 10 + s + 1,
        startMs: FIXTURE_TIME_MS + s,
      })),
      r % 4,
    ),
  )
  await log.append(AGENT_TRACES, made)
}

async function lag(groupId: string): Promise<number> {
  const committed = new Map((await log.committed(groupId)).map((p) => [`${p.topic}/${p.partition}`, p.offset]))
  let sum = 0
  for (const topic of [AGENT_TRACES, EVAL_RESULTS]) {
    for (const { partition, end } of await log.endOffsets(topic))
      sum += end - (committed.get(`${topic}/${partition}`) ?? 0)
  }
  return sum
}

const result = (trace: number, fields: Parameters<typeof makeResult>[0] = {}) =>
  makeResult({
    tenant,
    evalId: 'p/e',
    measureHash: 'm',
    verdictHash: 'v',
    traceId: traceIdOf(trace),
    subjectTimeUs: FIXTURE_TIME_MS * 1000,
    evaluatedAtMs: FIXTURE_TIME_MS,
    ...fields,
  })

test('spans and results are stored, then committed', async () => {
  const loop = await start()
  await appendSpans(30)
  await log.append(EVAL_RESULTS, [{ key: 'k', value: encodeResults([result(1), result(2)]) }])
  await stored(300)
  await until(async () => expect(await lag('trans-store')).toBe(0))
  expect((await traces.getTrace(tenant, traceIdOf(7))).map((span) => span.spanId)).toEqual(
    Array.from({ length: 10 }, (_, s) => spanIdOf(61 + s)),
  )
  expect(await traces.queryResults(tenant, { limit: 10 })).toEqual([result(1), result(2)])
  expect(loop.stats()).toMatchObject({ spans: 300, results: 2, deadLetters: 0, pendingRows: 0, isStoreDown: false })
})

test('blocks are written to again only where nothing can read them any more', async () => {
  const given: { blocks: readonly Uint8Array[]; copies: readonly Buffer[] }[] = []
  const loop = await start({
    traces: overriding(traces, {
      insertBlocks: async (table, blocks, token) => {
        given.push({ blocks, copies: blocks.map((block) => Buffer.from(block)) })
        // It may be on its way to the store still.
        if (given.length === 1) throw new Error('no answer')
        await traces.insertBlocks(table, blocks, token)
      },
    }),
  })
  for (let batch = 0; batch < 4; batch++) {
    await appendSpans(10, batch * 10)
    await until(() => expect(loop.stats().spans).toBe(100 * (batch + 1)))
  }
  const [failed, again, ...others] = given
  expect(failed!.blocks.map((block) => Buffer.from(block))).toEqual(failed!.copies)
  expect(again!.blocks).toEqual(failed!.blocks)
  const memory = others.map(({ blocks }) => blocks[0]!.buffer)
  expect(memory).not.toContain(failed!.blocks[0]!.buffer)
  expect(new Set(memory).size).toBeLessThan(memory.length)
})

test('draining stores and commits what was read', async () => {
  const loop = await start()
  await appendSpans(5)
  await until(() => expect(loop.stats().pendingRows + loop.stats().spans).toBe(50))
  await loop.drain()
  expect(await lag('trans-store')).toBe(0)
  expect(await traces.countSpans(tenant)).toBe(50)
})

test('records delivered again in other batches are seen once', async () => {
  await start()
  await appendSpans(40)
  await stored(400)
  for (const maxRows of [30, 70]) {
    const again = await start({ groupId: `again-${maxRows}`, maxRows })
    await until(() => expect(again.stats().spans).toBe(400))
  }
  expect(await traces.countSpans(tenant)).toBe(400)
  expect(await traces.getTrace(tenant, traceIdOf(3))).toHaveLength(10)
})

test('what the definitions redact is on no disk of the store', async () => {
  const plan = buildPlan({
    patterns: [buildPattern('secret', 'canary-[a-z0-9]+')],
    evals: [
      buildOnlineEval('no_secret', e.lit(true), {
        scope: { subject: 'llm_call', where: null, traceWhere: null },
        when: 'arrival',
        redact: { fields: ['input.text', 'output.text'], patterns: [0] },
      }),
    ],
  })
  const redactor = compileRedaction(plan)
  await start({ definitions: () => redactor })
  const output = 'the code is canary-7f3a9 and nothing else'
  await log.append(AGENT_TRACES, [traceRecord(tenant, [{ trace: 1, id: 1, input: output, output }])])
  await stored(1)
  const [span] = await traces.getTrace(tenant, traceIdOf(1))
  expect(span?.outputText).toBe('the code is ************ and nothing else')
  expect(span?.inputMessages).toEqual([{ role: 'user', parts: [{ type: 'text', content: span?.outputText }] }])
  const filesWith = (text: string) =>
    execFileSync('sh', ['-c', `grep -rlaF '${text}' '${tracesDir}' || true`]).toString()
  // The control: what is not masked is found by the same search, so that compression hides nothing from it.
  expect(filesWith('and nothing else')).not.toBe('')
  expect(filesWith('canary-7f3a9')).toBe('')
})

/** The real store, out of order until `mend` is called. */
function failing() {
  let isDown = true
  const tokens: string[] = []
  const wrapped: TracesStore = Object.assign(Object.create(traces), {
    insertBlocks: async (...args: Parameters<TracesStore['insertBlocks']>) => {
      tokens.push(args[2])
      if (isDown) throw new Error('connection refused')
      return traces.insertBlocks(...args)
    },
  })
  return {
    wrapped,
    tokens,
    mend: () => {
      isDown = false
    },
  }
}

test('a store that is down is waited for: bounded memory, nothing committed, nothing dead, nothing lost', async () => {
  const { wrapped, tokens, mend } = failing()
  const problems: string[] = []
  const loop = await start({ traces: wrapped, maxRows: 100, onProblem: (text) => problems.push(text) })
  await appendSpans(100)
  await until(() => expect(loop.stats().outages).toBeGreaterThanOrEqual(3))
  await appendSpans(100, 100)
  expect(loop.stats()).toMatchObject({ spans: 0, isStoreDown: true, deadLetters: 0 })
  // One batch being written, one waiting, each of one fetch at the most.
  expect(loop.stats().pendingRows).toBeLessThanOrEqual(2_000)
  expect(await lag('trans-store')).toBe(200)
  expect(new Set(tokens).size).toBe(1)
  mend()
  await stored(2_000)
  await until(async () => expect(await lag('trans-store')).toBe(0))
  expect(loop.stats()).toMatchObject({ spans: 2_000, isStoreDown: false, deadLetters: 0 })
  expect(problems[0]).toContain('connection refused')
  expect(problems.length).toBeLessThan(6)
})

test('a log that fails while reading is paused does not end storing', async () => {
  const { wrapped, mend } = failing()
  let isPaused = false
  let failures = 0
  const flaky = overriding(log, {
    openConsumer: async (options) => {
      const consumer = await log.openConsumer(options)
      return overriding(consumer, {
        pause: (partitions) => {
          isPaused = true
          consumer.pause(partitions)
        },
        fetch: async (limits) => {
          if (isPaused && failures++ === 0) throw new LogError('full', 'no room for a sign of life')
          return consumer.fetch(limits)
        },
      })
    },
  })
  await start({ log: flaky, traces: wrapped, maxRows: 10 })
  for (let sent = 0; sent < 3; sent++) await appendSpans(20, sent * 20)
  await until(() => expect(failures).toBeGreaterThan(0))
  await appendSpans(20, 60)
  mend()
  await stored(800)
})

test('draining while the store is down ends, and the next run stores everything', async () => {
  const { wrapped } = failing()
  const loop = await start({ traces: wrapped, graceMs: 50 })
  await appendSpans(3)
  await until(() => expect(loop.stats().outages).toBeGreaterThan(0))
  await loop.drain()
  expect(await lag('trans-store')).toBe(3)
  await start()
  await stored(30)
})

test('what cannot be read or stored is put aside with its reason; the rest goes on', async () => {
  const loop = await start()
  await appendSpans(2)
  const garbage = { key: 'x', partition: 0, value: Buffer.from('not protobuf \xff'), headers: { tenant } }
  await log.append(AGENT_TRACES, [garbage])
  await log.append(EVAL_RESULTS, [
    { key: 'a', partition: 0, value: Buffer.from('{"v":99}') },
    { key: 'b', partition: 0, value: encodeResults([result(1)]) },
    { key: 'c', partition: 0, value: encodeResults([result(2), result(3, { traceId: 'not an id' })]) },
    { key: 'd', partition: 0, value: encodeResults([result(4)]) },
  ])
  await appendSpans(2, 2)
  await stored(40)
  await until(async () => expect(await lag('trans-store')).toBe(0))
  const letters = await log.read(DEAD_LETTERS, 0, 0, 100)
  expect(letters.map(({ headers }) => [headers.source, headers.code]).sort()).toEqual([
    ['agent-traces/0/1', 'undecodable'],
    ['eval-results/0/0', 'undecodable'],
    ['eval-results/0/2', 'unstorable'],
  ])
  expect(Buffer.from(letters.find(({ headers }) => headers.source === 'agent-traces/0/1')!.value)).toEqual(
    garbage.value,
  )
  expect((await traces.queryResults(tenant, { limit: 10 })).map((one) => one.traceId).sort()).toEqual([
    traceIdOf(1),
    traceIdOf(4),
  ])
  expect(loop.stats().deadLetters).toBe(3)
})

test('a second member takes over half of the partitions, and nothing is stored twice or lost', async () => {
  await start()
  await appendSpans(40)
  const second = await start()
  await appendSpans(40, 40)
  await stored(800)
  await loops[0]!.drain()
  await appendSpans(40, 80)
  await stored(1_200)
  await until(async () => expect(await lag('trans-store')).toBe(0))
  expect(second.stats().spans).toBeGreaterThan(0)
})

/** The clock's time of each write, ms from the start. Of each fetch so many bytes come, after 300 ms; of 0 nothing does, for as long as it waits. */
async function writesOf(fetchedBytes: readonly number[]): Promise<() => readonly number[]> {
  const records = fetchedBytes
    .filter((bytes) => bytes > 0)
    .map((bytes, at) => traceRecord(tenant, [{ trace: at + 1, id: 1, name: 'x'.repeat(bytes) }]))
  for (const record of records) await log.append(AGENT_TRACES, [record])
  const script = [...fetchedBytes]
  const writtenAtMs: number[] = []
  let atMs = 0
  let isWriting = false
  const scripted = overriding(log, {
    openConsumer: async (options) => {
      const consumer = await log.openConsumer(options)
      return overriding(consumer, {
        fetch: async ({ maxWaitMs, signal }) => {
          if (isWriting || script.length === 0) {
            await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))
          }
          isWriting = false
          const bytes = script.shift() ?? 0
          atMs += bytes === 0 ? maxWaitMs : 300
          let fetched: LogRecord[] = []
          // One at a time; the first ones are asked for before the group is joined.
          while (bytes > 0 && fetched.length === 0) fetched = await consumer.fetch({ maxBytes: 1, maxWaitMs: 1_000 })
          return fetched
        },
      })
    },
  })
  const insertBlocks = async (): Promise<void> => {
    isWriting = true
    writtenAtMs.push(atMs)
  }
  await start({ log: scripted, traces: { insertBlocks }, nowMs: () => FIXTURE_TIME_MS + atMs })
  return () => writtenAtMs
}

test('where the log has more than was fetched a batch waits for more, up to 2 s; else for half a second', async () => {
  const big = 1 << 19
  const behind = Array.from({ length: 7 }, () => big)
  const writtenAtMs = await writesOf([1, 0, ...behind, big, 0, 0, big - 10_000, 0])
  // Soon after the first; behind, with the first fetch from 2.4 s on; caught up, as in a trickle; and so by less than half a fetch.
  await until(() => expect(writtenAtMs()).toEqual([400, 2_500, 3_000, 3_500]))
})
