/** Two bytes are a whole message: a body of nothing else must not become objects by the million. */
import { expect, test } from 'vitest'
import { readLogsProtobuf } from './logs-protobuf.ts'
import { scanRequest } from './scan.ts'
import { splitByPartition } from './split.ts'

const SIZE_BYTES = 2 << 20

function field(number: number, value: Uint8Array): Buffer {
  const size: number[] = []
  let rest = value.length
  for (; rest >= 128; rest >>>= 7) size.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([number * 8 + 2, ...size, rest]), value])
}
const many = (...bytes: number[]): Buffer => Buffer.alloc(SIZE_BYTES, Buffer.from(bytes))
const EMPTY_GROUPS = many(0x0a, 0)
const EMPTY_SCOPES = field(1, many(0x12, 0))
const UNKNOWN = field(1, many(0x78, 1))

test.each([
  ['resource groups', EMPTY_GROUPS],
  ['scope groups', EMPTY_SCOPES],
  ['fields that nobody knows', UNKNOWN],
])('%s without spans are one group of a request', (_, body) => {
  const scanned = scanRequest(body)
  if (!scanned.ok) throw new Error(scanned.message)
  const { groups, others } = scanned.layout
  expect(groups).toEqual([{ scopes: [], others: [] }])
  expect(others).toEqual([])
  expect(splitByPartition(body, () => 0)).toMatchObject({ ok: true, spanCount: 0, records: [] })
})

test.each([
  ['resource groups', EMPTY_GROUPS],
  ['scope groups', EMPTY_SCOPES],
  ['log records', field(1, field(2, many(0x12, 0)))],
  ['fields that nobody knows', UNKNOWN],
])('%s without messages leave nothing of a request with logs', (_, body) => {
  expect(readLogsProtobuf(body, 0)).toMatchObject({ ok: true, kept: 0, request: Buffer.alloc(0) })
})

test('empty log records are counted, and take their places', () => {
  const empty = Buffer.from([0x12, 0])
  expect(readLogsProtobuf(field(1, field(2, Buffer.concat([empty, empty]))), 0)).toMatchObject({
    ok: true,
    leftOut: { others: 2, withoutSpan: 0 },
  })
  const record = field(
    2,
    Buffer.concat([
      field(9, Buffer.alloc(16, 1)),
      field(10, Buffer.alloc(8, 1)),
      field(12, Buffer.from('gen_ai.user.message')),
    ]),
  )
  const scope = field(2, Buffer.concat([empty, empty, record]))
  const read = readLogsProtobuf(field(1, scope), 0)
  if (!read.ok) throw new Error(read.message)
  expect(read.kept).toBe(1)
  expect(read.pathOf('resource_spans[0].scope_spans[0].spans[0].trace_id')).toMatch(
    /^resource_logs\[0\]\.scope_logs\[0\]\.log_records\[2\]/,
  )
})

test('what is left of log records is named by where it was in the body', () => {
  const other = field(2, field(12, Buffer.from('login')))
  const record = field(
    2,
    Buffer.concat([
      field(9, Buffer.alloc(16, 1)),
      field(10, Buffer.alloc(8, 1)),
      field(12, Buffer.from('gen_ai.user.message')),
    ]),
  )
  const scope = (...records: Buffer[]): Buffer => field(2, Buffer.concat(records))
  const resource = (...scopes: Buffer[]): Buffer => field(1, Buffer.concat(scopes))
  const body = Buffer.concat([
    resource(scope(other)),
    resource(scope(other), scope(other, record), scope(record, other, record)),
    resource(scope(record)),
  ])
  const read = readLogsProtobuf(body, 0)
  if (!read.ok) throw new Error(read.message)
  expect(
    [
      'resource_spans[0].scope_spans[0].spans[0].trace_id: x',
      'resource_spans[0].scope_spans[1].spans[1].name',
      'resource_spans[1].scope_spans[0].spans[0]',
      'resource_spans[0].scope_spans[1].scope.name',
      'resource_spans[1].resource.attributes[0]',
      'the body ends early',
    ].map(read.pathOf),
  ).toEqual([
    'resource_logs[1].scope_logs[1].log_records[1].trace_id: x',
    'resource_logs[1].scope_logs[2].log_records[2].name',
    'resource_logs[2].scope_logs[0].log_records[0]',
    'resource_logs[1].scope_logs[2].scope.name',
    'resource_logs[2].resource.attributes[0]',
    'the body ends early',
  ])
})

test('a log record has so many attributes at the most', () => {
  const body = field(1, field(2, field(2, many(0x32, 0))))
  expect(readLogsProtobuf(body, 0)).toMatchObject({ ok: false, message: /too many attributes/ })
})

test('what stands around spans stays with them', () => {
  const span = field(
    2,
    Buffer.concat([
      field(1, Buffer.alloc(16, 1)),
      field(2, Buffer.alloc(8, 1)),
      Buffer.from([0x39, 1, 0, 0, 0, 0, 0, 0, 0, 0x41, 1, 0, 0, 0, 0, 0, 0, 0]),
    ]),
  )
  const around = field(15, Buffer.from('x'))
  const group = field(1, Buffer.concat([around, around, field(2, Buffer.concat([around, span, around])), around]))
  const body = Buffer.concat([EMPTY_GROUPS.subarray(0, 4), group, EMPTY_GROUPS.subarray(0, 4)])
  const split = splitByPartition(body, () => 0)
  if (!split.ok) throw new Error(split.message)
  expect(split.records).toHaveLength(1)
  // The empty groups are left out; the fields of the others stand before what they surround, or after it.
  expect(split.records[0]!.value).toHaveLength(group.length)
})
