import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import type { Span } from '../engine/model/span.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { type Log, LogError } from '../storage/log/port.ts'
import { type HttpGateway, type HttpGatewayOptions, startHttpGateway } from '../test/support/http-gateway.ts'

let dataDir: string
let log: EmbeddedLog
let server: HttpGateway

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'assay-otlp-'))
  log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics([
    { name: 'agent-traces', partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  server = await start({})
})

afterEach(async () => {
  await server.drain()
  await log.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function start(options: Partial<HttpGatewayOptions>): Promise<HttpGateway> {
  return startHttpGateway({ log, nowMs: () => 1_700_000_000_000, ...options })
}

async function restart(options: Partial<HttpGatewayOptions>): Promise<void> {
  await server.drain()
  server = await start(options)
}

const span = (traceId: string, name: string): object => ({
  traceId,
  spanId: '00000000000000aa',
  name,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000001000000000',
})
const requestOf = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
const oneSpan = requestOf(span('0af7651916cd43dd8448eb211c80319c', 'one'))

function protobufOf(json: string): Uint8Array<ArrayBuffer> {
  const outcome = transcodeJson(Buffer.from(json))
  if (!outcome.ok) throw new Error(outcome.message)
  return new Uint8Array(outcome.request)
}

function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  path = '/v1/traces',
): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', body, headers })
}
const json = { 'content-type': 'application/json' }
const protobuf = { 'content-type': 'application/x-protobuf' }

async function stored(): Promise<Span[]> {
  const spans: Span[] = []
  for (let partition = 0; partition < 4; partition++) {
    for (const record of await log.read('agent-traces', partition, 0, 1000)) {
      spans.push(...normaliseRecord(record.headers.tenant ?? '', record.value))
    }
  }
  return spans
}

describe('what is accepted in part', () => {
  const good = span('0af7651916cd43dd8448eb211c80319c', 'good')
  const untimed = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'untimed' }
  const unended = { ...untimed, startTimeUnixNano: '1700000000000000000' }

  test('spans without times are left out and named, the others kept', async () => {
    const response = await post(requestOf(good, untimed, unended), json)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage:
          'resourceSpans[0].scopeSpans[0].spans[1].startTimeUnixNano: is missing or 0; this span was not taken, and 1 more such',
      },
    })
    expect((await stored()).map(({ name }) => name)).toEqual(['good'])
    expect(server.stats()).toMatchObject({ acceptedSpans: 1, rejectedSpans: 2 })
  })

  test('protobuf: an ExportTraceServiceResponse with its partial success', async () => {
    const response = await post(protobufOf(requestOf(unended)), protobuf)
    expect(response.status).toBe(200)
    const body = Buffer.from(await response.arrayBuffer())
    const message =
      'resource_spans[0].scope_spans[0].spans[0].end_time_unix_nano: is missing or 0; this span was not taken'
    const inner = Buffer.concat([Buffer.from([0x08, 1, 0x12, message.length]), Buffer.from(message)])
    expect(body).toEqual(Buffer.concat([Buffer.from([0x0a, inner.length]), inner]))
    expect(await stored()).toEqual([])
  })

  test.each(['{"spans":[]}', '{"resource_spans":[{}]}'])('a warning that nothing was found in %s', async (body) => {
    const response = await post(body, json)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      partialSuccess: { rejectedSpans: '0', errorMessage: expect.stringContaining('no resourceSpans') },
    })
  })

  test('an empty request is a whole one', async () => {
    for (const body of ['{}', '{"resourceSpans":[]}']) expect(await (await post(body, json)).text()).toBe('{}')
  })
})

describe('what is accepted', () => {
  test('protobuf: an empty answer, and the spans are in the log with tenant and count', async () => {
    const response = await post(protobufOf(oneSpan), protobuf)
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'application/x-protobuf',
      '',
    ])
    const partition = log.partitionFor('agent-traces', '0af7651916cd43dd8448eb211c80319c')
    const [record] = await log.read('agent-traces', partition, 0, 10)
    expect(record).toMatchObject({
      key: '0af7651916cd43dd8448eb211c80319c',
      headers: { tenant: 'default', spans: '1' },
    })
    expect((await stored()).map((item) => [item.name, item.durationNs])).toEqual([['one', 1e9]])
  })

  test('JSON: the answer is JSON, charset or not', async () => {
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) {
      const response = await post(oneSpan, { 'content-type': type })
      expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
        200,
        'application/json',
        {},
      ])
    }
    expect(await stored()).toHaveLength(3)
  })

  test('gzip and deflate, and the path of the Langfuse exporters', async () => {
    const body = protobufOf(oneSpan)
    const gzip = await post(new Uint8Array(gzipSync(body)), { ...protobuf, 'content-encoding': 'gzip' })
    const deflate = await post(new Uint8Array(deflateSync(oneSpan)), { ...json, 'content-encoding': 'deflate' })
    const langfuse = await post(oneSpan, json, '/api/public/otel/v1/traces?x=1')
    expect([gzip.status, deflate.status, langfuse.status]).toEqual([200, 200, 200])
    expect(await stored()).toHaveLength(3)
  })

  test('traces go to the partition of their id, each span once', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => (index + 1).toString(16).padStart(32, '0'))
    const body = requestOf(...ids.map((id) => span(id, id)), ...ids.map((id) => span(id, `${id} again`)))
    expect((await post(body, json)).status).toBe(200)
    let count = 0
    for (let partition = 0; partition < 4; partition++) {
      for (const record of await log.read('agent-traces', partition, 0, 100)) {
        const spans = normaliseRecord('default', record.value)
        expect(record.headers.spans).toBe(String(spans.length))
        expect(record.key).toBeNull()
        for (const item of spans) expect(log.partitionFor('agent-traces', item.traceId)).toBe(partition)
        count += spans.length
      }
    }
    expect(count).toBe(80)
    expect(server.stats()).toMatchObject({ acceptedSpans: 80, lastAcceptedAtMs: 1_700_000_000_000 })
  })

  test.each([
    ['nothing in protobuf', new Uint8Array(0), protobuf],
    ['an empty object in JSON', '{}', json],
    ['no spans', '{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}', json],
  ])('%s is fine and appends nothing', async (_name, body, headers) => {
    expect((await post(body, headers)).status).toBe(200)
    expect(await stored()).toEqual([])
  })
})

describe('what is refused', () => {
  test.each([
    ['garbage', Buffer.from('not protobuf at all'), 'field 13: wire type 6 is not in use'],
    ['a cut body', Buffer.from(protobufOf(oneSpan)).subarray(0, 40), 'resource_spans[0]: '],
    [
      'a short trace id',
      Buffer.from([10, 14, 18, 12, 18, 10, 10, 3, 1, 2, 3, 18, 3, 1, 2, 3]),
      'resource_spans[0].scope_spans[0].spans[0].trace_id: is 3 bytes long',
    ],
  ])('protobuf with %s: 400 with a Status in protobuf', async (_name, body, message) => {
    const response = await post(new Uint8Array(body), protobuf)
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/x-protobuf'])
    const bytes = Buffer.from(await response.arrayBuffer())
    expect([...bytes.subarray(0, 2)]).toEqual([8, 3])
    expect(bytes.toString()).toContain(message)
    expect(await stored()).toEqual([])
  })

  test.each([
    ['no JSON', '{"resourceSpans":', 'the body is not JSON'],
    ['a list', '[]', 'must be a JSON object'],
    [
      'a missing span id',
      requestOf({ traceId: 'a'.repeat(32) }),
      'resourceSpans[0].scopeSpans[0].spans[0].spanId: is missing',
    ],
    ['a base64 trace id', requestOf(span('C1z8Aqx3RZ+kT2gMu0bVtw==', 'x')), 'spans[0].traceId: is 24 characters long'],
  ])('JSON with %s: 400 with a Status in JSON', async (_name, body, message) => {
    const response = await post(body, json)
    expect(response.status).toBe(400)
    const status = (await response.json()) as { code: number; message: string }
    expect(status.code).toBe(3)
    expect(status.message).toContain(message)
    expect(status.message).not.toMatch(/\.ts:|at .*\(/)
  })

  test('wrong types, codings, methods and paths', async () => {
    const statuses = [
      await post(oneSpan, { 'content-type': 'text/plain' }),
      await post(new Uint8Array(3), { 'content-type': '' }),
      await post(oneSpan, { ...json, 'content-encoding': 'br' }),
      await post(oneSpan, { ...json, 'content-encoding': 'gzip, gzip' }),
      await post(oneSpan, json, '/v1/profiles'),
      await post(oneSpan, { 'content-type': 'application/x-protobuf' }, '/v1/spans'),
      await post(oneSpan, json, '/'),
      await fetch(`http://127.0.0.1:${server.port}/v1/traces`),
    ].map((response) => response.status)
    expect(statuses).toEqual([415, 415, 415, 415, 404, 415, 404, 405])
    expect(server.stats().rejected).toMatchObject({ content_type: 3, content_encoding: 2, not_found: 2, method: 1 })
  })

  test('what says gzip and is none: 400', async () => {
    const response = await post(oneSpan, { ...json, 'content-encoding': 'gzip' })
    expect([response.status, await response.json()]).toEqual([400, { code: 3, message: 'the body is not valid gzip' }])
  })

  test('too large, told beforehand or not: 413', async () => {
    await restart({ maxBodyBytes: 1000 })
    const large = 'x'.repeat(5000)
    expect((await post(large, json)).status).toBe(413)
    const chunked = await new Promise<number>((resolve, reject) => {
      const call = httpRequest(
        { host: '127.0.0.1', port: server.port, method: 'POST', path: '/v1/traces', headers: json },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      call.on('error', reject)
      call.write(large.slice(0, 900))
      call.end(large)
    })
    expect(chunked).toBe(413)
    expect(server.stats().rejected.too_large).toBe(2)
  })

  test('a gzip bomb is given up at the limit: 413', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(200 * 1024 * 1024)))
    expect(bomb.length).toBeLessThan(1024 * 1024)
    const response = await post(bomb, { ...protobuf, 'content-encoding': 'gzip' })
    expect(response.status).toBe(413)
  })

  test('many bombs at once are refused one after the other, and honest requests pass', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(100 * 1024 * 1024)))
    const before = process.memoryUsage().rss
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 5)
    const bombs = Array.from(
      { length: 40 },
      async () => (await post(bomb, { ...json, 'content-encoding': 'gzip' })).status,
    )
    const honest = post(oneSpan, json)
    expect((await honest).status).toBe(200)
    expect(new Set(await Promise.all(bombs))).toEqual(new Set([413]))
    clearInterval(watch)
    // Forty of them inflated at once would hold 800 MiB.
    expect(peak - before).toBeLessThan(400 * 1024 * 1024)
  })

  test('over the bytes held at a time: 503, and well again after', async () => {
    await restart({ maxHeldBytes: 100 })
    const response = await post(oneSpan, json)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect((await post('{}', json)).status).toBe(200)
  })
})

describe('the log decides', () => {
  /** The real log, with an append of our making. */
  const withAppend = (append: Log['append']): Log =>
    new Proxy<Log>(log, {
      get: (target, key) => {
        if (key === 'append') return append
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })

  test.each(['full', 'io', 'closed'] as const)('%s: 503 with Retry-After, never 200', async (code) => {
    await restart({ log: withAppend(() => Promise.reject(new LogError(code, 'no'))) })
    const response = await post(oneSpan, json)
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ code: 14 })
    expect(server.stats()).toMatchObject({ acceptedSpans: 0, rejected: { log_unavailable: 1 } })
  })

  test('from the third failure on it is said at once, before the body is read, until the log is back', async () => {
    let nowMs = 0
    let isDown = true
    let appends = 0
    await restart({
      nowMs: () => nowMs,
      log: withAppend((topic, records) => {
        appends++
        return isDown ? Promise.reject(new LogError('io', 'no')) : log.append(topic, records)
      }),
    })
    for (let n = 0; n < 10; n++) expect((await post(oneSpan, json)).status).toBe(503)
    expect(appends).toBe(3)
    expect(server.stats().breaker).toMatchObject({ state: 'open', opened: 1, refused: 7 })
    const huge = await post('x'.repeat(30 << 20), json)
    expect([huge.status, huge.headers.get('retry-after')]).toEqual([503, '1'])
    isDown = false
    nowMs += 1_000
    for (let n = 0; n < 3; n++) expect((await post(oneSpan, json)).status).toBe(200)
    expect(server.stats().breaker).toMatchObject({ state: 'closed', reason: null })
  })

  test('a log that does not answer in time: 503', async () => {
    await restart({ appendTimeoutMs: 50, log: withAppend(() => new Promise(() => {})) })
    const response = await post(oneSpan, json)
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { message: expect.stringContaining('did not answer') },
    ])
  })

  test('while one waits for a log that has stalled, others hear at once', async () => {
    let nowMs = 0
    const { promise: stalled, reject: giveUp } = Promise.withResolvers<never>()
    const { promise: called, resolve: onCalled } = Promise.withResolvers<void>()
    const append = (): Promise<never> => {
      onCalled()
      return stalled
    }
    await restart({ nowMs: () => nowMs, appendTimeoutMs: 60_000, log: withAppend(append) })
    const first = post(oneSpan, json)
    await called
    nowMs += 3_000
    const second = await post(oneSpan, json)
    expect(await second.json()).toMatchObject({ message: 'the log has not answered for 3 s; nothing was kept' })
    giveUp(new LogError('io', 'no'))
    expect((await first).status).toBe(503)
  })

  test('a closed log, for real', async () => {
    await log.close()
    expect((await post(oneSpan, json)).status).toBe(503)
  })

  test('a bug is a 500 without its text, and is told', async () => {
    const told: unknown[] = []
    const bug = new TypeError('secret detail')
    await restart({ log: withAppend(() => Promise.reject(bug)), onBug: (error) => told.push(error) })
    const response = await post(oneSpan, json)
    expect([response.status, await response.json()]).toEqual([500, { code: 13, message: 'internal error' }])
    expect(told).toEqual([bug])
  })

  test('no answer before the append is done', async () => {
    const { promise: appended, resolve: finishAppend } = Promise.withResolvers<void>()
    const { promise: called, resolve: onCalled } = Promise.withResolvers<void>()
    await restart({
      log: withAppend(async (topic, records) => {
        onCalled()
        await appended
        return log.append(topic, records)
      }),
    })
    let isAnswered = false
    const answer = post(oneSpan, json).then((response) => {
      isAnswered = true
      return response.status
    })
    await called
    expect(isAnswered).toBe(false)
    // Draining waits for it too.
    let isDrained = false
    const drained = server.drain().then(() => {
      isDrained = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect([isAnswered, isDrained]).toEqual([false, false])
    finishAppend()
    expect(await answer).toBe(200)
    await drained
    expect(await stored()).toHaveLength(1)
    server = await start({})
  })
})

describe('connections', () => {
  test('an aborted request leaves nothing behind', async () => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"re',
    )
    await expect.poll(() => server.stats().requests).toBe(1)
    socket.destroy()
    await expect.poll(() => server.stats().rejected.aborted).toBe(1)
    expect((await post(oneSpan, json)).status).toBe(200)
  })

  test.each([
    ['a body', 'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{'],
    ['a head', 'POST /v1/traces HTTP/1.1\r\nhost: '],
  ])('%s that does not come is given up: 408', async (_name, sent) => {
    await restart({ requestTimeoutMs: 500 })
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
      socket.write(sent)
    })
    expect(answer).toContain('408 Request Timeout')
    expect((await post(oneSpan, json)).status).toBe(200)
  })

  test('what is not HTTP gets a 400 and the others go on', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
      socket.write('\x16\x03\x01 hello\r\n\r\n')
    })
    expect(answer).toContain('400 Bad Request')
    expect((await post(oneSpan, json)).status).toBe(200)
  })

  test('200 requests at a time', async () => {
    const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await post(oneSpan, json)).status))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(await stored()).toHaveLength(200)
  })

  test('says what it is', async () => {
    for (const path of ['/', '/health']) {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
      expect(await response.json()).toMatchObject({ service: 'assay gateway', acceptedSpans: 0 })
    }
  })

  test('a port in use rejects with its code', async () => {
    await expect(start({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
