/** Bytes of the real OpenTelemetry JS SDK, posted by its own exporters to the real server on the real log. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { normaliseRecord } from '../engine/conventions/normalise.ts'
import type { Span } from '../engine/model/span.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { type HttpGateway, startHttpGateway } from '../test/support/http-gateway.ts'

let dataDir: string
let log: EmbeddedLog
let server: HttpGateway

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'assay-sdk-'))
  log = await openEmbeddedLog({ dataDir })
  await log.ensureTopics([
    { name: 'agent-traces', partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  server = await startHttpGateway({ log })
})

afterEach(async () => {
  await server.drain()
  await log.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** An agent's run as an instrumented program records it: some fine, some odd. */
async function record(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'checkout',
      'service.version': '1.4.0',
      'deployment.environment.name': 'prod',
    }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  })
  const tracer = provider.getTracer('support-agent', '0.9.0')
  for (let run = 0; run < 5; run++) {
    const root = tracer.startSpan('invoke_agent support', {
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': 'support',
        'gen_ai.conversation.id': `c-${run}`,
      },
    })
    const inRoot: Context = trace.setSpan(context.active(), root)
    const chat = tracer.startSpan(
      'chat gpt-5-mini',
      {
        kind: SpanKind.CLIENT,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'openai',
          'gen_ai.request.model': 'gpt-5-mini',
          'gen_ai.usage.input_tokens': Number.NaN,
          'gen_ai.usage.output_tokens': 20,
          'gen_ai.response.finish_reasons': ['tool_calls'],
          'gen_ai.input.messages': JSON.stringify([
            { role: 'user', parts: [{ type: 'text', content: `Où est ma commande № ${run} 🙂?` }] },
          ]),
          'gen_ai.output.messages': JSON.stringify([
            {
              role: 'assistant',
              parts: [{ type: 'tool_call', id: 'call_1', name: 'find_order', arguments: { n: run } }],
            },
          ]),
          'acme.ratio': 0.25,
          'acme.flags': [true, false],
          'acme.big': 2 ** 53 - 1,
        },
        links: [{ context: root.spanContext(), attributes: { why: 'test' } }],
      },
      inRoot,
    )
    chat.end()
    const tool = tracer.startSpan(
      'execute_tool find_order',
      {
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': 'find_order',
          'gen_ai.tool.call.id': 'call_1',
          'gen_ai.tool.call.arguments': '{"n":1}',
        },
      },
      inRoot,
    )
    tool.recordException(new RangeError('no such order'))
    tool.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' })
    tool.end()
    tracer.startSpan('POST', { kind: SpanKind.CLIENT, attributes: { 'http.request.method': 'POST' } }, inRoot).end()
    root.end()
  }
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

async function exportTo(exporter: SpanExporter, spans: ReadableSpan[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    exporter.export(spans, (result) => {
      if (result.code === 0) resolve()
      else reject(result.error ?? new Error('the exporter failed'))
    })
  })
  await exporter.shutdown()
}

async function takeStored(fromOffsets: Map<number, number>): Promise<Span[]> {
  const spans: Span[] = []
  for (let partition = 0; partition < 4; partition++) {
    const from = fromOffsets.get(partition) ?? 0
    const records = await log.read('agent-traces', partition, from, 100)
    fromOffsets.set(partition, from + records.length)
    for (const item of records) spans.push(...normaliseRecord('default', item.value))
  }
  return spans
}

test('protobuf, JSON and gzip of the same spans come out as the same spans', async () => {
  const spans = await record()
  const url = `http://127.0.0.1:${server.port}/v1/traces`
  const offsets = new Map<number, number>()
  await exportTo(new ProtobufExporter({ url }), spans)
  const fromProtobuf = await takeStored(offsets)
  await exportTo(new JsonExporter({ url }), spans)
  const fromJson = await takeStored(offsets)
  const before = process.env.OTEL_EXPORTER_OTLP_COMPRESSION
  process.env.OTEL_EXPORTER_OTLP_COMPRESSION = 'gzip'
  const zipped = new ProtobufExporter({ url })
  if (before === undefined) delete process.env.OTEL_EXPORTER_OTLP_COMPRESSION
  else process.env.OTEL_EXPORTER_OTLP_COMPRESSION = before
  await exportTo(zipped, spans)
  const fromGzip = await takeStored(offsets)

  expect(fromProtobuf).toHaveLength(20)
  expect(fromJson).toEqual(fromProtobuf)
  expect(fromGzip).toEqual(fromProtobuf)
  expect(server.stats()).toMatchObject({ acceptedRequests: 3, acceptedSpans: 60 })
})

test('what the SDK recorded is what the model says', async () => {
  const sent = await record()
  await exportTo(new ProtobufExporter({ url: `http://127.0.0.1:${server.port}/v1/traces` }), sent)
  const stored = await takeStored(new Map())
  for (const original of sent) {
    const span = stored.find((item) => item.spanId === original.spanContext().spanId)!
    expect(span.traceId).toBe(original.spanContext().traceId)
    expect(span.parentSpanId).toBe(original.parentSpanContext?.spanId)
    expect(span.name).toBe(original.name)
    const [seconds, nanos] = original.startTime
    expect(BigInt(span.startTimeUs) * 1000n + BigInt(span.startTimeSubUs)).toBe(
      BigInt(seconds) * 10n ** 9n + BigInt(nanos),
    )
    expect(span.durationNs).toBe(original.duration[0] * 1e9 + original.duration[1])
    expect(span).toMatchObject({
      env: 'prod',
      agentVersion: '1.4.0',
      scopeName: 'support-agent',
      scopeVersion: '0.9.0',
    })
  }
  const chat = stored.find((item) => item.kind === 'llm')!
  expect(chat).toMatchObject({
    agentName: 'checkout',
    provider: 'openai',
    model: 'gpt-5-mini',
    outputText: '',
    tokensInput: undefined,
    tokensOutput: 20,
    tokensTotal: undefined,
    finishReason: 'tool_call',
    links: [{ attributes: new Map([['why', 'test']]) }],
  })
  expect(chat.inputText).toMatch(/^Où est ma commande № \d 🙂\?$/)
  // NaN is no count: it stays where it was, beside what is nobody's.
  expect(chat.attributes).toEqual(
    new Map<string, unknown>([
      ['gen_ai.usage.input_tokens', Number.NaN],
      ['acme.ratio', 0.25],
      ['acme.flags', [true, false]],
      ['acme.big', 2 ** 53 - 1],
    ]),
  )
  const tool = stored.find((item) => item.kind === 'tool')!
  expect(tool).toMatchObject({
    toolName: 'find_order',
    toolArguments: '{"n":1}',
    status: 'error',
    errorMessage: 'no such order',
  })
  expect(
    stored.filter((item) => item.name === 'POST').every((item) => item.kind === 'other' && item.convention === 'none'),
  ).toBe(true)
})
