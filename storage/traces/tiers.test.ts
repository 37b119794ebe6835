/** Retention on real disks: what is old moves to the cold one, and what is past its time goes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { configureEngine } from '../../test/support/configured-engine.ts'
import { connectEngine, openTraces } from './open.ts'
import type { TracesStore } from './port.ts'
import { DEFAULT_RETENTION, type RetentionSettings } from './retention.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-tiers-'))
const coldDir = join(dataDir, 'cold')
let engine: { close(): void }
let client: ClickHouseClient
let store: TracesStore

beforeAll(async () => {
  mkdirSync(coldDir)
  engine = configureEngine(
    dataDir,
    `<storage_configuration>
      <disks><cold><path>${coldDir}/</path></cold></disks>
      <policies><tiered><volumes>
        <default><disk>default</disk></default><cold><disk>cold</disk></cold>
      </volumes></tiered></policies>
    </storage_configuration>`,
  )
  client = (await connectEngine({ dataDir })).client
  store = await openTraces({ dataDir })
  await store.migrate()
})
afterAll(async () => {
  await store.close()
  await client.close()
  engine.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The engine's clock is the machine's: ages are counted from now, and far enough from any border. */
const nowUs = Date.now() * 1000
const agoUs = (days: number): number => nowUs - days * 86_400e6
const TENANTS = ['plain', 'short', "keep'er"]
const AGES = [5, 50, 200, 500]
const id = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')

async function putInForce(over: Partial<RetentionSettings>): Promise<void> {
  const opened = await openTraces({ dataDir, retention: { ...DEFAULT_RETENTION, ...over } })
  await opened.migrate()
  await opened.close()
}

/** Ages in days of what a table has of a tenant, and on which disk. */
async function kept(table: 'spans' | 'results', tenant: string): Promise<string[]> {
  const time = table === 'spans' ? 'start_time' : 'subject_time'
  const answer = await client.query({
    query: `SELECT intDiv({now:Int64} - toUnixTimestamp64Micro(${time}), 86400000000) AS age, disk_name AS disk
FROM assay.${table} JOIN (SELECT name, disk_name FROM system.parts WHERE database = 'assay' AND table = {table:String} AND active) AS parts
ON parts.name = _part WHERE tenant = {tenant:String} ORDER BY age`,
    query_params: { now: nowUs, table, tenant },
    format: 'JSONEachRow',
  })
  return (await answer.json<{ age: number | string; disk: string }>()).map(({ age, disk }) => `${age} ${disk}`)
}

/** Merges and moves come in the background; `OPTIMIZE` makes the merges now. */
async function settled(expected: Readonly<Record<string, readonly string[]>>): Promise<void> {
  for (let tries = 0; ; tries++) {
    for (const table of ['spans', 'results']) await client.command({ query: `OPTIMIZE TABLE assay.${table} FINAL` })
    const found: Record<string, string[]> = {}
    for (const tenant of TENANTS) found[tenant] = await kept('spans', tenant)
    if (JSON.stringify(found) === JSON.stringify(expected) || tries === 40) {
      expect(found).toEqual(expected)
      for (const tenant of TENANTS) expect(await kept('results', tenant)).toEqual(expected[tenant])
      return
    }
    await sleep(250)
  }
}

test('moves at 30 days, goes at a year, and as a tenant has it', async () => {
  const spans = TENANTS.flatMap((tenant) =>
    AGES.map((age, i) =>
      makeSpan({ tenant, traceId: id(32, i + 1), spanId: id(16, i + 1), name: 's', startTimeUs: agoUs(age) }),
    ),
  )
  const results = spans.map(({ tenant, traceId, spanId, startTimeUs }) =>
    makeResult({
      tenant,
      evalId: 'p/e',
      measureHash: 'm',
      verdictHash: 'v',
      subjectKind: 'llm_call',
      traceId,
      spanId,
      subjectTimeUs: startTimeUs,
      evaluatedAtMs: nowUs / 1000,
    }),
  )
  await store.insertSpans(spans, 'spans')
  await store.insertResults(results, 'results')
  const everything = AGES.map((age) => `${age} default`)
  await settled({ plain: everything, short: everything, "keep'er": everything })

  await putInForce({
    tenantDays: new Map([
      ['short', 20],
      ["keep'er", null],
    ]),
  })
  const byDefault = ['5 default', '50 cold', '200 cold']
  await settled({ plain: byDefault, short: ['5 default'], "keep'er": [...byDefault, '500 cold'] })
  expect(await store.countSpans('plain')).toBe(3)
})

test('a setting that is changed later holds for what is stored', async () => {
  await putInForce({ days: 100, coldAfterDays: 100, tenantDays: new Map([["keep'er", null]]) })
  await settled({
    plain: ['5 default', '50 cold'],
    short: ['5 default'],
    "keep'er": ['5 default', '50 cold', '200 cold', '500 cold'],
  })
})

test('clocks that are wrong by centuries keep their rows until their date is past', async () => {
  const span = makeSpan({
    tenant: 'wild',
    traceId: id(32, 9),
    spanId: id(16, 9),
    name: 's',
    startTimeUs: 9_000_000_000_000_000,
  })
  await store.insertSpans([span], 'wild')
  await client.command({ query: 'OPTIMIZE TABLE assay.spans FINAL' })
  expect(await store.countSpans('wild')).toBe(1)
})
