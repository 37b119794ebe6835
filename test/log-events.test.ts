/**
 * What a model call was given and answered, sent as log events by the real OpenTelemetry logs SDK beside the span: by the gateway into the
 * log, judged with the span and stored with it, whichever comes first.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import type { LogRecord } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { planOf } from '../dsl/testing.ts'
import { decodeResults } from '../engine/codec/results.ts'
import { compileRedaction } from '../engine/redact/redact.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { EVAL_RESULTS, onlineTopics } from '../storage/log/topics.ts'
import { openTraces } from '../storage/traces/open.ts'
import { SPAN_PAGE_FIELDS } from '../storage/traces/pages.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { type EvaluateLoop, startEvaluateLoop } from '../workers/online/evaluate-loop.ts'
import { type StoreLoop, startStoreLoop } from '../workers/online/store-loop.ts'
import { type HttpGateway, startHttpGateway } from './support/http-gateway.ts'

const plan = planOf(`package shop
pattern mail = /[a-z]+@[a-z]+[.]com/
online eval no_mail {
  on:      llm_call
  pass:    not (output.text matches mail)
  missing: unknown
  redact:  output.text
}
online eval whole_run {
  on:   trace
  pass: count(llm_call where output.text matches mail) == 0
}
`)

let folder: string
let log: EmbeddedLog
let traces: TracesStore
/** Of the store's clock. */
let aheadMs = 0
let gateway: HttpGateway
let evaluating: EvaluateLoop
let storing: StoreLoop
let provider: LoggerProvider
const problems: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-logs-'))
  traces = await openTraces({ dataDir: join(folder, 'traces'), nowMs: () => Date.now() + aheadMs })
  await traces.migrate()
})
afterAll(async () => {
  await traces.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics(onlineTopics)
  gateway = await startHttpGateway({ log })
  const onProblem = (text: string) => problems.push(text)
  const times = { settleMs: 100 }
  evaluating = await startEvaluateLoop({ log, definitions: { current: () => plan }, nowMs: Date.now, times, onProblem })
  const redactor = compileRedaction(plan)
  storing = await startStoreLoop({ log, traces, definitions: () => redactor, nowMs: Date.now, onProblem })
  const exporter = new OTLPLogExporter({ url: `http://127.0.0.1:${gateway.port}/v1/logs` })
  provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] })
})
afterEach(async () => {
  await provider.shutdown()
  await gateway.drain()
  await evaluating.drain()
  await storing.drain()
  await log.close()
  expect(problems.splice(0)).toEqual([])
})

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 12_000, interval: 20 })

let made = 0
function newSpan(): SpanContext {
  made++
  return { traceId: String(made).padStart(32, 'a'), spanId: String(made).padStart(16, 'b'), traceFlags: 1 }
}

/** As instrumentations send their span where texts go to logs: without any. */
async function sendSpan({ traceId, spanId }: SpanContext): Promise<void> {
  const attributes = [
    { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
    { key: 'gen_ai.provider.name', value: { stringValue: 'openai' } },
  ]
  const startNs = BigInt(Date.now()) * 1_000_000n
  const times = { startTimeUnixNano: String(startNs), endTimeUnixNano: String(startNs + 1n) }
  const span = { traceId, spanId, name: 'chat', ...times, attributes }
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  })
  expect(answer.status).toBe(200)
}

async function say(of: SpanContext, ...events: LogRecord[]): Promise<void> {
  const context = trace.setSpanContext(ROOT_CONTEXT, of)
  const logger = provider.getLogger('opentelemetry.instrumentation.openai_v2')
  for (const event of events) logger.emit({ ...event, context })
  await provider.forceFlush()
}

const question: LogRecord = { eventName: 'gen_ai.user.message', body: { content: 'Who sells it?' } }
const answer: LogRecord = {
  eventName: 'gen_ai.choice',
  body: { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Ask maria@shop.com.' } },
}

async function verdicts({ traceId }: SpanContext): Promise<string[]> {
  const found: string[] = []
  for (const { partition } of await log.endOffsets(EVAL_RESULTS)) {
    for (const { value } of await log.read(EVAL_RESULTS, partition, 0, 10_000)) {
      for (const result of decodeResults(value)) {
        if (result.traceId === traceId) found.push(`${result.evalId} r${result.revision} ${result.verdict}`)
      }
    }
  }
  return found.toSorted()
}

async function expectStoredWhole({ traceId }: SpanContext): Promise<void> {
  await until(async () => {
    const [span] = await traces.getTrace('default', traceId)
    expect(span).toMatchObject({
      inputText: 'Who sells it?',
      outputText: 'Ask **************.',
      finishReason: 'stop',
      inputMessages: [{ role: 'user', parts: [{ type: 'text', content: 'Who sells it?' }] }],
    })
  })
}

test('before the span: it is judged with them, and stored', async () => {
  const span = newSpan()
  await say(span, question, answer)
  await sendSpan(span)
  await until(async () => expect(await verdicts(span)).toEqual(['shop/no_mail r1 fail', 'shop/whole_run r1 fail']))
  await expectStoredWhole(span)
  expect(gateway.stats()).toMatchObject({ acceptedMessages: 2, acceptedSpans: 1 })
})

test('after the span: it is judged again, in a next revision', async () => {
  const span = newSpan()
  await sendSpan(span)
  await until(async () => expect(await verdicts(span)).toEqual(['shop/no_mail r1 unknown', 'shop/whole_run r1 pass']))
  await say(span, question, answer)
  await until(async () =>
    expect(await verdicts(span)).toEqual([
      'shop/no_mail r1 unknown',
      'shop/no_mail r2 fail',
      'shop/whole_run r1 pass',
      'shop/whole_run r2 fail',
    ]),
  )
  await expectStoredWhole(span)
})

test('pages of stored traces have them too, masked', async () => {
  const span = newSpan()
  await sendSpan(span)
  await say(span, question, answer)
  await expectStoredWhole(span)
  const window = { fromUs: (Date.now() - 3_600_000) * 1_000, toUs: (Date.now() + 3_600_000) * 1_000 }
  const page = { ...window, fromTraceId: span.traceId, toTraceId: null, fields: SPAN_PAGE_FIELDS }
  aheadMs = 600_000
  const read = await traces.readSpanPage('default', page)
  aheadMs = 0
  const found = read.traces.flat().find(({ traceId }) => traceId === span.traceId)
  expect(found).toMatchObject({ inputText: 'Who sells it?', outputText: 'Ask **************.' })
})

test('what are no such events, or of no span, is left out and told', async () => {
  const timeUnixNano = `${Date.now()}000000`
  const record = (eventName: string, ids: object): object => ({ eventName, timeUnixNano, ...ids })
  const ids = { traceId: '1'.repeat(32), spanId: '2'.repeat(16) }
  const logRecords = [
    record('gen_ai.user.message', ids),
    record('gen_ai.user.message', { traceId: '1'.repeat(32) }),
    record('user.signed_in', ids),
    { body: { stringValue: 'a line' } },
  ]
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({
    partialSuccess: {
      rejectedLogRecords: '3',
      errorMessage:
        'log records were left out: 2 of no event with messages of a model call (gen_ai.user.message and its like), 1 of such events without a trace id and a span id',
    },
  })
})
