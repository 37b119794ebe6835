/** The embedded log alone: CPU of appending, fetching and deleting records as the gateway makes them, 25 spans in 30 kB. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Durability, EmbeddedLog } from '../storage/log/embedded.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'

const SPANS_PER_RECORD = 25
const RECORD_BYTES = 30_000
const TOPIC = 'agent-traces'
const HOUR_MS = 3_600_000

interface Measure {
  what: string
  cpuSecondsPerMillion: number
  spansPerSecond: number
}

async function measure(what: string, spans: number, body: () => Promise<void>): Promise<Measure> {
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  await body()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startMs) / 1000
  return { what, cpuSecondsPerMillion: (user + system) / spans, spansPerSecond: spans / seconds }
}

async function append(log: EmbeddedLog, values: readonly Uint8Array[], records: number, atOnce: number): Promise<void> {
  for (let i = 0; i < records; i += atOnce) {
    const calls = Array.from({ length: Math.min(atOnce, records - i) }, (_, j) =>
      log.append(TOPIC, [
        {
          key: null,
          partition: (i + j) % 4,
          value: values[(i + j) % values.length]!,
          headers: { tenant: 'default', spans: String(SPANS_PER_RECORD) },
        },
      ]),
    )
    await Promise.all(calls)
  }
}

async function fetchAll(log: EmbeddedLog, records: number): Promise<void> {
  const consumer = await log.openConsumer({ groupId: 'bench', topics: [TOPIC], startFrom: 'earliest' })
  let fetched = 0
  while (fetched < records) {
    const batch = await consumer.fetch({ maxBytes: 4 << 20, maxWaitMs: 1000 })
    fetched += batch.length
    await consumer.commit(batch.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 })))
  }
  await consumer.close()
}

function folderBytes(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

async function measureAll(durability: Durability, records: number): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-bench-log-'))
  const values = Array.from({ length: 64 }, () => randomBytes(RECORD_BYTES))
  const spans = records * SPANS_PER_RECORD
  let nowMs = Date.now()
  const log = await openEmbeddedLog({ dataDir, durability, nowMs: () => nowMs, retentionIntervalMs: null })
  try {
    const spec = { name: TOPIC, partitions: 4, retentionMs: HOUR_MS, retentionBytes: null, compacted: false }
    await log.ensureTopics([spec])
    const results = [
      await measure('append, 1 record a transaction', spans, () => append(log, values, records, 1)),
      await measure('append, 10 a turn', spans, () => append(log, values, records, 10)),
      await measure('append, 40 a turn', spans, () => append(log, values, records, 40)),
    ]
    const bytesPerSpan = folderBytes(dataDir) / (3 * spans)
    results.push(await measure('fetch and commit, 4 MB a fetch', 3 * spans, () => fetchAll(log, 3 * records)))
    nowMs += 2 * HOUR_MS
    results.push(await measure('delete by time', 3 * spans, () => log.enforceRetention()))
    results.push(await measure('append into freed pages, 10 a turn', spans, () => append(log, values, records, 10)))
    console.log(`log, durability ${durability}, ${records} records of 30 kB and 25 spans, 4 partitions`)
    for (const { what, cpuSecondsPerMillion, spansPerSecond } of results) {
      const cpu = cpuSecondsPerMillion.toFixed(2).padStart(6)
      console.log(`  ${what.padEnd(36)} ${cpu} CPU s per million spans, ${Math.round(spansPerSecond)} spans/s`)
    }
    console.log(`  on disk ${bytesPerSpan.toFixed(0)} B a span of ${RECORD_BYTES / SPANS_PER_RECORD} B`)
  } finally {
    await log.close()
    rmSync(dataDir, { recursive: true })
  }
}

/** Prints CPU seconds per million spans and spans per second of each step. */
export async function run(options: { records?: number } = {}): Promise<void> {
  await measureAll('process', options.records ?? 4000)
  await measureAll('power', options.records ?? 4000)
}
