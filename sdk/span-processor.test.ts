/** The processor behind the real OpenTelemetry SDK, against collectors over real HTTP that fail in every way. Nothing waits for a clock. */
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { AssaySpanProcessor, type AssaySpanProcessorOptions } from './span-processor.ts'
import { type Collector, type Fault, startCollector } from './testing/collector.ts'
import { type ManualRuntime, manualRuntime, until } from './testing/manual-runtime.ts'
import { type SpanMaker, spanMaker } from './testing/spans.ts'

const ok: Fault = { kind: 'ok' }
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Rig {
  processor: AssaySpanProcessor
  runtime: ManualRuntime
  spans: SpanMaker
  lines: string[]
}

function rig(url: string, options: Partial<AssaySpanProcessorOptions> = {}): Rig {
  const runtime = manualRuntime()
  const lines: string[] = []
  const processor = new AssaySpanProcessor({ url, runtime, log: (line) => lines.push(line), ...options })
  return { processor, runtime, spans: spanMaker(processor), lines }
}

async function collector(answer: (index: number, message: Buffer) => Fault, port?: number): Promise<Collector> {
  const started = await startCollector(answer, port)
  closing.push(() => started.close())
  return started
}

const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `span-${from + i}`)

/** An address where nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

describe('all is well', () => {
  test('spans go out together after a second, compressed, with the key, and once', async () => {
    const sink = await collector(() => ok)
    const { processor, runtime, spans, lines } = rig(sink.url, { key: 'assay_secret' })
    for (const name of names(3)) spans.end({ name })
    runtime.advance(999)
    expect(sink.requests).toEqual([])
    runtime.advance(1)
    await until(() => processor.stats().deliveredSpans === 3)
    expect(sink.delivered).toEqual(names(3))
    expect(sink.requests[0]).toMatchObject({
      path: '/v1/traces',
      headers: {
        authorization: 'Bearer assay_secret',
        'content-type': 'application/x-protobuf',
        'content-encoding': 'gzip',
      },
    })
    runtime.advance(60_000)
    expect(sink.requests.length).toBe(1)
    expect(processor.stats()).toMatchObject({ bufferedSpans: 0, bufferedBytes: 0, failures: 0 })
    expect([lines, runtime.timerCount()]).toEqual([[], 0])
  })

  test('a full batch does not wait', async () => {
    const sink = await collector(() => ok)
    const { processor, runtime, spans } = rig(sink.url, { maxBatchSpans: 4 })
    for (const name of names(4)) spans.end({ name })
    runtime.advance(0)
    await until(() => processor.stats().deliveredSpans === 4)
    expect(sink.delivered).toEqual(names(4))
  })

  test('forceFlush sends what waits, in as many requests as it takes', async () => {
    const sink = await collector(() => ok)
    const { processor, runtime, spans } = rig(sink.url, { maxBatchSpans: 2 })
    for (const name of names(5)) spans.end({ name })
    const flushed = processor.forceFlush()
    const driven = until(() => {
      runtime.advance(0)
      return sink.delivered.length === 5
    })
    await Promise.all([flushed, driven])
    expect(sink.requests.map(({ message }) => message.toString('latin1').match(/span-\d/g)?.length)).toEqual([2, 2, 1])
  })

  test('spans that are not sampled are left alone', () => {
    const { processor, spans } = rig('http://127.0.0.1:1')
    const span = spans.start()
    Object.assign(span.spanContext(), { traceFlags: 0 })
    span.end()
    expect(processor.stats().bufferedSpans).toBe(0)
  })
})

describe('a collector that fails for a while: spans are kept, sent again with jitter, and told of twice', () => {
  test.each<[string, Fault, string]>([
    ['503', { kind: 'status', status: 503, body: 'busy' }, 'answered 503'],
    ['429', { kind: 'status', status: 429 }, 'answered 429'],
    ['502', { kind: 'status', status: 502 }, 'answered 502'],
    ['504', { kind: 'status', status: 504 }, 'answered 504'],
    ['a reset in the middle of the answer', { kind: 'reset' }, 'broke in the middle|ECONNRESET|aborted'],
    ['bytes that are not HTTP', { kind: 'garbage' }, 'Parse Error'],
  ])('%s', async (_, fault, reason) => {
    const sink = await collector((index) => (index < 3 ? fault : ok))
    const { processor, runtime, spans, lines } = rig(sink.url)
    for (const name of names(2)) spans.end({ name })
    runtime.advance(1_000)
    for (const [failures, waitMs] of [
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
    ] as const) {
      await until(() => processor.stats().failures === failures)
      await until(() => runtime.nextTimerMs() === waitMs)
      expect(processor.stats()).toMatchObject({ bufferedSpans: 2, deliveredSpans: 0 })
      runtime.advance(waitMs)
    }
    await until(() => processor.stats().deliveredSpans === 2)
    expect(sink.delivered).toEqual(names(2))
    expect(processor.stats().failures).toBe(0)
    expect(lines.length).toBe(2)
    expect(lines[0]).toMatch(new RegExp(`does not take spans: .*(${reason})`))
    expect(lines[1]).toMatch(/takes spans again after 7 s; 0 were dropped meanwhile/)
  })

  test.each<[string, Fault]>([
    ['no answer', { kind: 'hang' }],
    ['an answer that stops', { kind: 'stall' }],
  ])('%s, given up after the time-out', async (_, fault) => {
    const sink = await collector((index) => (index === 0 ? fault : ok))
    const { processor, runtime, spans, lines } = rig(sink.url, { timeoutMs: 3_000 })
    spans.end({ name: 'span-0' })
    runtime.advance(1_000)
    await until(() => sink.requests.length === 1)
    runtime.advance(3_000)
    await until(() => processor.stats().failures === 1)
    await until(() => runtime.nextTimerMs() === 1_000)
    runtime.advance(1_000)
    await until(() => processor.stats().deliveredSpans === 1)
    expect(lines[0]).toContain('no answer within 3000 ms')
  })

  test('nobody listens, and later somebody does', async () => {
    const url = await deadUrl()
    const { processor, runtime, spans } = rig(url)
    spans.end({ name: 'span-0' })
    runtime.advance(1_000)
    await until(() => runtime.nextTimerMs() === 1_000 && processor.stats().failures === 1)
    const sink = await collector(() => ok, Number(new URL(url).port))
    runtime.advance(1_000)
    await until(() => processor.stats().deliveredSpans === 1)
    expect(sink.delivered).toEqual(['span-0'])
  })

  test.each([
    [503, '7', 8_000],
    [429, 'Sat, 21 Nov 2026 12:01:01 GMT', 61_000],
    [503, 'banana', 1_000],
  ])('%d with Retry-After: %s is left alone for %d ms, by a flush too', async (status, retryAfter, waitMs) => {
    const sink = await collector((index) =>
      index === 0 ? { kind: 'status', status, headers: { 'retry-after': retryAfter } } : ok,
    )
    const { processor, runtime, spans } = rig(sink.url)
    spans.end({ name: 'span-0' })
    runtime.advance(1_000)
    await until(() => processor.stats().failures === 1 && runtime.nextTimerMs() !== null)
    expect(runtime.nextTimerMs()).toBe(waitMs)
    if (retryAfter !== 'banana') await processor.forceFlush()
    expect(sink.requests.length).toBe(1)
    runtime.advance(waitMs)
    await until(() => processor.stats().deliveredSpans === 1)
  })
})

describe('what is not taken is counted, and not sent again', () => {
  test.each([400, 401, 403, 404, 500, 501, 302])('%d', async (status) => {
    const sink = await collector((index) => (index === 0 ? { kind: 'status', status, body: 'no such key' } : ok))
    const { processor, runtime, spans, lines } = rig(sink.url)
    for (const name of names(3)) spans.end({ name })
    runtime.advance(1_000)
    await until(() => processor.stats().droppedSpans.refused === 3 && runtime.timerCount() === 0)
    expect(processor.stats()).toMatchObject({ bufferedSpans: 0, bufferedBytes: 0, deliveredSpans: 0 })
    expect(lines).toEqual([
      `assay: ${sink.url}/v1/traces refuses spans, which are lost: answered ${status}: no such key`,
    ])
  })

  test('413: halved until it fits; the one span that does not is dropped', async () => {
    const sink = await collector((_, message) => (message.includes('span-2') ? { kind: 'status', status: 413 } : ok))
    const { processor, runtime, spans } = rig(sink.url)
    for (const name of names(5)) spans.end({ name })
    runtime.advance(1_000)
    await until(() => {
      runtime.advance(0)
      return processor.stats().bufferedSpans === 0
    })
    expect(sink.delivered.sort()).toEqual(['span-0', 'span-1', 'span-3', 'span-4'])
    expect(processor.stats()).toMatchObject({ bufferedBytes: 0, deliveredSpans: 4, droppedSpans: { too_large: 1 } })
  })

  test('a span that can not be encoded goes alone', async () => {
    const sink = await collector(() => ok)
    const { processor, runtime, spans } = rig(sink.url)
    for (const name of names(4)) {
      const span = spans.start({ name })
      // Nobody does this; a bug in an instrumentation would look like it.
      if (name === 'span-1') Object.assign(span, { links: [{ context: null }] })
      span.end()
    }
    runtime.advance(1_000)
    await until(() => {
      runtime.advance(0)
      return processor.stats().bufferedSpans === 0
    })
    expect(sink.delivered).toEqual(['span-0', 'span-2', 'span-3'])
    expect(processor.stats().droppedSpans.unencodable).toBe(1)
  })

  test('a partial success: the rejected are counted as lost', async () => {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 2, error_message: "no" } }
    const body = Uint8Array.from([0x0a, 0x06, 0x08, 0x02, 0x12, 0x02, 0x6e, 0x6f])
    const sink = await collector(() => ({ kind: 'ok', body }))
    const { processor, runtime, spans, lines } = rig(sink.url)
    for (const name of names(5)) spans.end({ name })
    runtime.advance(1_000)
    await until(() => processor.stats().deliveredSpans === 3)
    expect(processor.stats().droppedSpans.refused).toBe(2)
    expect(lines).toEqual(['assay: 2 spans were not taken: no'])
  })

  test.each<[string, Fault]>([
    ['a page', { kind: 'ok', body: '<html><body>Welcome to the hotel</body></html>' }],
    ['no end of bytes', { kind: 'flood' }],
  ])('a 200 with %s was taken; it is told', async (_, fault) => {
    const sink = await collector(() => fault)
    const { processor, runtime, spans, lines } = rig(sink.url)
    spans.end({ name: 'span-0' })
    runtime.advance(1_000)
    await until(() => processor.stats().deliveredSpans === 1)
    expect(sink.requests.length).toBe(1)
    expect(lines.join()).toContain('is this the address of an Assay?')
  })

  test.each(['not a url', 'ftp://assay'])('an address that is none: %s', async (url) => {
    const { processor, runtime, spans, lines } = rig(url)
    spans.end({ name: 'span-0' })
    runtime.advance(1_000)
    await until(() => processor.stats().droppedSpans.refused === 1)
    expect(lines[0]).toContain('is not an http or https address')
  })

  test('a header that HTTP does not allow', async () => {
    const { processor, runtime, spans } = rig('http://127.0.0.1:9', { key: 'line\nbreak' })
    spans.end({ name: 'span-0' })
    runtime.advance(1_000)
    await until(() => processor.stats().droppedSpans.refused === 1)
  })
})

describe('a collector that is away for long', () => {
  test('memory stays within the bounds, every span is accounted for, errors and roots are there in the end, and the loss is told', async () => {
    const url = await deadUrl()
    const { processor, runtime, spans, lines } = rig(url, { maxSpans: 50, maxBatchSpans: 10, timeoutMs: 1e9 })
    const root = spans.start({ name: 'span-root' })
    const total = 500
    for (let i = 0; i < total; i++) {
      spans.end({ name: `span-${i}`, parent: root, error: i === 100, attributes: { text: 'x'.repeat(i) } })
      if (i % 50 === 0) runtime.advance(1_000)
      expect(processor.stats().bufferedSpans).toBeLessThanOrEqual(50)
    }
    root.end()
    await until(() => processor.stats().failures > 0 && runtime.timerCount() > 0)
    const { bufferedSpans, droppedSpans } = processor.stats()
    expect(bufferedSpans).toBe(50)
    expect(droppedSpans.buffer_full).toBe(total + 1 - 50)

    const sink = await collector(() => ok, Number(new URL(url).port))
    await until(() => {
      runtime.advance(30_000)
      return processor.stats().bufferedSpans === 0
    })
    expect(processor.stats().deliveredSpans).toBe(50)
    expect(sink.delivered).toContain('span-100')
    expect(sink.delivered).toContain('span-root')
    const told = sink.requests.filter(({ message }) => message.includes('assay.sdk.dropped_spans.buffer_full'))
    expect(told.length).toBe(1)
    expect(lines.filter((line) => line.includes('the buffer is full')).length).toBe(1)
    expect(lines.at(-1)).toMatch(/takes spans again after \d+ s; 4\d\d were dropped meanwhile/)
  })

  test('a bound in bytes holds as well', () => {
    const { processor, spans } = rig('http://127.0.0.1:9', { maxBytes: 100_000 })
    for (let i = 0; i < 50; i++) {
      spans.end({ attributes: { text: 'x'.repeat(10_000) } })
      expect(processor.stats().bufferedBytes).toBeLessThanOrEqual(100_000)
    }
    spans.end({ attributes: { text: 'x'.repeat(100_000) } })
    expect(processor.stats()).toMatchObject({ bufferedSpans: 4, droppedSpans: { buffer_full: 46, too_large: 1 } })
  })

  test('an hour of refusals is a line or two a minute at most', async () => {
    const sink = await collector(() => ({ kind: 'status', status: 503 }))
    const { processor, runtime, spans, lines } = rig(sink.url, { timeoutMs: 1e9 })
    spans.end({ name: 'span-0' })
    for (let attempt = 1; attempt <= 40; attempt++) {
      runtime.advance(30_000)
      await until(() => processor.stats().failures >= attempt && runtime.timerCount() > 0)
    }
    expect(sink.requests.length).toBeGreaterThanOrEqual(40)
    expect(lines.length).toBeLessThanOrEqual(21)
    expect(lines.at(-1)).toMatch(/\(and \d+ more like it before\)$/)
  })
})

describe('forceFlush and shutdown end in time, whatever the collector does', () => {
  test('a collector that hangs', async () => {
    const sink = await collector(() => ({ kind: 'hang' }))
    const { processor, runtime, spans } = rig(sink.url, { flushTimeoutMs: 2_000 })
    for (const name of names(3)) spans.end({ name })
    const flushed = processor.forceFlush()
    runtime.advance(0)
    await until(() => sink.requests.length === 1)
    runtime.advance(2_000)
    await flushed
    const ended = processor.shutdown()
    runtime.advance(2_000)
    await ended
    expect(processor.stats()).toMatchObject({ bufferedSpans: 0, bufferedBytes: 0, droppedSpans: { shutdown: 3 } })
    await until(() => runtime.timerCount() === 0)
  })

  test('a flush does not wait for a second attempt', async () => {
    const { processor, runtime, spans } = rig(await deadUrl())
    spans.end()
    const flushed = processor.forceFlush()
    runtime.advance(0)
    await flushed
    expect(processor.stats()).toMatchObject({ bufferedSpans: 1, failures: 1 })
  })

  test('a shutdown tries again as long as it may', async () => {
    const sink = await collector((index) => (index === 0 ? { kind: 'status', status: 503 } : ok))
    const { processor, runtime, spans } = rig(sink.url)
    spans.end({ name: 'span-0' })
    const ended = processor.shutdown()
    runtime.advance(0)
    await until(() => processor.stats().failures === 1 && runtime.timerCount() === 2)
    runtime.advance(1_000)
    await ended
    expect(sink.delivered).toEqual(['span-0'])
  })

  test('after it, spans are counted and nothing is sent', async () => {
    const sink = await collector(() => ok)
    const { processor, runtime, spans } = rig(sink.url)
    await processor.shutdown()
    await processor.shutdown()
    spans.end()
    await processor.forceFlush()
    expect(processor.stats()).toMatchObject({ bufferedSpans: 0, droppedSpans: { shutdown: 1 } })
    expect(runtime.timerCount()).toBe(0)
  })
})
