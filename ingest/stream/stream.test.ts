import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { normaliseRecord } from '../../engine/conventions/normalise.ts'
import { transcodeJson } from '../../engine/otlp/json.ts'
import { createGate } from '../../storage/access/gate.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { type Log, LogError, type LogRecord } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { type HttpGateway, type HttpGatewayOptions, startHttpGateway } from '../../test/support/http-gateway.ts'
import { openStream, type StreamClient } from '../../test/support/stream-client.ts'

const PARTITIONS = 4
let log: EmbeddedLog
let server: HttpGateway
const clients: StreamClient[] = []

beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: PARTITIONS, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  server = await startHttpGateway({ log, history: log })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate()
  await server.drain()
  await log.close()
})

async function restart(options: Partial<HttpGatewayOptions>): Promise<void> {
  await server.drain()
  server = await startHttpGateway({ log, history: log, ...options })
}

async function connect(options: Parameters<typeof openStream>[1] = {}): Promise<StreamClient> {
  const client = await openStream(`ws://127.0.0.1:${server.port}/v1/stream`, options)
  clients.push(client)
  return client
}

/** A request of one span a trace id. */
function request(...traceIds: string[]): Uint8Array {
  const spans = traceIds.map((traceId) => ({
    traceId: traceId.padEnd(32, '0'),
    spanId: '00000000000000aa',
    name: traceId,
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000001000000000',
  }))
  const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

async function records(): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for (let partition = 0; partition < PARTITIONS; partition++)
    all.push(...(await log.read(AGENT_TRACES, partition, 0, 10_000)))
  return all
}

async function storedNames(): Promise<string[]> {
  return (await records()).flatMap(({ value }) => normaliseRecord('default', value).map(({ name }) => name)).toSorted()
}

describe('batches', () => {
  test('in protobuf, in gzip and in JSON are acknowledged when they are in the log', async () => {
    const client = await connect()
    expect(await client.hello({ stream: 's' })).toMatchObject({
      type: 'welcome',
      settled: 0,
      resume: expect.any(String),
      maxUnanswered: 8,
      maxBatchBytes: 20 << 20,
    })
    client.batch(1, request('a1', 'b2'))
    expect(await client.next()).toMatchObject({ type: 'ack', batch: 1, spans: 2 })
    client.batch(2, gzipSync(request('c3')))
    expect(await client.next()).toMatchObject({ type: 'ack', batch: 2, spans: 1 })
    client.spans(3, [{ name: 'native', kind: 'llm' }])
    expect(await client.next()).toMatchObject({ type: 'ack', batch: 3, spans: 1 })
    expect(await storedNames()).toEqual(['a1', 'b2', 'c3', 'native'])
    expect(server.stats()).toMatchObject({ acceptedSpans: 4, acceptedRequests: 3, openStreams: 1 })
  })

  test('with something wrong are refused alone, for good or for a while', async () => {
    const failing = { append: vi.fn(log.append.bind(log)), partitionFor: log.partitionFor.bind(log) }
    await restart({ log: failing })
    const client = await connect()
    await client.hello({ stream: 's' })
    client.batch(1, Buffer.from('not protobuf'))
    const wrong = await client.next()
    expect(wrong).toMatchObject({ type: 'refused', batch: 1, code: 'malformed' })
    expect(wrong).not.toHaveProperty('retryAfterSeconds')
    client.spans(2, [{ name: 'x', startTime: 'yesterday' }])
    expect(await client.next()).toMatchObject({ batch: 2, code: 'malformed', message: /^spans\[0\]\.startTime/ })
    failing.append.mockRejectedValueOnce(new LogError('full', 'no room'))
    client.batch(3, request('a1'))
    expect(await client.next()).toMatchObject({ batch: 3, code: 'log_unavailable', retryAfterSeconds: 30 })
    client.batch(3, request('a1'))
    expect(await client.next()).toMatchObject({ type: 'ack', batch: 3, spans: 1 })
    client.batch(4, Buffer.concat([gzipSync(request('b2')).subarray(0, 20), Buffer.alloc(9)]))
    expect(await client.next()).toMatchObject({ batch: 4, code: 'malformed', message: 'the batch is not valid gzip' })
    expect(await storedNames()).toEqual(['a1'])
  })

  test('have the room that pings and pongs took for a moment', async () => {
    await restart({ maxHeldBytes: 4_096 })
    const client = await connect()
    const ping = async (): Promise<void> => {
      const answered = new Promise((resolve) => client.socket.once('pong', resolve))
      client.socket.pong(Buffer.alloc(125))
      client.socket.ping(Buffer.alloc(125))
      await Promise.race([answered, client.ended])
    }
    for (let i = 0; i < 20; i++) await ping()
    await client.hello({ stream: 's' })
    for (let i = 0; i < 20; i++) await ping()
    client.batch(1, request('a1'))
    expect(await client.next()).toMatchObject({ type: 'ack', batch: 1, spans: 1 })
  })

  test('in part are told how much was left out', async () => {
    const client = await connect()
    await client.hello({ stream: 's' })
    const spans = [{ traceId: 'a1'.padEnd(32, '0'), spanId: '00000000000000aa', startTimeUnixNano: '5' }]
    const outcome = transcodeJson(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })))
    client.batch(1, outcome.ok ? outcome.request : Buffer.alloc(0))
    expect(await client.next()).toMatchObject({ type: 'ack', spans: 0, partial: { rejected: 1, message: /end_time/ } })
  })
})

describe('who may connect', () => {
  const gate = createGate('keys', {
    verify: (key) =>
      key === good
        ? { ok: true, principal: { tenant: 'acme', role: isRevoked ? 'viewer' : 'ingest', keyId: 'k' } }
        : { ok: false, code: 'unknown' },
  })
  const good = `assay_${'a'.repeat(40)}`
  let isRevoked = false
  beforeEach(async () => {
    isRevoked = false
    await restart({ gate })
  })

  test('a key in the header decides before there is a connection', async () => {
    await expect(connect({ headers: { authorization: 'Bearer assay_bad' } })).rejects.toThrow('401')
    const client = await connect({ headers: { authorization: `Bearer ${good}` } })
    expect(await client.hello({ stream: 's' })).toMatchObject({ type: 'welcome' })
    client.batch(1, request('a1'))
    await client.next()
    expect((await records()).map(({ headers }) => headers)).toEqual([
      { tenant: 'acme', spans: '1', stream: 's', batch: '1/1' },
    ])
  })

  test('a key in the hello, for those who cannot send headers', async () => {
    const client = await connect()
    expect(await client.hello({ stream: 's', key: good })).toMatchObject({ type: 'welcome' })
    const without = await connect()
    await expect(without.hello({ stream: 's' })).rejects.toThrow('4401')
  })

  test('a key that is revoked ends the connection at its next batch', async () => {
    const client = await connect()
    await client.hello({ stream: 's', key: good })
    isRevoked = true
    client.batch(1, request('a1'))
    expect(await client.next()).toMatchObject({ type: 'refused', batch: 1, code: 'forbidden' })
    expect((await client.ended).code).toBe(4403)
    expect(await records()).toEqual([])
  })

  test('pages of other origins are refused', async () => {
    await restart({ corsOrigins: ['https://app.example.org'] })
    await expect(connect({ origin: 'https://evil.example.org' })).rejects.toThrow('403')
    await connect({ origin: 'https://app.example.org' })
    expect(server.stats().rejected.forbidden).toBe(0)
  })
})

describe('a client that comes back', () => {
  test('is told what the log has of it, and what it sends again is appended once', async () => {
    const first = await connect()
    const welcome = await first.hello({ stream: 's' })
    const resume = welcome.type === 'welcome' ? welcome.resume : null
    first.batch(1, request('a1', 'b2', 'c3', 'd4', 'e5'))
    await first.next()
    first.batch(2, request('f6'))
    await first.next()
    // Its answers to 1 and 2 never came, as far as the client is concerned.
    first.socket.terminate()
    const second = await connect()
    expect(await second.hello({ stream: 's', settled: 0, resume })).toMatchObject({ type: 'welcome', settled: 2 })
    second.batch(2, request('f6'))
    expect(await second.next()).toMatchObject({ type: 'ack', batch: 2, spans: 0, again: true })
    second.batch(3, request('a7'))
    expect(await second.next()).toMatchObject({ type: 'ack', batch: 3, spans: 1 })
    expect(await storedNames()).toEqual(['a1', 'a7', 'b2', 'c3', 'd4', 'e5', 'f6'])
    // Another gateway of the same log knows as much.
    await restart({})
    const third = await connect()
    expect(await third.hello({ stream: 's', settled: 1, resume })).toMatchObject({ settled: 3 })
  })

  test('gets only the rest of a batch appended of which the log took some partitions', async () => {
    const partial: Pick<Log, 'append' | 'partitionFor'> = {
      partitionFor: log.partitionFor.bind(log),
      append: async (...[topic, all]: Parameters<Log['append']>) => {
        await log.append(topic, all.slice(0, 1))
        throw new LogError('io', 'the broker of the others is gone')
      },
    }
    await restart({ log: partial })
    const client = await connect()
    await client.hello({ stream: 's' })
    const names = ['a1', 'b2', 'c3', 'd4', 'e5']
    client.batch(1, request(...names))
    expect(await client.next()).toMatchObject({ type: 'refused', code: 'log_unavailable', retryAfterSeconds: 5 })
    partial.append = log.append.bind(log)
    client.batch(1, request(...names))
    expect(await client.next()).toMatchObject({ type: 'ack', batch: 1 })
    expect(await storedNames()).toEqual(names)
  })

  test('takes its stream over from the connection that it had', async () => {
    const first = await connect()
    await first.hello({ stream: 's' })
    const second = await connect()
    expect(await second.hello({ stream: 's' })).toMatchObject({ type: 'welcome' })
    expect((await first.ended).code).toBe(4409)
    const other = await connect()
    await other.hello({ stream: 'another' })
    second.batch(1, request('a1'))
    expect(await second.next()).toMatchObject({ type: 'ack' })
  })

  test('is not told of what came after a batch that is still open', async () => {
    let isDown = false
    const flaky = {
      partitionFor: log.partitionFor.bind(log),
      append: async (...args: Parameters<Log['append']>) => {
        if (isDown) throw new LogError('io', 'down')
        return log.append(...args)
      },
    }
    let nowMs = 0
    await restart({ log: flaky, nowMs: () => nowMs })
    const client = await connect()
    await client.hello({ stream: 's' })
    isDown = true
    client.batch(1, request('a1'))
    await client.next()
    isDown = false
    for (const number of [2, 3]) {
      nowMs += 5_000
      client.batch(number, request(`b${number}`))
      expect(await client.next()).not.toHaveProperty('resume')
    }
  })
})

describe('limits', () => {
  test('a connection says hello first, in time, and goes when it has nothing to say', async () => {
    await restart({ streamLimits: { helloMs: 5, idleMs: 200 } })
    expect(await (await connect()).ended).toEqual({ code: 4408, reason: 'no hello came' })
    const quiet = await connect()
    quiet.hello({ stream: 's' }).catch(() => {})
    expect(await quiet.ended).toMatchObject({ code: 4408 })
  })

  test.each([
    ['{', /JSON/],
    ['[]', /object/],
    ['{"type":"spans"}', /batch/],
    ['{"type":"other"}', /type/],
    ['{"type":"hello"}', /stream/],
    ['{"type":"hello","stream":"a b"}', /stream/],
    ['{"type":"hello","stream":"s","settled":-1}', /settled/],
    ['{"type":"hello","stream":"s","resume":"A!"}', /resume/],
    ['{"type":"spans","batch":1,"spans":[]}', /hello/],
  ])('a message that is none ends it with what is wrong: %s', async (text, reason) => {
    const client = await connect()
    client.socket.send(text)
    const ended = await client.ended
    expect(ended.code).toBe(4400)
    expect(ended.reason).toMatch(reason)
  })

  test('one that answers no ping is given up', async () => {
    await restart({ streamLimits: { pingMs: 20 } })
    const client = await connect({ autoPong: false })
    expect((await client.ended).code).toBe(1006)
  })

  test('one that answers them stays', async () => {
    await restart({ streamLimits: { pingMs: 20 } })
    const client = await connect()
    let pings = 0
    await new Promise<void>((resolve) => client.socket.on('ping', () => ++pings === 5 && resolve()))
    expect(await client.hello({ stream: 's' })).toMatchObject({ type: 'welcome' })
  })

  test('what is too large, too many, or more than there is room for', async () => {
    await restart({ maxBodyBytes: 10_000, maxHeldBytes: 30_000, streamLimits: { maxConnections: 2 } })
    const client = await connect()
    await client.hello({ stream: 's' })
    client.batch(1, gzipSync(Buffer.alloc(100_000)))
    expect(await client.next()).toMatchObject({ type: 'refused', batch: 1, code: 'too_large' })
    const large = await connect()
    await expect(connect()).rejects.toThrow('503')
    large.socket.send(Buffer.alloc(12_000))
    expect((await large.ended).code).toBe(1009)
    expect(server.stats().rejected).toMatchObject({ too_large: 2 })
  })

  test('who has not said hello may not fill the room of others', async () => {
    const client = await connect()
    client.socket.send(Buffer.alloc(1 << 20))
    expect((await client.ended).code).toBe(1013)
    expect(server.stats().rejected).toMatchObject({ overloaded: 1, malformed: 0 })
    // Batches right behind a hello are another thing.
    const other = await connect()
    const traceIds = Array.from({ length: 5_000 }, (_, index) => `a${index}`)
    const welcome = other.hello({ stream: 's' })
    other.batch(1, request(...traceIds))
    expect(await welcome).toMatchObject({ type: 'welcome' })
    expect(await other.next()).toMatchObject({ type: 'ack', batch: 1, spans: 5_000 })
  })

  test('the socket is not read while batches wait for the log', async () => {
    let letGo: () => void = () => {}
    const gated = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const slow = {
      partitionFor: log.partitionFor.bind(log),
      append: async (...args: Parameters<Log['append']>) => {
        await gated
        return log.append(...args)
      },
    }
    await restart({ log: slow, maxHeldBytes: 1 << 20, streamLimits: { maxUnanswered: 2 } })
    const client = await connect()
    await client.hello({ stream: 's' })
    // 16 MB, of which the gateway may hold 1.
    const traceIds = Array.from({ length: 1_000 }, (_, index) => `a${index}`)
    for (let number = 1; number <= 200; number++) client.batch(number, request(...traceIds))
    letGo()
    for (let number = 1; number <= 200; number++) {
      expect(await client.next()).toMatchObject({ type: 'ack', batch: number, spans: 1_000 })
    }
  })
})

test('on shutting down what is at hand is finished, and the connection closed as going away', async () => {
  let letGo: () => void = () => {}
  const gated = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const reached = vi.fn()
  const slow = {
    partitionFor: log.partitionFor.bind(log),
    append: async (...args: Parameters<Log['append']>) => {
      reached()
      await gated
      return log.append(...args)
    },
  }
  await restart({ log: slow })
  const client = await connect()
  await client.hello({ stream: 's' })
  client.batch(1, request('a1'))
  client.batch(2, request('b2'))
  await vi.waitFor(() => expect(reached).toHaveBeenCalled())
  const drained = server.drain()
  letGo()
  expect(await client.next()).toMatchObject({ type: 'ack', batch: 1 })
  expect(await client.ended).toEqual({ code: 1001, reason: 'shutting down' })
  await drained
  const answered = await client.next().catch(() => null)
  expect(await storedNames()).toEqual(answered === null ? ['a1'] : ['a1', 'b2'])
})

test('a request that offers another protocol is answered as it is, and one without an offer is told what the path takes', async () => {
  const status = await new Promise((resolve, reject) => {
    const headers = { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'content-type': 'application/json' }
    const options = { port: server.port, path: '/v1/traces', method: 'POST', headers }
    const asking = httpRequest(options, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    asking.on('error', reject)
    asking.end('{"resourceSpans":[]}')
  })
  expect(status).toBe(200)
  const plain = await fetch(`http://127.0.0.1:${server.port}/v1/stream`)
  expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket'])
})
