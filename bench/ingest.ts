/**
 * End to end: spans per second accepted over OTLP/HTTP and durably queryable, with both standard packs in force.
 * The server is a process of its own; the client shares the machine's cores with it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { healthSchema } from '../server/schemas.ts'
import { startAssay } from '../test/support/assay-process.ts'
import { sendLoad } from './load.ts'
import { processUsage } from './process-usage.ts'
import { threadCpuSeconds } from './threads.ts'

/** Stored spans/s and CPU seconds per million, measured on a 2-core machine with spans of the same size. */
const rivals = [
  { name: 'Phoenix 20.26, SQLite', storedPerSecond: 180, cpuSecondsPerMillion: 5_253 },
  { name: 'MLflow 3.17, SQLite', storedPerSecond: 1_165, cpuSecondsPerMillion: 992 },
  { name: 'Jaeger v2, Badger', storedPerSecond: 7_422, cpuSecondsPerMillion: 213 },
] as const

async function storedSpans(apiUrl: string): Promise<number> {
  const response = await fetch(`${apiUrl}/health`)
  const { components } = healthSchema.parse(await response.json())
  return components.find((component) => component.name === 'store')?.counters?.spans ?? 0
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs the load once. `spansPerSecond` 0 is as fast as it is taken. */
export async function run(options: { spans: number; spansPerSecond: number }): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const assay = await startAssay({ dataDir })
  try {
    const before = processUsage(assay.pid)
    const startedMs = performance.now()
    const report = await sendLoad({
      url: assay.tracesUrl,
      spans: options.spans,
      connections: 4,
      spansPerSecond: options.spansPerSecond,
    })
    let stored = 0
    while (stored < report.acceptedSpans && performance.now() - startedMs < 600_000) {
      stored = await storedSpans(assay.apiUrl)
      await sleep(50)
    }
    const queryableSeconds = (performance.now() - startedMs) / 1000
    const after = processUsage(assay.pid)
    const threads = [...threadCpuSeconds(assay.pid)].sort((a, b) => b[1] - a[1]).slice(0, 12)
    const missing = await missingTraces(assay.apiUrl, report.traceIds)
    const perSecond = report.acceptedSpans / queryableSeconds
    const millions = report.acceptedSpans / 1e6
    const cpu = before && after ? (after.cpuSeconds - before.cpuSeconds) / millions : Number.NaN
    const at = (q: number): string =>
      (report.latenciesMs[Math.floor((report.latenciesMs.length - 1) * q)] ?? 0).toFixed(1)
    const pace = options.spansPerSecond > 0 ? `at ${options.spansPerSecond}/s` : 'as fast as taken'
    console.log(`ingest, ${report.acceptedSpans} spans, ${pace}`)
    console.log(`  accepted            ${Math.round(report.acceptedSpans / report.seconds)} spans/s`)
    console.log(
      `  durably queryable   ${Math.round(perSecond)} spans/s (stored ${stored}, ${missing} of 20 sampled traces incomplete)`,
    )
    console.log(`  CPU                 ${cpu.toFixed(1)} s per million spans`)
    console.log(
      `  CPU by thread       ${threads.map(([name, cpuSeconds]) => `${name} ${cpuSeconds.toFixed(1)} s`).join(', ')}`,
    )
    console.log(`  peak memory         ${Math.round((after?.peakRssBytes ?? 0) / 1e6)} MB`)
    console.log(`  acknowledged        p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; refused ${report.rejected}`)
    for (const rival of rivals) {
      console.log(
        `  beside ${rival.name}: ${(perSecond / rival.storedPerSecond).toFixed(1)}× the rate, ${(rival.cpuSecondsPerMillion / cpu).toFixed(1)}× less CPU`,
      )
    }
  } finally {
    await assay.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Asks for 20 traces spread over the load: how many are not there whole. */
async function missingTraces(apiUrl: string, traceIds: readonly string[]): Promise<number> {
  const step = Math.max(1, Math.floor(traceIds.length / 20))
  let incomplete = 0
  for (const traceId of traceIds.filter((_, index) => index % step === 0).slice(0, 20)) {
    const response = await fetch(`${apiUrl}/v1/traces/${traceId}`)
    const body = response.ok ? ((await response.json()) as { spans: unknown[] }) : { spans: [] }
    if (body.spans.length !== 10) incomplete++
  }
  return incomplete
}
