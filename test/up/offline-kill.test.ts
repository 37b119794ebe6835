/** A run of an offline eval outlives the process that schedules and judges it: killed again and again, each subject is judged once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { offlineRunSchema } from '../../server/offline-schemas.ts'
import { resultsResponseSchema } from '../../server/schemas.ts'
import { type AssayProcess, runAssay, startAssay } from '../support/assay-process.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { getJson, getTrace, send, traceIdOf, until } from '../support/otlp.ts'
import { redisServer, startRedis } from '../support/redis-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-offline-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const evals = join(folder, 'shop.eval')
writeFileSync(
  evals,
  `package shop

offline eval helpful {
  every:    day at 06:00 in "UTC"
  sample:   all of llm_call over 24h
  judge:    "openai/gpt-5-mini"
  show:     output.text
  scale:    1 to 5
  rubric:   """
    5  Helpful.
    1  Not helpful.
    """
  pass:     score >= 4
  missing:  unknown
}
`,
)
const SUBJECTS = 90

const answer = { kind: 'content', content: JSON.stringify({ reasoning: 'Good.', score: 5 }) } as const

async function outlives(name: string, kills: number, env: Record<string, string>): Promise<void> {
  let calls = 0
  let killAt = Number.POSITIVE_INFINITY
  let kill: (() => Promise<void>) | undefined
  const judge = await startOpenAiServer({
    answer: async () => {
      calls++
      // While others are on their way.
      if (calls === killAt) await kill?.()
      await wait(20)
      return answer
    },
  })
  const start = (): Promise<AssayProcess> =>
    startAssay({
      dataDir: join(folder, name),
      evals: [evals],
      env: { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: judge.url, ASSAY_RUN_LOCK_SECONDS: '1', ...env },
    })
  let assay = await start()
  try {
    const spans = Array.from({ length: SUBJECTS }, (_, i) => ({ traceId: traceIdOf(i + 1), output: `Answer ${i}.` }))
    await send(assay, ...spans)
    await until('the last trace', () => getTrace(assay, traceIdOf(SUBJECTS)))
    const begun = await runAssay(['offline', 'run', 'helpful', '--now', '--json', '--server', assay.apiUrl])
    expect(begun).toMatchObject({ code: 0, stderr: '' })
    const { runId } = JSON.parse(begun.stdout) as { runId: string }
    for (let killed = 0; killed < kills; killed++) {
      const died = Promise.withResolvers<void>()
      kill = async () => {
        await assay.kill()
        died.resolve()
      }
      killAt = calls + 12
      await died.promise
      assay = await start()
    }
    const watched = await runAssay(['offline', 'watch', runId, '--server', assay.apiUrl])
    expect(watched.stdout).toContain('done: ')
    const run = offlineRunSchema.parse(await getJson(assay, `/v1/offline/runs/${runId}`))
    expect(run).toMatchObject({ state: 'done', sampled: SUBJECTS, batches: { all: 4, done: 4, failed: 0 } })
    const { alreadyJudged, pass } = run.outcome
    expect(alreadyJudged + pass).toBe(SUBJECTS)
    const query = `/v1/results?run=${encodeURIComponent(runId)}&limit=1000`
    const results = await until('all results', async () => {
      const found = resultsResponseSchema.parse(await getJson(assay, query)).results
      return found.length >= SUBJECTS ? found : null
    })
    expect(results).toHaveLength(SUBJECTS)
    expect(new Set(results.map(({ traceId }) => traceId)).size).toBe(SUBJECTS)
    expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['pass']))
    // What was answered is in the cache: only calls that were on their way are made again.
    expect(calls).toBeLessThanOrEqual(SUBJECTS + kills * 32)
  } finally {
    await assay.stop()
    await judge.close()
  }
}

describe('a run whose process is killed', { timeout: 120_000 }, () => {
  test('on the embedded queue', () => outlives('embedded', 1, {}))

  test.skipIf(!redisServer.installed && !redisServer.required)('on Redis (needs redis-server)', async () => {
    const redis = await startRedis()
    try {
      await outlives('redis', 2, { REDIS_URL: redis.url })
    } finally {
      await redis.stop()
    }
  })
})
