/**
 * End to end: spans per second accepted over OTLP/HTTP and durably queryable, with both standard packs in force.
 * The server is a process of its own; the client shares the machine's cores with it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { healthSchema } from '../server/schemas.ts'
import { type AssayProcess, startAssay } from '../test/support/assay-process.ts'
import { type LoadReport, sendLoad } from './load.ts'
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

/** Spans sent before the count begins, so that what is measured is the running service and not its compiler. */
const warmUpSpans = 200_000

export interface Load {
  spans: number
  /** 0 is as fast as they are taken. */
  spansPerSecond: number
}

/** Engines in processes of their own that the instance works with. */
export interface Engines {
  env: Readonly<Record<string, string>>
  /** By name, for the CPU that each takes. */
  pids: Readonly<Record<string, number>>
}

/** Runs the load once, after a warm-up, and prints what it took. */
export async function run(load: Load, engines: Engines = { env: {}, pids: {} }): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const assay = await startAssay({ dataDir, env: engines.env, timeoutMs: 60_000 })
  try {
    await sendAndStore(assay, { spans: warmUpSpans, spansPerSecond: load.spansPerSecond }, 0)
    const before = processUsage(assay.pid)
    const enginesBefore = cpuOf(engines)
    const threadsBefore = threadCpuSeconds(assay.pid)
    const { report, seconds, stored } = await sendAndStore(assay, load, warmUpSpans)
    const after = processUsage(assay.pid)
    const enginesAfter = cpuOf(engines)
    const threads = [...threadCpuSeconds(assay.pid)]
      .map(([name, cpuSeconds]) => [name, cpuSeconds - (threadsBefore.get(name) ?? 0)] as const)
      .filter(([, cpuSeconds]) => cpuSeconds >= 0.1)
      .sort((a, b) => b[1] - a[1])
    const missing = await missingTraces(assay.apiUrl, report.traceIds)
    const perSecond = report.acceptedSpans / seconds
    const millions = report.acceptedSpans / 1e6
    const cpu = before && after ? (after.cpuSeconds - before.cpuSeconds) / millions : Number.NaN
    const at = (q: number): string =>
      (report.latenciesMs[Math.floor((report.latenciesMs.length - 1) * q)] ?? 0).toFixed(1)
    const pace = load.spansPerSecond > 0 ? `at ${load.spansPerSecond}/s` : 'as fast as they are taken'
    console.log(`ingest, ${report.acceptedSpans} spans ${pace}, after ${warmUpSpans} to warm up`)
    console.log(`  accepted            ${Math.round(report.acceptedSpans / report.seconds)} spans/s`)
    console.log(
      `  durably queryable   ${Math.round(perSecond)} spans/s (stored ${stored}, ${missing} of 20 sampled traces incomplete)`,
    )
    console.log(`  CPU                 ${cpu.toFixed(1)} s per million spans`)
    console.log(
      `  CPU by thread       ${threads.map(([name, cpuSeconds]) => `${name} ${(cpuSeconds / millions).toFixed(1)}`).join(', ')}`,
    )
    for (const [name, cpuSeconds] of enginesAfter) {
      const spent = (cpuSeconds - (enginesBefore.get(name) ?? 0)) / millions
      console.log(`  ${`CPU of ${name}`.padEnd(20)}${spent.toFixed(1)} s per million spans`)
    }
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

function cpuOf({ pids }: Engines): Map<string, number> {
  return new Map(Object.entries(pids).map(([name, pid]) => [name, processUsage(pid)?.cpuSeconds ?? Number.NaN]))
}

/** Sends, and waits until all of it and the `alreadyStored` before it can be queried. */
async function sendAndStore(
  assay: AssayProcess,
  load: Load,
  alreadyStored: number,
): Promise<{ report: LoadReport; seconds: number; stored: number }> {
  const startedMs = performance.now()
  const report = await sendLoad({ url: assay.tracesUrl, connections: 4, ...load })
  const deadlineMs = performance.now() + 600_000
  let stored = 0
  while (stored < report.acceptedSpans && performance.now() < deadlineMs) {
    stored = (await storedSpans(assay.apiUrl)) - alreadyStored
    await sleep(50)
  }
  return { report, seconds: (performance.now() - startedMs) / 1000, stored }
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
