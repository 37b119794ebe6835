import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { makeSpan } from '../engine/model/make-span.ts'
import { spanToJson } from '../engine/model/span-json.ts'
import { transcodeJson } from '../engine/otlp/json.ts'
import { readTraces } from './read-traces.ts'

const request = (spanId: string) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'checkout' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '0af7651916cd43dd8448eb211c80319c',
              spanId,
              name: 'chat',
              startTimeUnixNano: '1767322645678901000',
              endTimeUnixNano: '1767322646678901000',
              attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }],
            },
          ],
        },
      ],
    },
  ],
})
const A = 'b7ad6b7169203331'
const B = 'b7ad6b7169203332'
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const json = (value: unknown, indent?: number): Uint8Array => text(JSON.stringify(value, null, indent))
const span = (spanId: string) =>
  spanToJson(
    makeSpan({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId, kind: 'llm', name: 'chat', durationNs: 1e9 }),
  )
const protobuf = (): Uint8Array => {
  const transcoded = transcodeJson(json(request(A)))
  if (!transcoded.ok) throw new Error(transcoded.message)
  return transcoded.request
}

describe('each form is told by its content', () => {
  test.each<[string, Uint8Array, string[]]>([
    ['OTLP JSON', json(request(A)), [A]],
    ['OTLP JSON over several lines', json(request(A), 2), [A]],
    ['OTLP JSONL', text(`${JSON.stringify(request(A))}\n\n${JSON.stringify(request(B))}\n`), [A, B]],
    ['OTLP protobuf', protobuf(), [A]],
    ['gzip', gzipSync(protobuf()), [A]],
    ['JSONL of spans', text(`\n${JSON.stringify(span(A))}\r\n${JSON.stringify(span(B))}`), [A, B]],
    ['one span', json(span(A), 2), [A]],
    ['a list of spans', json([span(A), span(B)]), [A, B]],
    ['a trace as the API answers', json({ spans: [span(A), { ...span(B), results: [] }] }), [A, B]],
    ['a byte order mark', text(`\uFEFF${JSON.stringify(span(A))}`), [A]],
    ['a mixture', text(`${JSON.stringify(request(A))}\n${JSON.stringify(span(B))}`), [A, B]],
  ])('%s', (_, bytes, spanIds) => {
    const read = readTraces(bytes)
    if (!read.ok) throw new Error(read.message)
    expect(read.spans.map((one) => one.spanId)).toEqual(spanIds)
    expect(read.spans.map((one) => one.kind)).toEqual(spanIds.map(() => 'llm'))
    expect(read.spans.map((one) => one.durationNs)).toEqual(spanIds.map(() => 1e9))
  })

  test('bytes that a real client sent', () => {
    const read = readTraces(readFileSync(join(import.meta.dirname, '../test/fixtures/otlp/openai_openinference.bin')))
    expect(read).toMatchObject({ ok: true })
  })
})

describe('what is none of them is refused with the place', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'the file is empty'],
    ['prose', text('hello, traces'), 'neither JSON nor an OTLP request'],
    ['broken gzip', new Uint8Array([0x1f, 0x8b, 1, 2]), 'it begins as gzip'],
    ['a broken document', text('{\n  "resourceSpans": [\n'), 'not JSON'],
    ['a broken line', text(`${JSON.stringify(span(A))}\n{"traceId":`), 'line 2: not JSON'],
    ['another object', json({ hello: 1 }), 'neither an OTLP request nor a span: traceId is missing'],
    [
      'a bad field',
      text(`${JSON.stringify(span(A))}\n${JSON.stringify({ ...span(B), kind: 'LLM' })}`),
      'line 2: neither an OTLP request nor a span: kind has to be one of',
    ],
    ['a bad item', json([span(A), 7]), 'item 2: '],
    ['bad OTLP', json({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'xyz', spanId: A }] }] }] }), 'traceId'],
  ])('%s', (_, bytes, message) => {
    expect(readTraces(bytes)).toEqual({ ok: false, message: expect.stringContaining(message) })
  })
})
