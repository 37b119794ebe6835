/** Assay's traces of itself: from a request through the log to what is evaluated and stored, and not of their own handling. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import type { RawSpan } from '../../engine/otlp/decode.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { AGENT_TRACES, EVAL_RESULTS, onlineTopics } from '../../storage/log/topics.ts'
import { measuredLog } from '../../storage/metrics/measured.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type OpenTracing, openTracing } from '../../storage/tracing/open-tracing.ts'
import { beginSpan } from '../../storage/tracing/tracer.ts'
import { type EvaluateLoop, startEvaluateLoop } from '../../workers/online/evaluate-loop.ts'
import { type StoreLoop, startStoreLoop } from '../../workers/online/store-loop.ts'
import { type HttpGateway, startHttpGateway } from '../support/http-gateway.ts'
import { chatRequest, traceIdOf } from '../support/otlp.ts'
import { type OtlpSink, startOtlpSink } from '../support/otlp-sink.ts'

const plan = planOf(`package shop
online eval short {
  on:      span
  pass:    duration < 1m
}
online eval whole {
  on:      trace
  pass:    duration < 1m
}
`)

let folder: string
let log: EmbeddedLog
let traces: TracesStore
let sink: OtlpSink
let tracing: OpenTracing
let gateway: HttpGateway
let evaluating: EvaluateLoop
let storing: StoreLoop

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-own-traces-'))
  traces = await openTraces({ dataDir: folder })
  await traces.migrate()
  sink = await startOtlpSink()
  tracing = await openTracing({
    settings: { otlpUrl: sink.url, headers: {}, sampleRatio: 1 },
    role: 'main',
    version: '1',
    onProblem: () => {},
    onChange: () => {},
  })
  log = measuredLog(await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null }))
  await log.ensureTopics(onlineTopics)
  gateway = await startHttpGateway({ log })
  const definitions = { current: () => plan }
  evaluating = await startEvaluateLoop({ log, definitions, nowMs: Date.now, times: { settleMs: 100 } })
  const redactor = compileRedaction(plan)
  storing = await startStoreLoop({ log, traces, definitions: () => redactor, nowMs: Date.now })
}, 60_000)
afterEach(async () => {
  await tracing.close()
  await sink.close()
  await traces.close()
  rmSync(folder, { recursive: true, force: true })
})

const endWork = async (): Promise<void> => {
  await gateway.drain()
  await evaluating.drain()
  await storing.drain()
  await log.close()
  // Everything that was traced is in the sink.
  await tracing.close()
}
const post = async (body: Uint8Array, headers: Record<string, string>): Promise<void> => {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/traces`, {
    method: 'POST',
    headers,
    body: Buffer.from(body),
  })
  expect(answer.status, await answer.text()).toBe(200)
}
const postJson = (body: unknown, headers: Record<string, string> = {}) =>
  post(Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json', ...headers })
/** A verdict on the span and one on its trace, each stored. */
const handled = (spans: number) =>
  vi.waitFor(() => expect(storing.stats()).toMatchObject({ spans, results: spans * 2 }), {
    timeout: 30_000,
    interval: 20,
  })
const named = (name: string): RawSpan[] => sink.spans.filter((span) => span.name === name)
const attribute = ({ keys, values }: RawSpan, key: string) => values[keys.indexOf(key)]

test('a request, its append, and the batches that come of it, in traces that point at each other', async () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  await postJson(chatRequest([{ traceId: traceIdOf(1) }]), { traceparent })
  await handled(1)
  await endWork()
  const [ingest] = named('ingest traces')
  expect(ingest).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), status: 'unset' })
  expect(attribute(ingest!, 'assay.ingest.spans')).toBe(1)
  expect(attribute(ingest!, 'http.response.status_code')).toBe(200)
  const [appended] = named(`append ${AGENT_TRACES}`)
  expect(appended).toMatchObject({ traceId: ingest!.traceId, parentSpanId: ingest!.spanId })
  const batch = named('evaluate batch')[0]!
  expect(batch.traceId).not.toBe(ingest!.traceId)
  expect(batch.links).toMatchObject([{ traceId: appended!.traceId, spanId: appended!.spanId }])
  const results = named(`append ${EVAL_RESULTS}`)
  expect(results.map(({ parentSpanId }) => parentSpanId)).toContain(batch.spanId)
  // The verdict on the whole trace comes later, in a turn of its own.
  expect(named('settled traces')).toHaveLength(1)
  const stored = named('store batch')
  expect(stored.flatMap(({ links }) => links.map(({ spanId }) => spanId)).toSorted()).toEqual(
    [appended!, ...results].map(({ spanId }) => spanId).toSorted(),
  )
})

test.each([
  ['straight', (body: Buffer) => body, {}],
  [
    'compressed, and by a collector without a word of whose they are',
    (body: Buffer) => gzipSync(body),
    { 'content-encoding': 'gzip' },
  ],
])('what handling them takes is not traced: %s', async (_, sent, headers) => {
  beginSpan('chat judge', () => ({ kind: 'client' })).end()
  await vi.waitFor(() => expect(sink.bodies).toHaveLength(1), { timeout: 30_000 })
  await post(sent(sink.bodies[0]!), { 'content-type': 'application/x-protobuf', ...headers })
  await handled(1)
  await endWork()
  expect(sink.spans.map(({ name }) => name)).toEqual(['chat judge'])
  expect(await traces.queryResults('default', { limit: 10 })).toEqual([
    expect.objectContaining({ agentName: 'assay' }),
    expect.objectContaining({ agentName: 'assay' }),
  ])
})

test('what others sent beside them is traced', async () => {
  beginSpan('chat judge', () => ({ kind: 'client' })).end()
  await vi.waitFor(() => expect(sink.bodies).toHaveLength(1), { timeout: 30_000 })
  await post(sink.bodies[0]!, { 'content-type': 'application/x-protobuf' })
  await postJson(chatRequest([{ traceId: traceIdOf(2) }]))
  await handled(2)
  await endWork()
  expect(named('ingest traces')).toHaveLength(1)
  expect(named('evaluate batch')).toHaveLength(1)
  expect(named('settled traces')).toHaveLength(1)
})
