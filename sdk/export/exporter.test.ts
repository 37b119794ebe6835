import { ExportResultCode } from '@opentelemetry/core'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, test } from 'vitest'
import { type Collector, type Fault, startCollector } from '../testing/collector.ts'
import { manualRuntime, until } from '../testing/manual-runtime.ts'
import { endedSpan, spanMaker } from '../testing/spans.ts'
import { AssayExporter } from './exporter.ts'

let sink: Collector
afterEach(() => sink.close())

async function rig(answer: (index: number) => Fault, options: { maxSpans?: number } = {}) {
  sink = await startCollector(answer)
  const runtime = manualRuntime()
  return { runtime, exporter: new AssayExporter({ url: sink.url, runtime, log: () => {}, ...options }) }
}

test('behind OpenTelemetry’s own processor: a flush of that waits for the delivery', async () => {
  const { runtime, exporter } = await rig((index) => (index === 0 ? { kind: 'status', status: 503 } : { kind: 'ok' }))
  const spans = spanMaker(new BatchSpanProcessor(exporter, { maxExportBatchSize: 10 }))
  for (let i = 0; i < 3; i++) spans.end({ name: `span-${i}` })
  const flushed = spans.provider.forceFlush()
  await until(() => runtime.timerCount() > 0)
  runtime.advance(0)
  await until(() => exporter.stats().failures === 1 && runtime.nextTimerMs() === 1_000)
  runtime.advance(1_000)
  await flushed
  expect(sink.delivered).toEqual(['span-0', 'span-1', 'span-2'])
  await spans.provider.shutdown()
})

test.each([
  [{ kind: 'ok' } as const, ExportResultCode.SUCCESS],
  [{ kind: 'status', status: 400 } as const, ExportResultCode.FAILED],
])('it calls back with what became of the spans: %j', async (fault, code) => {
  const { runtime, exporter } = await rig(() => fault)
  const results: number[] = []
  exporter.export([endedSpan()], (result) => results.push(result.code))
  runtime.advance(0)
  await until(() => results.length > 0)
  expect(results).toEqual([code])
})

test('nobody waits for ever: with too many exports at hand, and at the end, it calls back', async () => {
  const { runtime, exporter } = await rig(() => ({ kind: 'hang' }))
  const results: number[] = []
  for (let i = 0; i < 70; i++) exporter.export([endedSpan()], (result) => results.push(result.code))
  expect(results.length).toBe(6)
  const ended = exporter.shutdown()
  runtime.advance(5_000)
  await ended
  expect(results).toEqual(Array(70).fill(ExportResultCode.FAILED))
  expect(exporter.stats()).toMatchObject({ bufferedSpans: 0, droppedSpans: { shutdown: 70 } })
})

test('nothing to export is a success', async () => {
  const { exporter } = await rig(() => ({ kind: 'ok' }))
  const results: number[] = []
  exporter.export([], (result) => results.push(result.code))
  expect(results).toEqual([ExportResultCode.SUCCESS])
})
