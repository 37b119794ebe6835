/** As much of a span as it takes to decide on it, read from its bytes: no attribute becomes an object. */
import { WIRE_DELIMITED, WIRE_FIXED64, WIRE_VARINT, WireReader } from '../../../engine/otlp/wire.ts'

export interface AttributePart {
  readonly key: string
  /** Of its field in the request, with the tag. */
  readonly start: number
  readonly end: number
  /** Where its AnyValue lies. */
  readonly valueStart: number
}

export interface SpanParts {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly isError: boolean
  readonly durationNs: bigint
  readonly hasEventsOrLinks: boolean
  readonly attributes: readonly AttributePart[]
  /** Of the message, without its tag and length. */
  readonly bodyStart: number
  readonly end: number
}

const TRACE_ID = delimited(1)
const SPAN_ID = delimited(2)
const PARENT_SPAN_ID = delimited(4)
const NAME = delimited(5)
const KIND = 6 * 8 + WIRE_VARINT
const START_TIME = 7 * 8 + WIRE_FIXED64
const END_TIME = 8 * 8 + WIRE_FIXED64
export const ATTRIBUTE = delimited(9)
const EVENT = delimited(11)
const LINK = delimited(13)
const STATUS = delimited(15)
const STATUS_CODE = 3 * 8 + WIRE_VARINT
const STATUS_ERROR = 2

function delimited(field: number): number {
  return field * 8 + WIRE_DELIMITED
}

/** `start` and `end` are of the span's field, with its tag; the request was scanned, so that this does not fail. */
export function readSpanParts(reader: WireReader, start: number, end: number): SpanParts {
  const { view } = reader
  reader.pos = start
  reader.tag(end)
  reader.length(end)
  const bodyStart = reader.pos
  const attributes: AttributePart[] = []
  let [traceId, spanId, parentSpanId, name] = ['', '', '', '']
  let [kind, startNs, endNs] = [0, 0n, 0n]
  let [isError, hasEventsOrLinks] = [false, false]
  while (reader.pos < end) {
    const at = reader.pos
    const tag = reader.tag(end)
    switch (tag) {
      case TRACE_ID:
        traceId = hex(reader, end)
        break
      case SPAN_ID:
        spanId = hex(reader, end)
        break
      case PARENT_SPAN_ID:
        parentSpanId = hex(reader, end).replace(/^0+$/, '')
        break
      case NAME:
        name = text(reader, end)
        break
      case KIND:
        kind = reader.varint(end)
        break
      case START_TIME:
        startNs = view.getBigUint64(reader.take(8, end), true)
        break
      case END_TIME:
        endNs = view.getBigUint64(reader.take(8, end), true)
        break
      case ATTRIBUTE: {
        const length = reader.length(end)
        const attributeEnd = reader.pos + length
        attributes.push({ ...readKey(reader, attributeEnd), start: at, end: attributeEnd })
        reader.pos = attributeEnd
        break
      }
      case STATUS: {
        const length = reader.length(end)
        isError = readStatusCode(reader, reader.pos + length) === STATUS_ERROR
        break
      }
      case EVENT:
      case LINK:
        hasEventsOrLinks = true
        reader.skip(tag, end)
        break
      default:
        reader.skip(tag, end)
    }
  }
  const durationNs = endNs > startNs ? endNs - startNs : 0n
  return {
    ...{ traceId, spanId, parentSpanId, name, kind, isError, durationNs, hasEventsOrLinks, attributes, bodyStart, end },
  }
}

/** A KeyValue: `{key = 1; value = 2}`. Without a value its place is the end. */
function readKey(reader: WireReader, end: number): Pick<AttributePart, 'key' | 'valueStart'> {
  let key = ''
  let valueStart = end
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) key = text(reader, end)
    else if (tag === delimited(2)) {
      const length = reader.length(end)
      valueStart = reader.pos
      reader.pos += length
    } else reader.skip(tag, end)
  }
  return { key, valueStart }
}

function readStatusCode(reader: WireReader, end: number): number {
  let code = 0
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === STATUS_CODE) code = reader.varint(end)
    else reader.skip(tag, end)
  }
  return code
}

function hex(reader: WireReader, end: number): string {
  const start = reader.take(reader.length(end), end)
  return reader.bytes.toString('hex', start, reader.pos)
}

function text(reader: WireReader, end: number): string {
  const start = reader.take(reader.length(end), end)
  return reader.bytes.toString('utf8', start, reader.pos)
}

/** The `service.name` of a resource, whose field lies in these bytes; empty without one. */
export function serviceNameIn(bytes: Buffer, slices: readonly number[]): string {
  const reader = new WireReader(bytes)
  for (let i = 0; i < slices.length; i += 2) {
    reader.pos = slices[i]!
    const end = slices[i + 1]!
    // Fields of ResourceSpans besides scopes: the resource, whose attributes are its field 1, and a schema's address.
    if (reader.tag(end) !== delimited(1)) continue
    reader.length(end)
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag !== delimited(1)) reader.skip(tag, end)
      else {
        const length = reader.length(end)
        const attributeEnd = reader.pos + length
        const { key, valueStart } = readKey(reader, attributeEnd)
        reader.pos = valueStart
        if (key === 'service.name' && valueStart < attributeEnd && reader.tag(attributeEnd) === delimited(1))
          return text(reader, attributeEnd)
        reader.pos = attributeEnd
      }
    }
  }
  return ''
}
