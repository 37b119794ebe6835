/**
 * Damaged payloads over every protocol: taken only where they are valid and then in the log, else refused as the sender's mistake; no bug, no
 * crash, and no memory kept. Over all of them 10,000; `npm run test:fuzz` sends as many over each. `ASSAY_FUZZ_SEED` sends others.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ChannelCredentials, Client, type ServiceError, status } from '@grpc/grpc-js'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { decodeRecord } from '../engine/conventions/normalise.ts'
import { decodeMessages } from '../engine/conventions/span-messages.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { arbitraryRequest, damagedCopies } from '../engine/otlp/testing/otlp-json.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { holdsMessages } from '../storage/log/holds-messages.ts'
import { AGENT_TRACES } from '../storage/log/topics.ts'
import { openGate } from '../test/support/open-gate.ts'
import { binaryBatch, openStream, type StreamClient } from '../test/support/stream-client.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { startOtlpGrpc } from './otlp-grpc.ts'
import { type Listener, startOtlpHttp } from './otlp-http.ts'

const PAYLOADS = Number(process.env.ASSAY_FUZZ_PAYLOADS ?? 910)
const SEED = Number(process.env.ASSAY_FUZZ_SEED ?? 20_261_121)
const COPIES = 10
const AT_ONCE = 16
const HELD_BYTES = 64 << 20

let dataDir: string
let log: EmbeddedLog
let gateway: Gateway
let http: Listener
let grpc: Listener
let client: Client
const bugs: unknown[] = []

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'assay-fuzz-'))
  log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 2, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  gateway = createGateway({
    log,
    history: log,
    gate: openGate,
    maxHeldBytes: HELD_BYTES,
    onBug: (error) => bugs.push(error),
  })
  http = await startOtlpHttp({ host: '127.0.0.1', port: 0, gateway })
  grpc = await startOtlpGrpc({ host: '127.0.0.1', port: 0, gateway })
  client = new Client(`127.0.0.1:${grpc.port}`, ChannelCredentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await Promise.all([http.drain(), grpc.drain()])
  await log.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Whole ones, of which damaged copies are made; the same at each run. */
const json = (): Buffer[] =>
  fc
    .sample(arbitraryRequest, { seed: SEED, numRuns: Math.ceil(PAYLOADS / COPIES) })
    .map((request) => Buffer.from(JSON.stringify(request)))
const protobuf = (): Uint8Array[] =>
  json().flatMap((body) => {
    const outcome = transcodeJson(body)
    return outcome.ok ? [outcome.request] : []
  })
const native = (): Buffer[] =>
  fc
    .sample(
      fc.array(
        fc.record(
          {
            kind: fc.constantFrom('llm', 'tool', 'agent', 'other'),
            name: fc.string(),
            durationMs: fc.nat(100_000),
            startTime: fc.constantFrom('2026-11-21T12:00:00Z', '2026-11-21T12:00:00.123456+02:00'),
            input: fc.record({ text: fc.string() }),
            output: fc.record({ text: fc.string() }),
            tokens: fc.record({ input: fc.nat(), output: fc.nat() }),
            attributes: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 4 },
      ),
      { seed: SEED, numRuns: Math.ceil(PAYLOADS / COPIES) },
    )
    .map((spans) => Buffer.from(JSON.stringify({ spans })))

/** By the real SDK's own writer. */
function logs(): Uint8Array[] {
  const bodies = fc.sample(fc.jsonValue({ maxDepth: 3 }), { seed: SEED, numRuns: Math.ceil(PAYLOADS / COPIES) })
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
  return bodies.map((body) => {
    const exporter = new InMemoryLogRecordExporter()
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
    const logger = provider.getLogger('fuzz')
    const context = trace.setSpanContext(ROOT_CONTEXT, ids)
    const content = JSON.stringify(body)
    logger.emit({ eventName: 'gen_ai.user.message', body: { content }, attributes: { 'gen_ai.system': 'x' }, context })
    logger.emit({ eventName: 'gen_ai.choice', body: { index: 0, message: { role: 'assistant', content } }, context })
    logger.emit({ eventName: 'other', body: content })
    return ProtobufLogsSerializer.serializeRequest(exporter.getFinishedLogRecords()) ?? new Uint8Array()
  })
}
const logsJson = (): Buffer[] =>
  json().map((body) =>
    Buffer.from(
      body
        .toString('utf8')
        .replaceAll('"resourceSpans"', '"resourceLogs"')
        .replaceAll('"scopeSpans"', '"scopeLogs"')
        .replaceAll('"spans"', '"logRecords"')
        .replaceAll('"startTimeUnixNano"', '"timeUnixNano"')
        .replaceAll('"traceId"', '"eventName":"gen_ai.user.message","traceId"'),
    ),
  )

function* damaged(whole: readonly Uint8Array[]): Generator<Uint8Array<ArrayBuffer>> {
  let left = PAYLOADS
  for (const [index, bytes] of whole.entries()) {
    if (left <= 0) return
    yield* damagedCopies(bytes, SEED + index, Math.min(COPIES, left))
    left -= COPIES
  }
}

type Outcome = 'taken' | 'refused'

function post(path: string, type: string, coding = 'identity') {
  return async (body: Uint8Array<ArrayBuffer>): Promise<Outcome> => {
    const headers = { 'content-type': type, 'content-encoding': coding }
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, { method: 'POST', body, headers })
    await response.arrayBuffer()
    expect([200, 400, 413]).toContain(response.status)
    return response.status === 200 ? 'taken' : 'refused'
  }
}

function call(service: string) {
  return (body: Uint8Array): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const pass = (bytes: Buffer): Buffer => bytes
      client.makeUnaryRequest(
        `/opentelemetry.proto.collector.${service}/Export`,
        pass,
        pass,
        Buffer.from(body),
        (error: ServiceError | null) => {
          if (error === null) resolve('taken')
          else if (error.code === status.INVALID_ARGUMENT) resolve('refused')
          else reject(error)
        },
      )
    })
}

let streams = 0

/** One connection, and the next one when it ends with what is wrong. `frame`: the payload as it is sent. */
function stream(frame: (body: Uint8Array, number: number) => Buffer | string) {
  let connected: StreamClient | null = null
  let number = 0
  let turn: Promise<unknown> = Promise.resolve()
  const send = async (body: Uint8Array): Promise<Outcome> => {
    if (connected === null) {
      connected = await openStream(`ws://127.0.0.1:${http.port}/v1/stream`)
      await connected.hello({ stream: `fuzz-${++streams}` })
      number = 0
    }
    connected.socket.send(frame(body, ++number))
    const answer = await connected.next().catch(() => null)
    if (answer !== null) {
      expect(answer).toMatchObject({ type: expect.stringMatching(/^(ack|refused)$/) })
      if (answer.type === 'refused') expect(answer).toMatchObject({ code: 'malformed' })
      return answer.type === 'ack' ? 'taken' : 'refused'
    }
    expect([4400, 1007]).toContain((await connected.ended).code)
    connected = null
    return 'refused'
  }
  return (body: Uint8Array): Promise<Outcome> => {
    const sent = turn.then(() => send(body))
    turn = sent.catch(() => {})
    return sent
  }
}

const batchOfSpans = (spans: Uint8Array, batch: number): string =>
  Buffer.from(spans).toString('latin1').replace('{', `{"type":"spans","batch":${batch},`)

const PROTOCOLS: readonly [string, () => readonly Uint8Array[], (body: Uint8Array<ArrayBuffer>) => Promise<Outcome>][] =
  [
    ['OTLP/HTTP in protobuf', protobuf, post('/v1/traces', 'application/x-protobuf')],
    ['OTLP/HTTP in JSON', json, post('/v1/traces', 'application/json')],
    ['OTLP/HTTP in gzip', () => json().map((body) => gzipSync(body)), post('/v1/traces', 'application/json', 'gzip')],
    ['OTLP/gRPC', protobuf, call('trace.v1.TraceService')],
    ['JSON spans', native, post('/v1/spans', 'application/json')],
    ['logs in protobuf', logs, post('/v1/logs', 'application/x-protobuf')],
    ['logs in JSON', logsJson, post('/v1/logs', 'application/json')],
    ['logs over gRPC', logs, call('logs.v1.LogsService')],
    ['metrics', protobuf, post('/v1/metrics', 'application/x-protobuf')],
    ['WebSocket in protobuf', protobuf, stream((body, number) => binaryBatch(number, body))],
    ['WebSocket in JSON', native, stream(batchOfSpans)],
  ]

test.each(PROTOCOLS)(
  `%s: ${PAYLOADS} damaged payloads`,
  { timeout: 60_000 + PAYLOADS * 100 },
  async (name, whole, send) => {
    const counts = { taken: 0, refused: 0 }
    const startMs = performance.now()
    const payloads = damaged(whole())
    const worker = async (): Promise<void> => {
      for (const body of payloads) counts[await send(body)]++
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    if (PAYLOADS >= 10_000) {
      const rssMib = Math.round(process.memoryUsage.rss() / 2 ** 20)
      console.log(
        `${name}: ${counts.taken} taken, ${counts.refused} refused in ${Math.round((performance.now() - startMs) / 1_000)} s; ${rssMib} MiB`,
      )
    }
    expect(bugs).toEqual([])
    expect(counts.taken + counts.refused).toBe(PAYLOADS)
    expect(counts.taken).toBeGreaterThan(0)
    if (name !== 'metrics') expect(counts.refused).toBeGreaterThan(0)
    // Nothing of any of them is held on to, once the last connection is known to be closed.
    await vi.waitFor(() => expect(gateway.budget.used).toBe(0))
  },
)

test('what was taken is in the log, and can be read', async () => {
  let spans = 0
  let messages = 0
  for (const { partition, end } of await log.endOffsets(AGENT_TRACES)) {
    for (let from = 0; from < end; ) {
      const records = await log.read(AGENT_TRACES, partition, from, 500)
      from = (records.at(-1)?.offset ?? end) + 1
      for (const record of records) {
        if (holdsMessages(record)) {
          const read = decodeMessages('default', record.value)
          expect(read.ok).toBe(true)
          messages += Number(record.headers.messages)
        } else {
          const read = decodeRecord('default', record.value)
          expect(read.ok).toBe(true)
          if (read.ok) spans += read.spans.length
        }
      }
    }
  }
  expect({ spans, messages }).toEqual({
    spans: gateway.stats().acceptedSpans,
    messages: gateway.stats().acceptedMessages,
  })
  expect(messages).toBeGreaterThan(0)
  expect(gateway.stats().rejected).toMatchObject({ internal: 0, log_unavailable: 0, overloaded: 0 })
})
