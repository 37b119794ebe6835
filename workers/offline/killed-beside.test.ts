/** A scheduler and one of two workers, killed by SIGKILL while the other worker lives: processes of their own that share Redis. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { decodeResults } from '../../engine/codec/results.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { resultId } from '../../engine/model/result-id.ts'
import { FAULT_POINT_VARIABLE } from '../../storage/fault-point.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { EVAL_RESULTS } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { startOpenAiServer } from '../../test/support/openai-server.ts'
import { redisServer, startRedis } from '../../test/support/redis-server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 })

const SLOT_MS = Date.parse('2026-11-03T06:00:00Z')
const RUN_ID = 'test/killed@2026-11-03T0600Z'
const SUBJECTS = 60
/** Answered before the judge holds its answers back. */
const AT_ONCE = 10
/** Subjects that a worker judges at the same time, unless told. */
const CALLS_AT_ONCE = 32
const script = new URL('testing/offline-process.ts', import.meta.url).pathname

let folder: string
const folderOf = (name: string): string => join(folder, name)
const alive = new Set<ChildProcess>()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-killed-beside-'))
  const dataDir = folderOf('a')
  const traces = await openTraces({ dataDir, nowMs: () => SLOT_MS - 1_800_000 })
  await traces.migrate()
  const spans = Array.from({ length: SUBJECTS }, (_, i) =>
    makeSpan({
      traceId: (i + 1).toString(16).padStart(32, '0'),
      spanId: '1'.padStart(16, '0'),
      kind: 'agent',
      startTimeUs: (SLOT_MS - 1_800_000 + i) * 1000,
      durationNs: 1e9,
      outputText: `answer ${i}`,
    }),
  )
  await traces.insertSpans(spans, 'test:traces')
  await traces.close()
  const log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  await log.ensureTopics([
    { name: EVAL_RESULTS, partitions: 1, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  await log.close()
  // A data folder is one process's: the store that they would share stands in each.
  for (const name of ['b', 'scheduler']) await cp(dataDir, folderOf(name), { recursive: true })
})
afterEach(async () => {
  for (const child of alive) child.kill('SIGKILL')
  alive.clear()
  await rm(folder, { recursive: true, force: true })
})

interface Role {
  child: ChildProcess
  /** Rejects where it ends before. */
  up: Promise<void>
  /** The signal that ended it, or its exit code. */
  ended: Promise<string | number | null>
}

function role(name: string, env: Record<string, string>): Role {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, DATA_DIR: folderOf(name), JUDGE_KEY: name, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  alive.add(child)
  const ended = new Promise<string | number | null>((resolve) =>
    child.on('exit', (code, signal) => {
      alive.delete(child)
      resolve(signal ?? code)
    }),
  )
  const up = Promise.race([
    new Promise<void>((resolve) => child.stdout?.once('data', () => resolve())),
    ended.then((how) => Promise.reject(new Error(`${name} ended with ${how} before it was up`))),
  ])
  up.catch(() => {})
  return { child, up, ended }
}

async function published(name: string): Promise<EvalResult[]> {
  const log = await openEmbeddedLog({ dataDir: folderOf(name), retentionIntervalMs: null })
  const results: EvalResult[] = []
  for (const { partition, start } of await log.endOffsets(EVAL_RESULTS))
    for (const record of await log.read(EVAL_RESULTS, partition, start, 1_000))
      results.push(...decodeResults(record.value))
  await log.close()
  return results
}

describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    test('the run is made once and to its end: no subject is lost, and no more asked again than were on their way', async () => {
      const redis = await startRedis()
      const held = Promise.withResolvers<void>()
      const content = JSON.stringify({ evidence: [], reasoning: 'Read.', abstain: false, score: 4 })
      const judge = await startOpenAiServer({
        async answer(_, index) {
          if (index >= AT_ONCE) await held.promise
          return { kind: 'content', content }
        },
      })
      const askers = () => judge.requests.map(({ headers }) => headers.authorization?.replace('Bearer ', ''))
      try {
        const shared = { JUDGE_URL: judge.url, REDIS_SERVER: redis.url }
        const due = { ...shared, NOW_MS: String(SLOT_MS + 60_000), RUN_ID }
        // It sees the eval for the first time: its first slot is the next.
        const before = role('scheduler', { ...shared, NOW_MS: String(SLOT_MS - 60_000), PART: 'scheduler' })
        expect(await before.ended).toBe(0)
        const workers = new Map(['a', 'b'].map((name) => [name, role(name, { ...due, PART: 'worker' })]))
        await Promise.all([...workers.values()].map(({ up }) => up))

        const point = { [FAULT_POINT_VARIABLE]: 'scheduler.after-enqueue' }
        expect(await role('scheduler', { ...due, ...point, PART: 'scheduler' }).ended).toBe('SIGKILL')
        while (askers().length <= AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 20))
        // Whose call is held back has it on its way.
        const victim = askers().at(-1) ?? ''
        const survivor = victim === 'a' ? 'b' : 'a'
        workers.get(victim)?.child.kill('SIGKILL')
        expect(await workers.get(victim)?.ended).toBe('SIGKILL')
        held.resolve()
        expect(await workers.get(survivor)?.ended).toBe(0)

        const results = [...(await published(victim)), ...(await published(survivor))]
        expect(new Set(results.map((result) => resultId(result))).size).toBe(SUBJECTS)
        expect(new Set(results.map(({ traceId }) => traceId)).size).toBe(SUBJECTS)
        expect(results.every(({ verdict, runId }) => verdict === 'pass' && runId === RUN_ID)).toBe(true)
        expect(askers().filter((name) => name === survivor).length).toBeGreaterThan(0)
        expect(askers().length).toBeLessThanOrEqual(SUBJECTS + CALLS_AT_ONCE)

        // The scheduler comes back to a slot that is done.
        const asked = judge.requests.length
        const back = { ...due, NOW_MS: String(SLOT_MS + 120_000), PART: 'scheduler' }
        expect(await role('scheduler', back).ended).toBe(0)
        const late = role(survivor, { ...back, PART: 'worker' })
        expect(await late.ended).toBe(0)
        expect(judge.requests).toHaveLength(asked)
      } finally {
        held.resolve()
        await judge.close()
        await redis.stop()
      }
    })
  },
)
