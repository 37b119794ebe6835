/** A backup of Kafka and ClickHouse: into a ClickHouse that is new while Kafka lives, and into a data folder, where both are gone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadCheckpoints } from '../alerting/checkpoint.ts'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import { compileRedaction } from '../engine/redact/redact.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { openKafkaLog, parseKafkaUrl } from '../storage/log/kafka.ts'
import type { Log } from '../storage/log/port.ts'
import { AGENT_TRACES, onlineTopicsFor } from '../storage/log/topics.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { traceRecord } from '../workers/online/fixtures/records.ts'
import { startStoreLoop } from '../workers/online/store-loop.ts'
import { storeRows, storeSettings, TENANTS } from './fixtures/backup-rows.ts'
import { runAssay } from './support/assay-process.ts'
import { type ClickHouseServer, startClickHouse } from './support/clickhouse-server.ts'
import { everythingInLog, everythingOf } from './support/everything-stored.ts'
import { type KafkaBroker, startKafkaBroker } from './support/kafka-broker.ts'
import { kafkaIsMissing } from './support/kafka-jars.ts'
import { until } from './support/otlp.ts'

const missing = kafkaIsMissing()

describe.skipIf(missing !== null)(`Kafka and ClickHouse${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-backup-engines-'))
  const to = join(folder, 'backup')
  let broker: KafkaBroker
  let servers: ClickHouseServer[]
  let log: Log
  let first: TracesStore
  let second: TracesStore
  beforeAll(async () => {
    const [started, ...both] = await Promise.all([startKafkaBroker(), startClickHouse(), startClickHouse()])
    broker = started
    servers = both
    const parsed = parseKafkaUrl(`kafka://${broker.address}`)
    if (!parsed.ok) throw new Error(parsed.message)
    log = await openKafkaLog({ settings: parsed.settings })
    await log.ensureTopics(onlineTopicsFor('kafka', 1, 2))
    ;[first, second] = (await Promise.all(both.map(({ url }) => openTraces({ url })))) as [TracesStore, TracesStore]
    await first.migrate()
    await storeRows(first)
    await storeSettings(log, () => 1)
  }, 90_000)
  afterAll(async () => {
    await Promise.all([first?.close(), second?.close(), log?.close()])
    await Promise.all([broker?.stop(), ...(servers ?? []).map((server) => server.stop())])
    rmSync(folder, { recursive: true, force: true })
  })

  const env = (server: number) => ({
    ASSAY_LOG_URL: `kafka://${broker.address}`,
    ASSAY_TRACES_URL: servers[server]?.url ?? '',
  })
  /** Until so many spans of `default` are there. */
  async function store(traces: TracesStore, spans: number): Promise<void> {
    const redactor = compileRedaction(EMPTY_PLAN)
    const loop = await startStoreLoop({ log, traces, definitions: () => redactor, nowMs: Date.now })
    await until(`${spans} spans`, async () => (await traces.countSpans('default')) === spans)
    await loop.drain()
  }

  test('there and back', { timeout: 150_000 }, async () => {
    await log.append(AGENT_TRACES, [traceRecord('default', [{ trace: 1, id: 1 }], 1)])
    await store(first, 5)
    const before = await everythingOf(first, TENANTS)
    const made = await runAssay(['backup', '--to', to, '--json'], { env: env(0), timeoutMs: 60_000 })
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const tables = { spans: { rows: 10, partitions: 5 }, results: { rows: 8, partitions: 4 } }
    expect(JSON.parse(made.stdout)).toMatchObject({ log: 'kafka', areSpansComplete: true, tables })
    await log.append(AGENT_TRACES, [traceRecord('default', [{ trace: 2, id: 2 }], 1)])
    await store(first, 6)
    const after = await everythingOf(first, TENANTS)

    const back = await runAssay(['restore', '--from', to], { env: env(1), timeoutMs: 60_000 })
    expect(back).toMatchObject({ code: 0, stderr: '' })
    expect(back.stdout).toMatch(/^8 results, 10 spans restored to the log and the traces store\n/)
    expect(back.stdout).toContain('access-keys has records and was left as it is\n')
    expect(await everythingOf(second, TENANTS)).toEqual(before)
    // What came since is in Kafka, and is stored from there.
    await store(second, 6)
    expect(await everythingOf(second, TENANTS)).toEqual(after)
    const refused = await runAssay(['restore', '--from', to], { env: env(1), timeoutMs: 60_000 })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--force throws them away') })

    const dataDir = join(folder, 'data')
    expect(await runAssay(['restore', '--from', to, '--data', dataDir], { timeoutMs: 60_000 })).toMatchObject({
      code: 0,
      stderr: '',
    })
    const traces = await openTraces({ dataDir })
    expect(await everythingOf(traces, TENANTS)).toEqual(before)
    await traces.close()
    const embedded = await openEmbeddedLog({ dataDir })
    expect(await everythingInLog(embedded, 'acme')).toEqual(await everythingInLog(log, 'acme'))
    const [checkpoint] = (await loadCheckpoints(embedded, () => {})).get('acme')?.values() ?? []
    expect(checkpoint).toMatchObject({ nextOffset: 0 })
    expect(checkpoint?.state.groups.get('')?.incidentCount).toBe(3)
    await embedded.close()
  })
})
