/** Offline evals of `assay up` on a real Redis, and without one that answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runResponseSchema } from '../../server/offline-schemas.ts'
import { healthSchema } from '../../server/schemas.ts'
import { runAssay, startAssay } from '../support/assay-process.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { getJson, getTrace, send, traceIdOf, until } from '../support/otlp.ts'
import { redisServer, startRedis } from '../support/redis-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-queue-'))
beforeAll(() => {
  writeFileSync(
    join(folder, 'shop.eval'),
    `package shop

offline eval helpful {
  every:    day at 06:00 in "UTC"
  sample:   10 of llm_call over 24h
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
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.skipIf(!redisServer.installed && !redisServer.required)(
  'with REDIS_URL the queue is on Redis, and a judge scores over it (needs redis-server)',
  { timeout: 60_000 },
  async () => {
    const redis = await startRedis()
    const judge = await startOpenAiServer({
      answer: () => ({ kind: 'content', content: JSON.stringify({ reasoning: 'It answers the question.', score: 5 }) }),
    })
    const assay = await startAssay({
      dataDir: join(folder, 'redis'),
      evals: [join(folder, 'shop.eval')],
      env: { REDIS_URL: redis.url, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: judge.url },
    })
    try {
      await until('the queue', async () => {
        const { components } = healthSchema.parse(await getJson(assay, '/health'))
        return components.some(({ name, detail }) => name === 'offline' && detail === 'queue on redis')
      })
      await send(assay, { traceId: traceIdOf(1), output: 'Your parcel arrives on Monday.' })
      await until('the trace', () => getTrace(assay, traceIdOf(1)))
      const run = await fetch(`${assay.apiUrl}/v1/evals/shop/helpful/run`, { method: 'POST' })
      expect(run.status).toBe(202)
      const judged = await until(
        'the score',
        async () => {
          const trace = await getTrace(assay, traceIdOf(1))
          return trace?.spans[0]?.results[0]
        },
        30_000,
      )
      expect(judged).toMatchObject({ eval: 'shop/helpful', verdict: 'pass', score: 5, explanation: expect.any(String) })

      const asAssay = (...args: string[]) => runAssay([...args, '--server', assay.apiUrl])
      const offline = async (...args: string[]): Promise<string> => (await asAssay('offline', ...args)).stdout
      const { runId } = runResponseSchema.parse(await run.json())
      expect(await offline('status')).toMatch(
        new RegExp(
          `^shop/helpful  ready, next at .* UTC\n  ${runId}  done +1 of 1 judged: 1 pass; no price known\n  note: Its judge is openai/gpt-5-mini, and .*\n  no labels yet: assay label ask shop/helpful\n$`,
        ),
      )
      expect(await offline('pause', 'helpful')).toBe('shop/helpful is paused.\n')
      expect(await offline('status')).toContain('shop/helpful  paused since ')
      // It waits for what is paused, and is left alone once it is cancelled.
      const begun = JSON.parse(await offline('run', 'helpful', '--now', '--json')) as { runId: string }
      expect(await offline('runs', 'helpful')).toContain(`${begun.runId}  waiting`)
      expect(await offline('cancel', begun.runId)).toBe(
        `${begun.runId} is cancelled: batches in hand end, the rest is left.\n`,
      )
      // Of an eval it is the latest run that is watched; which one is cancelled has to be said.
      expect(await offline('watch', 'helpful')).toMatch(/^cancelled: /)
      expect(await offline('watch', begun.runId.replace('shop/', ''))).toMatch(/^cancelled: /)
      expect(await asAssay('offline', 'watch', 'helpfull')).toMatchObject({
        code: 2,
        stderr: 'assay offline: there is no eval helpfull in force, did you mean `shop/helpful`?\n',
      })
      for (const [command, ...rest] of [
        ['run', 'shop/helpfull', '--now'],
        ['pause', 'shop/helpfull'],
        ['resume', 'shop/helpfull'],
        ['agreement', 'shop/helpfull'],
        ['cancel', 'shop/helpfull@2026-11-01T0600Z'],
        ['watch', 'shop/helpfull@2026-11-01T0600Z'],
      ] as const)
        expect(await asAssay('offline', command, ...rest)).toMatchObject({
          code: 2,
          stderr: expect.stringMatching(/^assay offline: .*, did you mean `shop\/helpful`\?\n$/),
        })
      expect(await asAssay('offline', 'cancel', 'helpful')).toMatchObject({
        code: 2,
        stderr: `assay offline: helpful is an eval: name its run, the latest is ${begun.runId}\n`,
      })
      expect(await offline('resume', 'helpful')).toBe('shop/helpful goes on.\n')
      expect(await offline('watch', begun.runId)).toMatch(/cancelled: its sample was not drawn\n$/)
      expect(judge.requests).toHaveLength(1)

      const subject = { eval: 'shop/helpful', traceId: traceIdOf(1), spanId: judged?.spanId }
      const file = join(folder, 'labels.jsonl')
      writeFileSync(file, `${JSON.stringify({ ...subject, score: 2, by: 'ana', note: 'It does not say when.' })}\n`)
      // Whoever labels has to see what was said.
      const asked = await asAssay('label', 'ask', 'helpful')
      expect(asked.stdout).toContain(
        `trace ${traceIdOf(1)}, span ${judged?.spanId}\noutput: Your parcel arrives on Monday.\nscore (1 to 5), p, f, s or q: `,
      )
      expect(asked.stdout).toMatch(/^rubric:\n +5 {2}Helpful\.\n +1 {2}Not helpful\.\n/)
      expect(await asAssay('label', 'import', file)).toEqual({ code: 0, stdout: '1 label is stored.\n', stderr: '' })
      // A short name will do; a score that no judge could give will not, and nothing of its file is stored.
      const lines = [{ score: 3 }, { score: 9 }].map((more) =>
        JSON.stringify({ ...subject, by: 'ana', eval: 'helpful', ...more }),
      )
      writeFileSync(file, `${lines.join('\n\n')}\n`)
      expect(await asAssay('label', 'import', file)).toEqual({
        code: 2,
        stdout: '',
        stderr: `assay label: ${file}:3: score: 9 is no score of shop/helpful, which are 1 to 5\n`,
      })
      const exported = await asAssay('label', 'export', 'helpful')
      expect(JSON.parse(exported.stdout)).toMatchObject({ ...subject, score: 2, verdict: 'fail', by: 'ana' })
      expect(await offline('status')).toContain(
        '\n  1 of 1 judged labelled by ana; verdicts: kappa 0.000, alpha 0.000, AC1 -1.000; fewer than 30 labels say little\n',
      )
      expect(JSON.parse(await offline('status', '--json'))).toMatchObject({
        evals: [
          { eval: 'shop/helpful', agreement: { labelled: 1, verdicts: { subjects: 1, intervals: { ac1: null } } } },
        ],
      })
      const agreement = await asAssay('offline', 'agreement', 'helpful', '--json')
      expect(JSON.parse(agreement.stdout)).toMatchObject({
        judged: 1,
        labelled: 1,
        people: ['ana'],
        verdicts: { subjects: 1, agreed: 0 },
        passRate: { judged: { estimate: 1 }, corrected: { estimate: 0 } },
      })
      const seriesOf = async (more: string): Promise<object> =>
        (await fetch(`${assay.apiUrl}/v1/evals/shop/helpful/series?since=1h${more}`)).json() as Promise<object>
      expect(await seriesOf('')).toMatchObject({ points: [{}], agreement: [{ judged: 1, labelled: 1 }] })
      expect(Object.keys(await seriesOf('&agreement=false'))).not.toContain('agreement')
      const metrics = await (await fetch(`${assay.apiUrl}/metrics`)).text()
      expect(metrics).toMatch(/^assay_judge_cache_hits_total 0$/m)
      expect(metrics).toMatch(/^assay_judge_cache_misses_total 1$/m)
      // What people say is no result of the eval.
      expect((await getTrace(assay, traceIdOf(1)))?.spans[0]?.results).toHaveLength(1)
      const unknown = { ...subject, traceId: traceIdOf(99) }
      writeFileSync(file, JSON.stringify({ ...unknown, score: 2 }))
      expect((await asAssay('label', 'import', file)).stderr).toContain('there is no stored trace')
    } finally {
      expect(await assay.stop()).toBe(0)
      await judge.close()
      await redis.stop()
    }
  },
)

test('without a Redis that answers that is said plainly, and the rest runs', { timeout: 40_000 }, async () => {
  const assay = await startAssay({
    dataDir: join(folder, 'none'),
    evals: [join(folder, 'shop.eval')],
    // Nothing listens on the discard port of loopback.
    env: { REDIS_URL: 'redis://:secret@127.0.0.1:9', OPENAI_API_KEY: 'k' },
  })
  try {
    await send(assay, { traceId: traceIdOf(1) })
    await until('the trace', () => getTrace(assay, traceIdOf(1)))
    await until('the message', () => /Offline evals do not run/.test(assay.output()), 20_000)
    expect(assay.output()).toContain(
      'Offline evals do not run: Redis at redis://127.0.0.1:9 does not answer (ECONNREFUSED).',
    )
    expect(assay.output()).not.toContain('secret')
    expect(assay.output()).not.toMatch(/^ {4}at /m)
    const health = healthSchema.parse(await getJson(assay, '/health'))
    expect(health.status).toBe('degraded')
    expect(health.components).toContainEqual(expect.objectContaining({ name: 'offline', state: 'failed' }))
  } finally {
    expect(await assay.stop()).toBe(0)
  }
})
