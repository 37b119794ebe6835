import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RawSpan } from '../../engine/otlp/decode.ts'
import { type OtlpSink, startOtlpSink } from '../../test/support/otlp-sink.ts'
import { registry } from '../metrics/registry.ts'
import { type OpenTracing, openTracing, type TracingSettings } from './open-tracing.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'
import { beginSpan, isTracing, presentSpan, quietly, traced, tracedWithin } from './tracer.ts'

let sink: OtlpSink
let open: OpenTracing | null
const said: string[] = []

beforeEach(async () => {
  sink = await startOtlpSink()
  open = null
  said.length = 0
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await open?.close()
  await sink.close()
})

const start = async (settings: Partial<TracingSettings> = {}): Promise<void> => {
  open = await openTracing({
    settings: { otlpUrl: sink.url, headers: {}, sampleRatio: 1, ...settings },
    role: 'gateway',
    version: '1.2.3',
    onProblem: (text) => said.push(text),
    onChange: (text) => said.push(text),
  })
}
/** What was sent when all was. */
const sent = async (): Promise<RawSpan[]> => {
  await open?.close()
  open = null
  return sink.spans
}
const named = (spans: readonly RawSpan[], name: string): RawSpan => {
  const found = spans.filter((span) => span.name === name)
  expect(found).toHaveLength(1)
  return found[0]!
}
const nothing = () => ({})

test('nothing is traced unless it is asked for', async () => {
  const unasked = { role: 'main', version: '1', onProblem: () => {}, onChange: () => {} }
  await (await openTracing({ ...unasked, settings: null })).close()
  expect(isTracing()).toBe(false)
  const options = vi.fn(nothing)
  expect(await traced('work', options, async (span) => [span.place, presentSpan()])).toEqual([null, null])
  expect(options).not.toHaveBeenCalled()
})

test('what is done within a span is part of it; who it is is told with it', async () => {
  await start({ headers: { authorization: 'Bearer k' } })
  const link = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), isSampled: true }
  const work = traced(
    'outer',
    () => ({ links: [link], attributes: { n: 1, left: undefined } }),
    async (span) => {
      await tracedWithin('inner', nothing, async () => {})
      span.set({ text: 'x' })
      throw new Error('no luck')
    },
  )
  await expect(work).rejects.toThrow('no luck')
  await tracedWithin('alone', nothing, async () => {})
  const spans = await sent()
  expect(spans.map(({ name }) => name).toSorted()).toEqual(['inner', 'outer'])
  const outer = named(spans, 'outer')
  expect(named(spans, 'inner')).toMatchObject({ traceId: outer.traceId, parentSpanId: outer.spanId })
  expect(outer).toMatchObject({ status: 'error', statusMessage: 'no luck', keys: ['n', 'text'], values: [1, 'x'] })
  expect(outer.links).toMatchObject([{ traceId: link.traceId, spanId: link.spanId }])
  expect([...sink.resources].map((text) => JSON.parse(text))).toEqual([
    expect.objectContaining({ 'service.name': 'assay', 'service.version': '1.2.3', 'assay.role': 'gateway' }),
  ])
  expect(sink.authorizations).toEqual(new Set(['Bearer k']))
  expect(isTracing()).toBe(false)
})

test("a request's trace goes on here, and one that its sender leaves out is left out", async () => {
  await start()
  const theirs = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
  beginSpan('taken', () => ({ parent: { ...theirs, isSampled: true } })).end()
  beginSpan('left', () => ({ parent: { ...theirs, isSampled: false } })).end()
  const spans = await sent()
  expect(spans).toMatchObject([{ name: 'taken', traceId: theirs.traceId, parentSpanId: theirs.spanId }])
})

test('a share of traces is kept, whole', async () => {
  await start({ sampleRatio: 0.5 })
  const place = (first: string) => ({ traceId: first.padEnd(32, '0'), spanId: 'b'.repeat(16), isSampled: true })
  for (const first of ['1', 'f']) {
    const options = () => ({ parent: place(first) })
    await traced(`trace ${first}`, options, () => tracedWithin(`within ${first}`, nothing, async () => {}))
  }
  expect((await sent()).map(({ name }) => name).toSorted()).toEqual(['trace 1', 'within 1'])
})

test('quiet work is not traced, whatever it does', async () => {
  await start()
  await quietly(async () => {
    beginSpan('begun', nothing).end()
    await traced('done', nothing, () => tracedWithin('within', nothing, async () => {}))
  })
  beginSpan('after', nothing).end()
  expect((await sent()).map(({ name }) => name)).toEqual(['after'])
})

test("variables of OpenTelemetry's own are for others: neither their headers nor their sampler are used", async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer of-another')
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1')
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off')
  await start()
  beginSpan('work', nothing).end()
  expect(await sent()).toHaveLength(1)
  expect(sink.authorizations).toEqual(new Set(['']))
  expect(process.env.OTEL_TRACES_SAMPLER).toBe('always_off')
})

test('a collector that refuses is told of once, and again when it takes them', async () => {
  sink.answer = () => ({ status: 400 })
  await start()
  for (const calls of [1, 2]) {
    beginSpan('lost', nothing).end()
    await vi.waitFor(() => expect(sink.requests).toBe(calls), { timeout: 20_000 })
  }
  sink.answer = () => ({ status: 200 })
  beginSpan('kept', nothing).end()
  await vi.waitFor(() => expect(sink.spans).toHaveLength(1), { timeout: 20_000 })
  await vi.waitFor(() => expect(said).toHaveLength(2), { timeout: 20_000 })
  expect(said[0]).toMatch(/^Assay's own traces cannot be sent to 127\.0\.0\.1:\d+, and are dropped meanwhile: /)
  expect(said[1]).toMatch(/^Assay's own traces are sent to 127\.0\.0\.1:\d+ again$/)
})

test('with a collector that does not answer, so many spans wait and no more; the end waits for none of it', async () => {
  sink.answer = () => 'reset'
  await start()
  const before = await countOf('dropped')
  for (let i = 0; i < 5_000; i++) beginSpan('work', nothing).end()
  expect(await countOf('dropped')).toBeGreaterThanOrEqual(before + 5_000 - 2_048 - 512)
  await open?.close()
  open = null
  expect(sink.spans).toEqual([])
})

async function countOf(outcome: string): Promise<number> {
  const metric = await registry.getSingleMetric('assay_tracing_spans_total')?.get()
  return metric?.values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0
}

test.each([
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02', false],
  ['cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes', true],
])('%s is a traceparent', (text, isSampled) => {
  const place = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', isSampled }
  expect(parseTraceparent(text)).toEqual(place)
  expect(parseTraceparent(formatTraceparent(place))).toEqual(place)
})

test.each([
  undefined,
  '',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
  'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
])('%s is none', (text) => expect(parseTraceparent(text)).toBeNull())
