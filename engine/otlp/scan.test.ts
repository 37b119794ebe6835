import { describe, expect, test } from 'vitest'
import { normaliseRecord } from '../conventions/normalise.ts'
import { transcodeJson } from './json.ts'
import { scanRequest } from './scan.ts'
import { splitByPartition } from './split.ts'

const varint = (value: number): Buffer => {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}
const field = (number: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
}
const traceId = field(1, Buffer.alloc(16, 1))
const spanId = field(2, Buffer.alloc(8, 2))
const fixed64 = (number: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(9)
  bytes[0] = number * 8 + 1
  bytes.writeBigUInt64LE(value, 1)
  return bytes
}
const start = fixed64(7, 1n << 40n)
const times = Buffer.concat([start, fixed64(8, 1n)])
/** A request of one resource and scope with these spans. */
const requestOf = (...spans: readonly Buffer[]): Buffer => field(1, field(2, ...spans.map((span) => field(2, span))))
const attribute = (value: Buffer): Buffer => field(9, field(1, Buffer.from('key')), field(2, value))

function messageOf(bytes: Uint8Array): string {
  const outcome = scanRequest(bytes)
  return outcome.ok ? 'accepted' : outcome.message
}

describe('what is wrong is named', () => {
  const fine = Buffer.concat([traceId, spanId])
  const second = 'resource_spans[0].scope_spans[0].spans[1]'
  test.each([
    ['no trace id', spanId, `${second}.trace_id: is missing`],
    ['no span id', traceId, `${second}.span_id: is missing`],
    [
      'a trace id of 15 bytes',
      Buffer.concat([field(1, Buffer.alloc(15, 1)), spanId]),
      `${second}.trace_id: is 15 bytes long; it must be 16`,
    ],
    ['a trace id of zeroes', Buffer.concat([field(1, Buffer.alloc(16)), spanId]), `${second}.trace_id: is all zeroes`],
    ['a span id of zeroes', Buffer.concat([traceId, field(2, Buffer.alloc(8))]), `${second}.span_id: is all zeroes`],
    [
      'a parent of 4 bytes',
      Buffer.concat([fine, field(4, Buffer.alloc(4, 1))]),
      `${second}.parent_span_id: is 4 bytes long; it must be 8, or empty`,
    ],
    [
      'a name that is a number',
      Buffer.concat([fine, Buffer.from([5 * 8, 1])]),
      `${second}.name: has wire type 0; it must be 2`,
    ],
    [
      'a kind that is a text',
      Buffer.concat([fine, field(6, Buffer.from('x'))]),
      `${second}.kind: has wire type 2; it must be 0`,
    ],
    [
      'a status that is a number',
      Buffer.concat([fine, Buffer.from([15 * 8, 1])]),
      `${second}.status: has wire type 0; it must be 2`,
    ],
    [
      'a start as varint',
      Buffer.concat([fine, Buffer.from([7 * 8, 1])]),
      `${second}.start_time_unix_nano: has wire type 0; it must be 1`,
    ],
    [
      'an attribute past its end',
      Buffer.concat([fine, Buffer.from([9 * 8 + 2, 3, 0x12, 9, 0])]),
      `${second}.attributes[0].value: a field runs past the end of its message`,
    ],
    [
      'a broken value in the second attribute',
      Buffer.concat([fine, attribute(Buffer.alloc(0)), attribute(Buffer.from([0x18, 0xff]))]),
      `${second}.attributes[1].value.int_value: a number runs past the end of its message`,
    ],
    [
      'a link with half an id',
      Buffer.concat([fine, field(13, field(1, Buffer.alloc(8, 1)))]),
      `${second}.links[0].trace_id: is 8 bytes long; it must be 16`,
    ],
    ['a group', Buffer.concat([fine, Buffer.from([20 * 8 + 3, 1])]), `${second}.field 20: wire type 3 is not in use`],
    [
      'a number of eleven bytes',
      Buffer.concat([fine, Buffer.from([6 * 8, ...Array<number>(10).fill(0xff), 1])]),
      `${second}.kind: a number is longer than ten bytes`,
    ],
  ])('%s', (_name, span, message) => {
    expect(messageOf(requestOf(fine, span))).toBe(message)
  })

  test('bytes that are nothing', () => {
    expect(messageOf(Buffer.from([0, 0, 0]))).toBe('not a field tag (at byte 0)')
    expect(messageOf(Buffer.from([0x0a, 0x7f]))).toBe('resource_spans[0]: a field runs past the end of its message')
  })

  test('100 levels pass, 101 do not, and 100,000 do no harm', () => {
    const nested = (levels: number): Buffer => {
      let value = field(1, Buffer.from('deep'))
      for (let i = 1; i < levels; i++) value = field(5, field(1, value))
      return requestOf(Buffer.concat([fine, attribute(value)]))
    }
    expect(messageOf(nested(100))).toBe('accepted')
    expect(normaliseRecord('t', nested(100))).toHaveLength(1)
    expect(messageOf(nested(101))).toMatch(/attributes\[0\]\.value.*nests deeper than 100 levels$/)
    // Lengths that claim ever more levels than there are bytes cost nothing either.
    expect(messageOf(nested(3000))).toMatch(/nests deeper than 100 levels$/)
  })
})

describe('division', () => {
  const json = {
    resourceSpans: ['a', 'b'].map((resource) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: resource } }] },
      schemaUrl: `https://example.test/${resource}`,
      scopeSpans: ['x', 'y'].map((scope) => ({
        scope: { name: scope, version: '1' },
        spans: ['1', '2', '1'].map((digit, index) => ({
          traceId: digit.repeat(32),
          spanId: `${resource}${index}`.padStart(16, '0'),
          name: `${resource}${scope}${index}`,
          startTimeUnixNano: '1',
          endTimeUnixNano: '2',
        })),
      })),
    })),
  }
  const transcoded = transcodeJson(Buffer.from(JSON.stringify(json)))
  const request = transcoded.ok ? transcoded.request : Buffer.alloc(0)

  test('one partition: the very same bytes', () => {
    const split = splitByPartition(request, () => 3)
    expect(split.ok && split.records).toEqual([{ partition: 3, value: request, spanCount: 12, singleTraceId: null }])
    expect(split.ok && split.records[0]?.value).toBe(request)
  })

  test('two partitions: each span with its own resource and scope', () => {
    const split = splitByPartition(request, (id) => Number(id[0]))
    const records = split.ok ? split.records : []
    expect(
      records.map(({ partition, spanCount, singleTraceId }) => [partition, spanCount, singleTraceId?.[0]]),
    ).toEqual([
      [1, 8, '1'],
      [2, 4, '2'],
    ])
    for (const record of records) {
      for (const span of normaliseRecord('t', record.value)) {
        expect(span.traceId).toBe(String(record.partition).repeat(32))
        expect(span.name.startsWith(`${span.agentName}${span.scopeName}`)).toBe(true)
      }
      expect(Buffer.from(record.value).toString('latin1')).toContain('https://example.test/b')
    }
  })

  test('fields that nobody knows travel with their message', () => {
    const unknown = field(30, Buffer.from('from the future'))
    const span = Buffer.concat([traceId, spanId, times, unknown])
    const other = Buffer.concat([field(1, Buffer.alloc(16, 9)), spanId, times])
    const bytes = Buffer.concat([field(1, unknown, field(2, unknown, field(2, span), field(2, other))), unknown])
    const split = splitByPartition(bytes, (id) => (id.startsWith('01') ? 0 : 1))
    const texts = (split.ok ? split.records : []).map((record) => Buffer.from(record.value).toString('latin1'))
    expect(texts.map((text) => text.split('from the future').length - 1)).toEqual([4, 3])
  })

  const whole = Buffer.concat([traceId, spanId, times])

  test('groups without spans are dropped', () => {
    const empty = field(1, field(2))
    const split = splitByPartition(Buffer.concat([empty, requestOf(whole)]), () => 0)
    expect(split.ok && split.records.map((record) => Buffer.from(record.value))).toEqual([requestOf(whole)])
    expect(splitByPartition(empty, () => 0)).toEqual({
      ok: true,
      records: [],
      spanCount: 0,
      rejected: null,
      isOver: false,
    })
  })

  test('spans without a start or an end are left out, and the first is named', () => {
    const bare = Buffer.concat([traceId, spanId])
    const zero = Buffer.concat([bare, fixed64(7, 0n), fixed64(8, 1n)])
    const unended = Buffer.concat([bare, start])
    const split = splitByPartition(requestOf(whole, unended, zero, bare, whole), () => 0)
    expect(split).toEqual({
      ok: true,
      records: [{ partition: 0, value: requestOf(whole, whole), spanCount: 2, singleTraceId: '01'.repeat(16) }],
      spanCount: 2,
      rejected: { count: 3, firstPath: 'resource_spans[0].scope_spans[0].spans[1].end_time_unix_nano' },
      isOver: false,
    })
    expect(splitByPartition(requestOf(bare), () => 0)).toMatchObject({ records: [], spanCount: 0 })
  })

  test('text that is cut inside a character passes, and does not break what follows', () => {
    const cut = Buffer.from('caf\u00e9').subarray(0, 4)
    const bytes = requestOf(Buffer.concat([traceId, spanId, field(5, cut), attribute(field(1, cut))]))
    expect(messageOf(bytes)).toBe('accepted')
    const [span] = normaliseRecord('t', bytes)
    expect([span?.name, span?.attributes.get('key')]).toEqual(['caf\ufffd', 'caf\ufffd'])
  })
})
