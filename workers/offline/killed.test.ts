/** Schedulers and workers that are killed by SIGKILL at named points of a run, in processes of their own, on both backends of the queue. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { decodeResults } from '../../engine/codec/results.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { resultId } from '../../engine/model/result-id.ts'
import { FAULT_POINT_VARIABLE } from '../../storage/fault-point.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { EVAL_RESULTS } from '../../storage/log/topics.ts'
import { openTraces } from '../../storage/traces/open.ts'
import { type OpenAiServer, startOpenAiServer } from '../../test/support/openai-server.ts'
import { type RunningRedis, redisServer, startRedis } from '../../test/support/redis-server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 })

const SLOT_MS = Date.parse('2026-11-03T06:00:00Z')
const RUN_ID = 'test/killed@2026-11-03T0600Z'
const SUBJECTS = 60
const script = new URL('testing/offline-process.ts', import.meta.url).pathname

let dataDir: string
let judge: OpenAiServer
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-killed-'))
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
  const content = JSON.stringify({ evidence: [], reasoning: 'Read.', abstain: false, score: 4 })
  judge = await startOpenAiServer({ answer: () => ({ kind: 'content', content }) })
})
afterEach(async () => {
  await judge.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** Resolves with the signal that ended it, or its exit code. */
function role(env: Record<string, string>): Promise<string | number | null> {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, DATA_DIR: dataDir, JUDGE_URL: judge.url, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)))
}

async function published() {
  const log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
  const results = []
  for (const { partition, start } of await log.endOffsets(EVAL_RESULTS))
    for (const record of await log.read(EVAL_RESULTS, partition, start, 1_000))
      results.push(...decodeResults(record.value))
  await log.close()
  return results
}

/** By the point, how often it is passed before the process is killed there. */
function killed(points: readonly string[], more: () => Record<string, string>): void {
  test('at each point in turn: the run is made once, and each result has one key', async () => {
    const before = { ...more(), NOW_MS: String(SLOT_MS - 60_000) }
    // It sees the eval for the first time: its first slot is the next.
    expect(await role(before)).toBe(0)
    const due = { ...more(), NOW_MS: String(SLOT_MS + 60_000), RUN_ID }
    for (const point of points)
      expect([point, await role({ ...due, [FAULT_POINT_VARIABLE]: point })]).toEqual([point, 'SIGKILL'])
    expect(await role(due)).toBe(0)
    const results = await published()
    const ids = new Set(results.map((result) => resultId(result)))
    expect(ids.size).toBe(SUBJECTS)
    expect(new Set(results.map(({ traceId }) => traceId)).size).toBe(SUBJECTS)
    expect(new Set(results.map(({ runId }) => runId))).toEqual(new Set([RUN_ID]))
    expect(results.every(({ verdict }) => verdict === 'pass')).toBe(true)
  })
}

const POINTS = [
  'scheduler.after-enqueue',
  'offline.after-plan',
  'offline.after-fan-out',
  'offline.after-results',
  'offline.before-complete',
]

describe('on PGlite', () => killed(POINTS, () => ({})))

describe.skipIf(!redisServer.installed && !redisServer.required)(
  'on redis-server (skipped where it is not installed)',
  () => {
    let redis: RunningRedis
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis.stop())
    killed(POINTS, () => ({ REDIS_SERVER: redis.url }))
  },
)
