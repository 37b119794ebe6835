/** One `assay up` from its ready lines to its end: settings, API, bad requests, signals. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { evalsResponseSchema, healthSchema, resultsResponseSchema } from '../../server/schemas.ts'
import { type AssayProcess, runAssay, startAssay } from '../support/assay-process.ts'
import { chatRequest, getJson, getTrace, post, send, traceIdOf, until } from '../support/otlp.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const evals = `package shop

online eval polite {
  on:       llm_call
  pass:     not (output.text contains "shut up")
  missing:  unknown
}

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
`

describe('an instance set by the environment', () => {
  let assay: AssayProcess

  beforeAll(async () => {
    writeFileSync(join(folder, 'shop.eval'), evals)
    assay = await startAssay({
      args: ['--evals', 'shop.eval'],
      cwd: folder,
      env: {
        ASSAY_DATA: join(folder, 'data'),
        ASSAY_EVALS: '/nowhere',
        ASSAY_OTLP_HTTP_PORT: '0',
        ASSAY_OTLP_GRPC_PORT: '0',
        ASSAY_HTTP_PORT: '0',
        ASSAY_HOST: '127.0.0.1',
      },
    })
  })
  afterAll(() => assay.kill())

  test('says where it listens, what is in force and that it is ready; a flag wins over a variable', () => {
    expect(assay.stdout()).toMatch(
      /^OTLP\/HTTP {2}http:\/\/127\.0\.0\.1:\d+\/v1\/traces\nOTLP\/gRPC {2}127\.0\.0\.1:\d+\nAPI {8}http:\/\/127\.0\.0\.1:\d+\nWeb UI {5}http:\/\/127\.0\.0\.1:\d+\/\nData {7}.+data\nEvals {6}1 file in force: 1 online, 1 offline, 0 alerts\n {13}shop\.eval: shop\/polite, shop\/helpful\nAccess {5}open, as tenant default, to this machine alone: no key is asked for\nReady in \d\.\d s\. Ctrl-C stops it\.\n/,
    )
    expect(assay.stderr()).toBe('')
  })

  test('an offline eval without a provider says so once, plainly', async () => {
    const said = /No provider is configured for the judge of shop\/helpful.*OPENAI_API_KEY/
    await until('the notice', () => said.test(assay.output()), 15_000)
    expect(assay.output().split('No provider')).toHaveLength(2)
    const run = await fetch(`${assay.apiUrl}/v1/evals/shop/helpful/run`, { method: 'POST' })
    expect(run.status).toBe(503)
    expect(await run.json()).toMatchObject({ title: expect.any(String), status: 503 })
  })

  test('health and readiness, part by part', async () => {
    const ready = await fetch(`${assay.apiUrl}/ready`)
    expect(ready.status).toBe(200)
    const health = healthSchema.parse(await getJson(assay, '/health'))
    expect(health.status).toBe('ok')
    expect(health.components.map(({ name }) => name)).toEqual([
      'gateway',
      'trans',
      'store',
      'replay',
      'integrity',
      'disk',
      'offline',
      'definitions',
    ])
  })

  test('a trace comes back with its verdicts, and results can be filtered', async () => {
    await send(
      assay,
      { traceId: traceIdOf(1), output: 'With pleasure.', attributes: { 'shop.order': '77' } },
      { traceId: traceIdOf(2), output: 'Just shut up.' },
    )
    const polite = await until('the verdict', async () => {
      const trace = await getTrace(assay, traceIdOf(1))
      return trace?.spans[0]?.results.length === 1 && trace
    })
    expect(polite.spans[0]).toMatchObject({
      kind: 'llm',
      model: 'gpt-5-mini',
      output: { text: 'With pleasure.' },
      attributes: { 'shop.order': '77' },
      results: [{ eval: 'shop/polite', verdict: 'pass', revision: expect.any(Number) }],
    })
    const results = async (query: string) =>
      resultsResponseSchema.parse(await getJson(assay, `/v1/results?${query}`)).results
    await until('both verdicts', async () => (await results('eval=shop/polite')).length === 2)
    const failed = await results('verdict=fail&since=1h')
    expect(failed.map(({ traceId, verdict }) => [traceId, verdict])).toEqual([[traceIdOf(2), 'fail']])
    expect(await results(`trace=${traceIdOf(1)}`)).toHaveLength(1)
    expect(await results('limit=1')).toHaveLength(1)
    expect(await results('eval=shop/other')).toEqual([])
    const wrong = await fetch(`${assay.apiUrl}/v1/results?verdict=maybe&evla=x`)
    expect(wrong.status).toBe(400)
    expect(JSON.stringify(await wrong.json())).toMatch(/verdict.+evla|evla.+verdict/)
  })

  test('the definitions in force, with their ledger', async () => {
    const { evals } = evalsResponseSchema.parse(await getJson(assay, '/v1/evals'))
    const polite = evals.find(({ id }) => id === 'shop/polite')
    expect(polite).toMatchObject({ matched: 2, verdicts: { pass: 1, fail: 1 }, passRate: 0.5, coverage: 1 })
    expect(evals.find(({ id }) => id === 'shop/helpful')).toMatchObject({ kind: 'offline', matched: 0 })
  })

  test('what is not there is a 404, what is no id a 400', async () => {
    const status = async (path: string) => (await fetch(assay.apiUrl + path)).status
    expect(await status(`/v1/traces/${traceIdOf(999)}`)).toBe(404)
    expect(await status('/v1/traces/xyz')).toBe(400)
    expect(await status('/v1/nothing')).toBe(404)
  })

  test.each([
    ['no JSON', '{"resourceSpans":[', 'application/json', 400, /JSON/i],
    ['no protobuf', new Uint8Array([0xff, 0xff, 0xff]), 'application/x-protobuf', 400, /./],
    ['a wrong trace id', chatRequest([{ traceId: 'xyz' }]), 'application/json', 400, /traceId/],
    ['a wrong field', { resourceSpans: 7 }, 'application/json', 400, /resourceSpans/],
    ['another type', 'x', 'text/plain', 415, /Content-Type/],
  ])('garbage is refused with a Status: %s', async (_name, body, type, status, message) => {
    const response = await post(assay, body, type)
    expect(response.status).toBe(status)
    expect(await response.text()).toMatch(message)
  })

  test('a body over the limit is a 413, also one that only inflates to that', async () => {
    const tooLarge = await post(assay, Buffer.alloc(21 << 20, 0x20)).then(
      ({ status }) => status,
      // The server may close before the client has sent it all.
      () => 413,
    )
    expect(tooLarge).toBe(413)
    const bomb = await fetch(assay.tracesUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(64 << 20, 0x20)),
    })
    expect(bomb.status).toBe(413)
    await send(assay, { traceId: traceIdOf(3) })
  })

  test('`assay results` asks it', async () => {
    const { code, stdout } = await runAssay(['results', '--eval', 'shop/polite', '--json'], {
      env: { ASSAY_URL: assay.apiUrl },
    })
    expect(code).toBe(0)
    expect(stdout).toContain(traceIdOf(2))
  })

  test('a second instance runs beside it in another folder', async () => {
    const other = await startAssay({ dataDir: ':memory:' })
    await send(other, { traceId: traceIdOf(5) })
    await until('the trace', () => getTrace(other, traceIdOf(5)))
    expect(await getTrace(assay, traceIdOf(5))).toBeNull()
    const place = /folder (\S+)|Data +(.+)/.exec(other.stdout())?.[0]
    expect(place).toContain('temporary folder, removed at the end')
    expect(await other.stop()).toBe(0)
  })
})

describe.concurrent('the end', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s finishes what was accepted and exits with 0', async (signal) => {
    const dataDir = join(folder, signal)
    const first = await startAssay({ dataDir })
    const spans = Array.from({ length: 50 }, (_, i) => ({ traceId: traceIdOf(i + 1) }))
    await Promise.all(spans.map((span) => send(first, span)))
    first.signal(signal)
    expect(await first.exited).toBe(0)
    expect(first.stdout()).toMatch(/Stopping: .+\nStopped\.\n$/)
    expect(first.stderr()).toBe('')
    // Everything was stored before the end: the next start has nothing to take up.
    const second = await startAssay({ dataDir })
    for (const { traceId } of spans) expect((await getTrace(second, traceId))?.spans).toHaveLength(1)
    expect(await second.stop()).toBe(0)
  })

  test('a second signal ends it at once, one that comes twice does not', async () => {
    const dataDir = join(folder, 'twice')
    const assay = await startAssay({ dataDir })
    await send(assay, { traceId: traceIdOf(1) })
    // Half a request, which a patient end waits for.
    const { hostname, port } = new URL(assay.tracesUrl)
    const client = connect(Number(port), hostname)
    client.on('error', () => {})
    client.write(
      'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    const requests = async () => {
      const { components } = healthSchema.parse(await getJson(assay, '/health'))
      return components.find(({ name }) => name === 'gateway')?.counters?.requests
    }
    await until('the half request', async () => (await requests()) === 2)
    assay.signal('SIGINT')
    await until('the first signal', () => assay.stdout().includes('Stopping'))
    assay.signal('SIGTERM')
    await sleep(700)
    expect(assay.stderr()).toBe('')
    assay.signal('SIGINT')
    expect(await assay.exited).toBe(130)
    expect(assay.stderr()).toContain('stopped at once')
    client.destroy()
    const again = await startAssay({ dataDir })
    await until('the trace', () => getTrace(again, traceIdOf(1)))
    await again.kill()
  })
})
