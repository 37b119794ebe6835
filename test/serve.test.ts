/** Every role as a process of its own, on a real Kafka, a real Redis and the ClickHouse engine behind its HTTP interface. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { erasureResponseSchema } from '../server/schemas.ts'
import { openRedisState } from '../storage/state/redis.ts'
import { answersOf } from '../workers/offline/answer-cache.ts'
import { type SentTraces, startSending } from './kill/sender.ts'
import { runAssay } from './support/assay-process.ts'
import { type ClickHouseServer, startClickHouse } from './support/clickhouse-server.ts'
import { type KafkaBroker, startKafkaBroker } from './support/kafka-broker.ts'
import { kafkaIsMissing } from './support/kafka-jars.ts'
import { type OtlpSink, startOtlpSink } from './support/otlp-sink.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from './support/redis-server.ts'
import { cliFile, type ServedProcess, startServe } from './support/serve-process.ts'

const missing = kafkaIsMissing() ?? (redisServer.installed ? null : 'redis-server is not installed')

const evals = (limit: string): string => `package shop
online eval quick {
  on:   trace
  pass: duration <= ${limit}
}
alert slow {
  on:       quick
  when:     count(fail) >= 1 over 10m
  severity: ticket
}
`

describe.skipIf(missing !== null)(`assay serve${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-serve-'))
  let broker: KafkaBroker
  let clickHouse: ClickHouseServer
  let redis: RunningRedis
  let sink: OtlpSink
  let env: Record<string, string>
  const running = new Map<string, ServedProcess>()
  const start = async (...roles: string[]): Promise<ServedProcess> => {
    const served = await startServe(roles, env)
    running.set(roles.join(' '), served)
    return served
  }
  const one = (roles: string): ServedProcess => running.get(roles)!

  beforeAll(async () => {
    sink = await startOtlpSink()
    ;[broker, clickHouse, redis] = await Promise.all([startKafkaBroker(), startClickHouse(), startRedis()])
    env = {
      ASSAY_LOG_URL: `kafka://${broker.address}`,
      ASSAY_TRACES_URL: clickHouse.url,
      REDIS_URL: redis.url,
      ASSAY_TRACING_OTLP_URL: sink.url,
    }
    await start('api')
    await Promise.all([
      start('gateway'),
      start('trans-evaluate'),
      start('trans-store'),
      start('alerts'),
      start('scheduler', 'worker'),
    ])
  }, 120_000)
  afterAll(async () => {
    await Promise.all([...running.values()].map((served) => served.kill()))
    await broker?.stop()
    await clickHouse?.stop()
    await redis?.stop()
    await sink?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const push = (...args: string[]) =>
    spawnSync(process.execPath, [cliFile, 'push', ...args, '--server', one('api').httpUrl], {
      encoding: 'utf8',
      cwd: folder,
    })
  const passing = async (): Promise<string> => {
    const { evals: listed } = (await (await fetch(`${one('api').httpUrl}/v1/evals`)).json()) as {
      evals: { id: string; verdicts: { pass: number; fail: number } }[]
    }
    const { pass, fail } = listed.find(({ id }) => id === 'shop/quick')?.verdicts ?? { pass: 0, fail: 0 }
    return `${pass > 0 ? 'passes' : ''} ${fail > 0 ? 'fails' : ''}`.trim()
  }
  const eventually = (what: () => void | Promise<void>) => vi.waitFor(what, { timeout: 60_000, interval: 250 })
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  test('definitions that are pushed reach every role, and the release before comes back', {
    timeout: 120_000,
  }, async () => {
    const file = join(folder, 'shop.eval')
    writeFileSync(file, 'package shop\nonline eval quick { on: trace  pass: duraton <= 5s }\n')
    expect(push(file)).toMatchObject({ status: 1, stderr: expect.stringContaining('duration') })

    writeFileSync(file, evals('5s'))
    expect(push(file)).toMatchObject({ status: 0, stdout: 'shop: in force\n' })
    expect(push(file)).toMatchObject({ status: 0, stdout: 'shop: as it was\n' })
    const sent: SentTraces = { acknowledged: new Map(), unanswered: new Map() }
    const tracesUrl = one('gateway').tracesUrl!
    const send = async (): Promise<void> => {
      const sending = startSending(tracesUrl, sent)
      await pause(100)
      await sending.stop()
    }
    for (const roles of ['trans-evaluate', 'alerts', 'trans-store']) {
      await eventually(() => expect(one(roles).output()).toContain('in force: shop'))
    }
    await send()
    await eventually(async () => expect(await passing()).toBe('passes'))

    writeFileSync(file, evals('0ms'))
    expect(push(file)).toMatchObject({ status: 0, stdout: 'shop: in force\n' })
    await eventually(() =>
      expect(
        one('trans-evaluate')
          .output()
          .match(/in force: shop/g),
      ).toHaveLength(2),
    )
    await send()
    await eventually(async () => expect(await passing()).toBe('fails'))
    await eventually(() => expect(one('alerts').output()).toContain('shop/slow'))

    expect(push('--rollback', 'shop')).toMatchObject({ status: 0, stdout: 'shop: in force\n' })
    await eventually(async () => expect(await passing()).toBe('passes'))
    expect(push('--rollback', 'shoe')).toMatchObject({ status: 2, stderr: expect.stringContaining('no package shoe') })
  })

  test('a replay whose worker is killed goes on with the next one, and says what was said', {
    timeout: 120_000,
  }, async () => {
    const api = one('api').httpUrl
    const ask = async (path: string, body?: unknown) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      return (await (await fetch(`${api}/v1/replays${path}`, init)).json()) as Record<string, unknown>
    }
    // Slowly enough that it is killed on the way.
    const { run, source } = await ask('', { from: '1h', to: '3s', spansPerSecond: 100 })
    expect(source).toBe('log')
    await eventually(async () => {
      const { state, progress } = await ask(`/${run}`)
      expect(state).toBe('running')
      expect(progress).toBeLessThan(1)
    })
    await one('scheduler worker').kill()
    await start('scheduler', 'worker')
    await eventually(async () => expect((await ask(`/${run}`)).state).toBe('done'))
    expect((await ask(`/${run}`)).trouble).toBeUndefined()
    const { evals: compared } = (await ask(`/${run}/comparison`)) as { evals: { eval: string; same: number }[] }
    expect(compared).toMatchObject([{ eval: 'shop/quick' }])
    expect(compared[0]!.same).toBeGreaterThan(0)
    const results = (await (await fetch(`${api}/v1/results?run=${run}&limit=1000`)).json()) as {
      results: { traceId: string; runId: string }[]
    }
    // Others were judged by the definitions that were in force before.
    expect(results.results.length).toBeGreaterThanOrEqual(compared[0]!.same)
    expect(new Set(results.results.map(({ traceId }) => traceId)).size).toBe(results.results.length)
    const live = (await (await fetch(`${api}/v1/results?limit=1000`)).json()) as { results: { runId?: string }[] }
    expect(live.results.some(({ runId }) => runId !== undefined)).toBe(false)
  })

  test('a trace that is erased is gone from ClickHouse and from what judges said, and Kafka keeps its copy until it is told', {
    timeout: 120_000,
  }, async () => {
    const api = one('api').httpUrl
    const answers = await openRedisState({
      settings: redisSettings(redis.url),
      connectTimeoutMs: 10_000,
      operationTimeoutMs: 10_000,
      onError: () => {},
    })
    for (const tenant of ['default', 'other'])
      await answers.compareAndSet(`${answersOf(tenant)}of-a-judge`, undefined, 'a quote', 3_600_000)
    const { results } = (await (await fetch(`${api}/v1/results?limit=1`)).json()) as { results: { traceId: string }[] }
    const { traceId } = results[0]!
    // Not by spawnSync: connections that are kept open would be closed meanwhile, unseen.
    const erase = (...args: string[]) => runAssay(['delete', '--server', api, '--json', ...args], { timeoutMs: 60_000 })
    const done = await erase('--trace', traceId, '--yes')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    const report = erasureResponseSchema.parse(JSON.parse(done.stdout))
    expect(report).toMatchObject({ traces: 1, records: 0, answers: 1, isSettled: true })
    expect(report.spans).toBeGreaterThan(0)
    expect(report.results).toBeGreaterThan(0)
    expect(report.keptUntil.map(({ topic }) => topic)).toEqual(expect.arrayContaining(['agent-traces', 'eval-results']))
    expect((await fetch(`${api}/v1/traces/${traceId}`)).status).toBe(404)
    expect(await answers.get(`${answersOf('other')}of-a-judge`)).toBe('a quote')
    await answers.close()
    expect(await erase('--trace', traceId, '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing was found of trace'),
    })
  })

  test('each says how it is, and drains when it is told to', { timeout: 90_000 }, async () => {
    for (const [roles, served] of running) {
      const ready = await fetch(`${served.httpUrl}/ready`)
      expect(ready.status).toBe(200)
      const { components } = (await ready.json()) as { components: { name: string; state: string }[] }
      expect(components.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(
        roles
          .split(' ')
          .map((name) => `${name} ok`)
          .sort(),
      )
    }
    const ends = await Promise.all(
      [...running.values()].map(async (served) => ({ roles: served.roles, code: await served.stop() })),
    )
    expect(ends.filter(({ code }) => code !== 0)).toEqual([])
  })

  test('each has traced what it did, across processes', () => {
    const roles = [...sink.resources].map((text) => JSON.parse(text)['assay.role'])
    expect(roles).toEqual(expect.arrayContaining(['api', 'gateway', 'trans-evaluate', 'trans-store']))
    const names = new Set(sink.spans.map(({ name }) => name))
    for (const name of ['evaluate batch', 'store batch', 'append agent-traces', 'append eval-results', 'GET /v1/evals'])
      expect(names).toContain(name)
    const appends = new Set(sink.spans.filter(({ name }) => name === 'append agent-traces').map(({ spanId }) => spanId))
    const batch = sink.spans.find(({ name, links }) => name === 'evaluate batch' && links.length > 0)
    expect(appends).toContain(batch?.links[0]?.spanId)
  })
})

test('every mistake in the settings is told at once', () => {
  const { status, stderr } = spawnSync(process.execPath, [cliFile, 'serve', 'gateway', 'janitor', 'api'], {
    encoding: 'utf8',
    env: {
      ...process.env,
      ASSAY_LOG_URL: 'amqp://a',
      ASSAY_HTTP_PORT: 'x',
      ASSAY_TRACES_URL: '',
      REDIS_URL: 'http://secret@a',
    },
  })
  expect(status).toBe(2)
  expect(stderr.split('\n').filter((line) => line !== '')).toEqual([
    expect.stringContaining('there is no role janitor'),
    expect.stringContaining('ASSAY_HTTP_PORT must be a port'),
    expect.stringContaining("ASSAY_LOG_URL is refused: the log's URL has to look like"),
    expect.stringContaining('REDIS_URL must look like'),
    expect.stringMatching(/^assay serve: ASSAY_TRACES_URL is not set, .* api cannot do without/),
  ])
  expect(stderr).not.toContain('secret')
})
