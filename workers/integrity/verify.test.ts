import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import { createChdbConnection } from 'chdb/connection'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { encodeResults } from '../../engine/codec/results.ts'
import { buildPlan } from '../../engine/evaluate/build-plan.ts'
import { findingsOf, type VerifyReport } from '../../engine/integrity/report.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { deadLetter } from '../../storage/log/dead-letter.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import type { RecordToAppend } from '../../storage/log/port.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS, onlineTopics } from '../../storage/log/topics.ts'
import { TracesIntegrity } from '../../storage/traces/integrity.ts'
import { migrate } from '../../storage/traces/migrate.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { DEFAULT_RETENTION } from '../../storage/traces/retention.ts'
import { overriding } from '../../test/support/overriding.ts'
import { spanIdOf, traceIdOf, traceRecord } from '../online/fixtures/records.ts'
import { startStoreLoop } from '../online/store-loop.ts'
import { type VerifyOptions, verify } from './verify.ts'

const dir = mkdtempSync(join(tmpdir(), 'assay-verify-'))
const DAY_MS = 24 * 3_600_000
const dayMs = Date.UTC(2026, 5, 1)
let nowMs = 0
let databases = 0
let traces: TracesStore
let store: TracesIntegrity
let log: EmbeddedLog
let sql: (query: string) => Promise<unknown>
const nothing = compileRedaction(buildPlan({}))
const client = createClient({
  connection: createChdbConnection({ path: join(dir, 'traces', 'chdb') }) as never,
})

beforeAll(() => {
  nowMs = dayMs
})
afterAll(async () => {
  await client.close()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(async () => {
  const database = `d${++databases}`
  nowMs = dayMs + 12 * 3_600_000
  traces = await openTraces({ dataDir: dir, database, nowMs: () => nowMs })
  await traces.migrate()
  store = new TracesIntegrity(client, database)
  sql = (query) => client.command({ query: query.replaceAll('{db}', database) })
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => nowMs })
  await log.ensureTopics(onlineTopics)
})
afterEach(() => log.close())

/** A record of spans of one trace, which began when the log took them. */
const spans = (trace: number, ids: readonly number[], partition = 0): RecordToAppend =>
  traceRecord(
    'acme',
    ids.map((id) => ({ trace, id, startMs: nowMs })),
    partition,
  )

const results = (trace: number, id: number, fields = {}): RecordToAppend => ({
  key: 'acme/shop/quick',
  value: encodeResults([
    makeResult({
      tenant: 'acme',
      evalId: 'shop/quick',
      traceId: traceIdOf(trace),
      spanId: spanIdOf(id),
      subjectTimeUs: nowMs * 1000,
      evaluatedAtMs: nowMs,
      ...fields,
    }),
  ]),
})

/** Stores all that is in the log. */
async function storeAll(): Promise<void> {
  const startMs = performance.now()
  const loop = await startStoreLoop({
    log,
    traces,
    definitions: () => nothing,
    nowMs: () => nowMs + Math.round(performance.now() - startMs),
  })
  await vi.waitFor(
    async () => {
      const committed = await log.committed('trans-store')
      for (const topic of [AGENT_TRACES, EVAL_RESULTS])
        for (const { partition, end } of await log.endOffsets(topic))
          expect(committed.find((one) => one.topic === topic && one.partition === partition)?.offset ?? 0).toBe(end)
    },
    { timeout: 10_000, interval: 20 },
  )
  await loop.drain()
}

const check = (over: Partial<VerifyOptions> = {}): Promise<VerifyReport> =>
  verify({ log, store, fromMs: dayMs, toMs: dayMs + DAY_MS, nowMs: () => nowMs, ...over })

test('everything is where it should be', async () => {
  await log.append(AGENT_TRACES, [spans(1, [1, 2]), spans(2, [3]), spans(3, [4, 5, 6], 1)])
  await log.append(EVAL_RESULTS, [
    { ...results(1, 1), partition: 2 },
    { ...results(2, 0, { spanId: '' }), partition: 2 },
  ])
  await storeAll()
  const report = await check()
  expect(findingsOf(report)).toEqual([])
  expect(report).toMatchObject({ isClean: true, from: '2026-06-01T00:00:00.000Z', to: '2026-06-02T00:00:00.000Z' })
  expect(report.days).toMatchObject([
    { topic: AGENT_TRACES, partition: 0, day: '2026-06-01', records: 2, stored: 2, missing: 0, lag: 0 },
    { topic: AGENT_TRACES, partition: 1, day: '2026-06-01', records: 1, stored: 1, missing: 0, lag: 0 },
    { topic: EVAL_RESULTS, partition: 2, day: '2026-06-01', records: 2, stored: 2, missing: 0, lag: 0 },
  ])
  expect(await check({ isDeep: true })).toMatchObject({ isClean: true, days: report.days })
})

test('what is acknowledged and gone is a gap, with its offsets', async () => {
  await log.append(
    AGENT_TRACES,
    [1, 2, 3, 4, 5].map((trace) => spans(trace, [trace])),
  )
  await log.append(EVAL_RESULTS, [
    { ...results(1, 1), partition: 2 },
    { ...results(5, 5), partition: 2 },
  ])
  await storeAll()
  await sql(`ALTER TABLE {db}.spans DELETE WHERE log_offset IN (1, 2, 4) SETTINGS mutations_sync = 2`)
  await sql(`ALTER TABLE {db}.results DELETE WHERE log_offset = 0 SETTINGS mutations_sync = 2`)
  const report = await check()
  expect(report.gaps).toEqual({
    records: 4,
    ranges: [
      { topic: AGENT_TRACES, partition: 0, from: 1, to: 3 },
      { topic: AGENT_TRACES, partition: 0, from: 4, to: 5 },
      { topic: EVAL_RESULTS, partition: 2, from: 0, to: 1 },
    ],
  })
  expect(report).toMatchObject({ isClean: false, orphans: { results: 1 } })
  expect(findingsOf(report)).toEqual([
    '4 acknowledged records neither stored nor in dead-letters: agent-traces/0/1-2, agent-traces/0/4-4, eval-results/2/0-0',
    `1 result without a stored subject, such as shop/quick of trace ${traceIdOf(5)}`,
  ])
})

test('a span that a record lost is found when every record is read', async () => {
  await log.append(AGENT_TRACES, [spans(1, [1, 2, 3])])
  await storeAll()
  await sql(`ALTER TABLE {db}.spans DELETE WHERE span_id = unhex('${spanIdOf(2)}') SETTINGS mutations_sync = 2`)
  expect(await check()).toMatchObject({ isClean: true })
  expect(await check({ isDeep: true })).toMatchObject({ isClean: false, gaps: { records: 1 } })
})

test('dead letters, empty records, what was sent twice, what waits and what retention took are no gaps', async () => {
  await log.append(AGENT_TRACES, [
    { key: null, partition: 0, value: Buffer.from('neither'), headers: { tenant: 'acme' } },
    { key: null, partition: 0, value: new Uint8Array(0), headers: { tenant: 'acme' } },
    spans(1, [1]),
    spans(1, [1]),
  ])
  await storeAll()
  await sql('OPTIMIZE TABLE {db}.spans FINAL')
  await log.append(AGENT_TRACES, [spans(2, [2])])
  const report = await check()
  expect(findingsOf(report)).toEqual([])
  expect(report.days).toMatchObject([
    { records: 4, stored: 1, storedElsewhere: 1, empty: 1, deadLettered: 1, missing: 0, lag: 1 },
  ])
})

test('what is past its tenant’s retention is no gap, and no orphan', async () => {
  const of = (tenant: string, trace: number, ids: readonly number[], startMs: number) =>
    traceRecord(
      tenant,
      ids.map((id) => ({ trace, id, startMs })),
      0,
    )
  const longAgoMs = Date.UTC(1980, 0, 1)
  await log.append(AGENT_TRACES, [of('acme', 1, [1, 2], longAgoMs), of('keeper', 2, [3], longAgoMs), spans(3, [4])])
  await log.append(EVAL_RESULTS, [{ ...results(1, 1, { subjectTimeUs: longAgoMs * 1000 }), partition: 2 }])
  await storeAll()
  const retention = { ...DEFAULT_RETENTION, days: null, tenantDays: new Map([['acme', 10_000]]) }
  await migrate(client, { database: `d${databases}`, retention })
  await sql(`OPTIMIZE TABLE {db}.spans FINAL`)
  await sql(`ALTER TABLE {db}.results DELETE WHERE log_offset = 0 SETTINGS mutations_sync = 2`)
  const report = await check()
  expect(findingsOf(report)).toEqual([])
  expect(report.days).toMatchObject([
    { topic: AGENT_TRACES, records: 3, stored: 2, expired: 1, missing: 0 },
    { topic: EVAL_RESULTS, records: 1, stored: 0, expired: 1, missing: 0 },
  ])
  // Kept for ever, and gone all the same.
  await sql(`ALTER TABLE {db}.spans DELETE WHERE tenant = 'keeper' SETTINGS mutations_sync = 2`)
  expect(await check()).toMatchObject({ gaps: { records: 1, ranges: [{ from: 1, to: 2 }] } })
})

test('a result that has outlived its subject is no orphan once both may be deleted', async () => {
  await log.append(EVAL_RESULTS, [
    { ...results(1, 1, { subjectTimeUs: Date.UTC(1980, 0, 1) * 1000 }), partition: 2 },
    { ...results(2, 2), partition: 2 },
  ])
  await storeAll()
  await sql('SYSTEM STOP TTL MERGES {db}.results')
  const days = (kept: number) => ({ ...DEFAULT_RETENTION, tenantDays: new Map([['acme', kept]]) })
  await migrate(client, { database: `d${databases}`, retention: days(30_000) })
  expect(await check()).toMatchObject({ orphans: { results: 2 } })
  await migrate(client, { database: `d${databases}`, retention: days(10_000) })
  expect(await check()).toMatchObject({ orphans: { results: 1, examples: [{ traceId: traceIdOf(2) }] } })
})

test('a letter of another group excuses no gap; one that names none does', async () => {
  await log.append(AGENT_TRACES, [spans(1, [1]), spans(2, [2]), spans(3, [3])])
  await storeAll()
  await sql(`TRUNCATE TABLE {db}.spans`)
  const [first, second, third] = await log.read(AGENT_TRACES, 0, 0, 3)
  const { group: _, ...headers } = deadLetter(third!, 'trans-store', 'unstorable', 'why').headers ?? {}
  await log.append(DEAD_LETTERS, [
    deadLetter(first!, 'trans-store', 'unstorable', 'why'),
    deadLetter(second!, 'trans-evaluate', 'failed', 'why'),
    { key: null, value: third!.value, headers },
  ])
  expect(await check()).toMatchObject({
    gaps: { ranges: [{ partition: 0, from: 1, to: 2 }] },
    days: [{ deadLettered: 2, missing: 1 }],
  })
})

test('records are read in pages of bounded bytes', async () => {
  await log.append(
    AGENT_TRACES,
    [1, 2, 3].map((trace) => spans(trace, [trace])),
  )
  await storeAll()
  await sql(`ALTER TABLE {db}.spans DELETE WHERE log_offset = 1 SETTINGS mutations_sync = 2`)
  const bounds: (number | undefined)[] = []
  const tight = overriding(log, {
    read: (topic, partition, from, most, maxBytes) => {
      bounds.push(maxBytes)
      return log.read(topic, partition, from, most, Math.min(1, maxBytes ?? 1))
    },
  })
  expect(await check({ log: tight, isDeep: true })).toMatchObject({ days: [{ records: 3, stored: 2, missing: 1 }] })
  expect(bounds.length).toBeGreaterThan(3)
  expect(bounds.every((bound) => bound !== undefined)).toBe(true)
})

test('rows of before positions were kept are found by what is in them', async () => {
  const record = spans(1, [1, 2])
  await log.append(AGENT_TRACES, [record])
  await storeAll()
  await sql(
    `ALTER TABLE {db}.spans UPDATE log_partition = 4294967295, log_offset = 0 WHERE 1 SETTINGS mutations_sync = 2`,
  )
  expect((await check()).days).toMatchObject([{ records: 1, stored: 0, storedElsewhere: 1, missing: 0 }])
})

test('offsets of another log are not taken for this one’s', async () => {
  await log.append(AGENT_TRACES, [spans(1, [1])])
  await storeAll()
  await log.close()
  // Days later, on an empty log: the offsets begin again.
  nowMs += 3 * DAY_MS
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => nowMs })
  await log.ensureTopics(onlineTopics)
  await log.append(AGENT_TRACES, [spans(2, [2])])
  await storeAll()
  await sql(`ALTER TABLE {db}.spans DELETE WHERE trace_id = unhex('${traceIdOf(2)}') SETTINGS mutations_sync = 2`)
  const window = { fromMs: dayMs + 3 * DAY_MS, toMs: dayMs + 4 * DAY_MS }
  expect(await check(window)).toMatchObject({ isClean: false, gaps: { records: 1 } })
})

test('duplicates: rows that a merge will drop are told from spans that queries count twice', async () => {
  await log.append(AGENT_TRACES, [spans(1, [1])])
  await storeAll()
  nowMs += 1_000
  await log.append(AGENT_TRACES, [traceRecord('acme', [{ trace: 1, id: 1, startMs: nowMs - 1_000 }], 0)])
  await storeAll()
  expect((await check()).duplicates).toEqual({ visibleSpans: 0, awaitingMerge: { spans: 1, results: 0 } })
  await log.append(AGENT_TRACES, [traceRecord('acme', [{ trace: 1, id: 1, startMs: nowMs - DAY_MS }], 0)])
  await storeAll()
  // As each night: the window of one day.
  const report = await check()
  expect(report.duplicates.visibleSpans).toBe(1)
  expect(findingsOf(report)).toEqual(['1 span counted twice: the sender gave them start times on two days'])
})

test('a result whose span is still on its way is no orphan', async () => {
  await log.append(EVAL_RESULTS, [{ ...results(7, 7), partition: 2 }])
  await storeAll()
  expect(await check()).toMatchObject({ isClean: false, orphans: { results: 1 } })
  // Of the same moment, and not stored yet.
  await log.append(AGENT_TRACES, [spans(7, [7])])
  expect(await check()).toMatchObject({ isClean: true, orphans: { results: 0 } })
})
