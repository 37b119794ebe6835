/**
 * The promise behind a 200: the span is there, once, whatever happens to the process. The whole of `assay up` is killed by SIGKILL
 * again and again, under load and while it starts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type AssayProcess, startAssay } from '../support/assay-process.ts'
import { type SentTraces, startSending } from './sender.ts'

const KILLS_UNDER_LOAD = 18
/** And after every so many of them, once more while it starts. */
const KILL_AT_START_EVERY = 6
const TENANT = 'default'

const dataDir = mkdtempSync(join(tmpdir(), 'assay-kill-'))
let running: AssayProcess | null = null
afterAll(async () => {
  await running?.kill()
  rmSync(dataDir, { recursive: true, force: true })
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** The process that was killed may be dying yet, and hold the folder. */
async function start(): Promise<AssayProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startAssay({ dataDir, timeoutMs: 30_000 })
    } catch (error) {
      if (attempt === 3) throw error
      await pause(300)
    }
  }
}

/** A few at a time, as a browser would. */
async function forEach<T>(items: Iterable<T>, visit: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await visit(item)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

/** Spans that came again were judged again: each subject shows one verdict of each eval, and the ledger counts it once. */
async function expectResultsOnce(traces: TracesStore, traceIds: readonly string[]): Promise<void> {
  const shown = new Map<string, number>()
  await forEach(traceIds, async (traceId) => {
    const results = await traces.queryResults(TENANT, { traceId, limit: 1_000 })
    const subjects = results.map(({ evalId, spanId }) => `${evalId} ${spanId}`)
    expect(subjects).toHaveLength(new Set(subjects).size)
    for (const { evalId } of results) shown.set(evalId, (shown.get(evalId) ?? 0) + 1)
  })
  expect(shown.get('pii/no_pii')).toBeGreaterThan(KILLS_UNDER_LOAD)
  const counted = new Map<string, number>()
  for (const { evalId, pass, fail, unknown, error } of await traces.ledger(TENANT)) {
    counted.set(evalId, (counted.get(evalId) ?? 0) + pass + fail + unknown + error)
  }
  expect(counted).toEqual(shown)
}

test('every acknowledged span is there exactly once after kills', { timeout: 400_000 }, async () => {
  const sent: SentTraces = { acknowledged: new Map(), unanswered: new Map() }
  for (let kill = 0; kill < KILLS_UNDER_LOAD; kill++) {
    running = await start()
    const sending = startSending(running.tracesUrl, sent)
    // From before the first batch is stored, through the middle of writes and commits, to a second of steady work.
    await pause((kill * 137) % 900)
    await running.kill()
    await sending.stop()
    if (kill % KILL_AT_START_EVERY === 0) {
      // Killed when its time to start is over: while it migrates, reads the log again, opens its queue.
      await expect(startAssay({ dataDir, timeoutMs: 400 + kill * 40 })).rejects.toThrow('was not ready')
    }
  }
  expect(sent.acknowledged.size).toBeGreaterThan(KILLS_UNDER_LOAD)

  running = await start()
  const { apiUrl } = running
  const missing = new Set(sent.acknowledged.keys())
  await vi.waitFor(
    async () => {
      await forEach(missing, async (traceId) => {
        const answer = await fetch(`${apiUrl}/v1/traces/${traceId}`)
        if (answer.status !== 200)
          throw new Error(
            `${missing.size} of ${sent.acknowledged.size} acknowledged traces are not there yet, the first of them ${traceId}`,
          )
        const { spans } = (await answer.json()) as { spans: { spanId: string }[] }
        expect(spans.map(({ spanId }) => spanId).sort()).toEqual([...sent.acknowledged.get(traceId)!].sort())
        missing.delete(traceId)
      })
    },
    // A machine whose cores are busy takes a minute to answer for them all; one trace that is lost would still be lost then.
    { timeout: 150_000, interval: 250 },
  )
  expect(await running.stop()).toBe(0)
  running = null

  // And nothing besides, in count: what was not answered is there whole or not at all.
  const traces = await openTraces({ dataDir })
  try {
    let expectedSpans = 0
    for (const spanIds of sent.acknowledged.values()) expectedSpans += spanIds.length
    for (const [traceId, spanIds] of sent.unanswered) {
      const found = await traces.getTrace(TENANT, traceId)
      if (found.length === 0) continue
      expect(found.map(({ spanId }) => spanId).sort()).toEqual([...spanIds].sort())
      expectedSpans += found.length
    }
    expect(await traces.countSpans(TENANT)).toBe(expectedSpans)
    await expectResultsOnce(traces, [...sent.acknowledged.keys(), ...sent.unanswered.keys()])
  } finally {
    await traces.close()
  }
})
