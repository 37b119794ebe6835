/**
 * Reads a record of `agent-traces` (protobuf bytes of an ExportTraceServiceRequest) into spans as they were sent.
 * Resources and scopes are read once and shared. https://github.com/open-telemetry/opentelemetry-proto
 */
import type { Attributes, AttributeValue, SpanEvent, SpanLink, SpanStatus } from '../model/span.ts'
import { forgetIds, readHex, readParent, readTraceId } from './ids.ts'
import { MAX_NESTING } from './schema.ts'
import { createTextCache } from './text-cache.ts'
import { WIRE_DELIMITED, WIRE_FIXED64, WIRE_VARINT, WireError, WireReader } from './wire.ts'

export interface RawResource {
  readonly attributes: Attributes
}

export interface RawScope {
  readonly name: string | undefined
  readonly version: string | undefined
}

/** A span as sent. Attribute `i` is `keys[i]`, `values[i]`. */
export interface RawSpan {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  name: string
  /** Nanoseconds since the epoch, as two 32-bit halves: they don't fit a number. */
  startLow: number
  startHigh: number
  endLow: number
  endHigh: number
  status: SpanStatus
  statusMessage: string | undefined
  readonly keys: string[]
  readonly values: AttributeValue[]
  events: SpanEvent[]
  links: SpanLink[]
}

export type DecodeOutcome = { ok: true } | { ok: false; message: string }

export type OnSpan = (span: RawSpan, resource: RawResource, scope: RawScope) => void

const NO_ATTRIBUTES: Attributes = new Map()
const NO_EVENTS: SpanEvent[] = []
const NO_LINKS: SpanLink[] = []
const NO_RESOURCE: RawResource = { attributes: NO_ATTRIBUTES }
const NO_SCOPE: RawScope = { name: undefined, version: undefined }
const STATUS: readonly SpanStatus[] = ['unset', 'ok', 'error']

const keyCache = createTextCache()
const valueCache = createTextCache()

/**
 * Calls `onSpan` for each span, in the order sent. Bytes that are no such message end it with what is wrong and where;
 * spans before that place have been handed over by then. What `onSpan` throws passes through.
 * `onChild`: who wants roots alone; it is called for each span with a parent, which is then skipped and not read.
 */
export function decodeTraces(bytes: Uint8Array, onSpan: OnSpan, onChild: (() => void) | null = null): DecodeOutcome {
  const reader = new WireReader(bytes)
  try {
    const end = reader.bytes.length
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === RESOURCE_SPANS) readResourceSpans(reader, endOf(reader, end), onSpan, onChild)
      else reader.skip(tag, end)
    }
    return { ok: true }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { ok: false, message: `not an OTLP trace request: ${error.message} (at byte ${error.offset})` }
  } finally {
    forgetIds()
  }
}

const delimited = (field: number): number => field * 8 + WIRE_DELIMITED
const RESOURCE_SPANS = delimited(1)

function readResourceSpans(reader: WireReader, end: number, onSpan: OnSpan, onChild: (() => void) | null): void {
  // The resource may stand after the spans that it belongs to: find it first.
  const start = reader.pos
  let attributes: Map<string, AttributeValue> | null = null
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) attributes = readAttributesOf(reader, endOf(reader, end), delimited(1), attributes)
    else reader.skip(tag, end)
  }
  const resource = attributes === null ? NO_RESOURCE : { attributes }
  reader.pos = start
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(2)) readScopeSpans(reader, endOf(reader, end), resource, onSpan, onChild)
    else reader.skip(tag, end)
  }
}

/** The end of the delimited field at the cursor. */
function endOf(reader: WireReader, end: number): number {
  const length = reader.length(end)
  return reader.pos + length
}

function readScopeSpans(
  reader: WireReader,
  end: number,
  resource: RawResource,
  onSpan: OnSpan,
  onChild: (() => void) | null,
): void {
  const start = reader.pos
  let scope = NO_SCOPE
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) scope = readScope(reader, endOf(reader, end))
    else reader.skip(tag, end)
  }
  reader.pos = start
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(2)) {
      const spanEnd = endOf(reader, end)
      if (onChild === null || isRoot(reader, spanEnd)) onSpan(readSpan(reader, spanEnd), resource, scope)
      else {
        reader.pos = spanEnd
        onChild()
      }
    } else reader.skip(tag, end)
  }
}

/** Whether the span at the cursor, which stays there, has no parent. */
function isRoot(reader: WireReader, end: number): boolean {
  const start = reader.pos
  let parent: string | undefined
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(4)) parent = readParent(reader, end)
    else reader.skip(tag, end)
  }
  reader.pos = start
  return parent === undefined
}

function readScope(reader: WireReader, end: number): RawScope {
  let name: string | undefined
  let version: string | undefined
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) name = readText(reader, end) || undefined
    else if (tag === delimited(2)) version = readText(reader, end) || undefined
    else reader.skip(tag, end)
  }
  return { name, version }
}

function readText(reader: WireReader, end: number): string {
  const start = reader.take(reader.length(end), end)
  return valueCache.read(reader.bytes, reader.view, start, reader.pos)
}

function readSpan(reader: WireReader, end: number): RawSpan {
  const span: RawSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: undefined,
    name: '',
    startLow: 0,
    startHigh: 0,
    endLow: 0,
    endHigh: 0,
    status: 'unset',
    statusMessage: undefined,
    keys: [],
    values: [],
    events: NO_EVENTS,
    links: NO_LINKS,
  }
  const { view } = reader
  while (reader.pos < end) {
    const tag = reader.tag(end)
    switch (tag) {
      case delimited(1):
        span.traceId = readTraceId(reader, end)
        break
      case delimited(2):
        span.spanId = readHex(reader, end)
        break
      case delimited(4):
        span.parentSpanId = readParent(reader, end)
        break
      case delimited(5):
        span.name = readText(reader, end)
        break
      case 7 * 8 + WIRE_FIXED64: {
        const at = reader.take(8, end)
        span.startLow = view.getUint32(at, true)
        span.startHigh = view.getUint32(at + 4, true)
        break
      }
      case 8 * 8 + WIRE_FIXED64: {
        const at = reader.take(8, end)
        span.endLow = view.getUint32(at, true)
        span.endHigh = view.getUint32(at + 4, true)
        break
      }
      case delimited(9):
        readKeyValue(reader, endOf(reader, end), 0)
        span.keys.push(lastKey)
        span.values.push(lastValue)
        break
      case delimited(11):
        if (span.events === NO_EVENTS) span.events = []
        span.events.push(readEvent(reader, endOf(reader, end)))
        break
      case delimited(13):
        if (span.links === NO_LINKS) span.links = []
        span.links.push(readLink(reader, endOf(reader, end)))
        break
      case delimited(15):
        readStatus(reader, endOf(reader, end), span)
        break
      default:
        reader.skip(tag, end)
    }
  }
  return span
}

function readStatus(reader: WireReader, end: number, span: RawSpan): void {
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === 3 * 8 + WIRE_VARINT) span.status = STATUS[reader.varint(end)] ?? 'unset'
    else if (tag === delimited(2)) span.statusMessage = readText(reader, end) || undefined
    else reader.skip(tag, end)
  }
}

function readEvent(reader: WireReader, end: number): SpanEvent {
  let name = ''
  let timeUs = 0
  let attributes: Map<string, AttributeValue> | null = null
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === WIRE_FIXED64 + 8) {
      const at = reader.take(8, end)
      timeUs = microseconds(reader.view.getUint32(at, true), reader.view.getUint32(at + 4, true))
    } else if (tag === delimited(2)) name = readText(reader, end)
    else if (tag === delimited(3)) attributes = readAttribute(reader, endOf(reader, end), attributes)
    else reader.skip(tag, end)
  }
  return { name, timeUs, attributes: attributes ?? NO_ATTRIBUTES }
}

function readLink(reader: WireReader, end: number): SpanLink {
  let traceId = ''
  let spanId = ''
  let attributes: Map<string, AttributeValue> | null = null
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) traceId = readHex(reader, end)
    else if (tag === delimited(2)) spanId = readHex(reader, end)
    else if (tag === delimited(4)) attributes = readAttribute(reader, endOf(reader, end), attributes)
    else reader.skip(tag, end)
  }
  return { traceId, spanId, attributes: attributes ?? NO_ATTRIBUTES }
}

function readAttributesOf(
  reader: WireReader,
  end: number,
  attributeTag: number,
  into: Map<string, AttributeValue> | null,
): Map<string, AttributeValue> | null {
  let attributes = into
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === attributeTag) attributes = readAttribute(reader, endOf(reader, end), attributes)
    else reader.skip(tag, end)
  }
  return attributes
}

function readAttribute(
  reader: WireReader,
  end: number,
  into: Map<string, AttributeValue> | null,
  depth = 0,
): Map<string, AttributeValue> {
  const attributes = into ?? new Map<string, AttributeValue>()
  readKeyValue(reader, end, depth)
  const key = lastKey
  attributes.set(key, lastValue)
  return attributes
}

// What `readKeyValue` read: two results without an object for each attribute.
let lastKey = ''
let lastValue: AttributeValue = null

function readKeyValue(reader: WireReader, end: number, depth: number): void {
  let key = ''
  let value: AttributeValue = null
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) {
      const start = reader.take(reader.length(end), end)
      key = keyCache.read(reader.bytes, reader.view, start, reader.pos)
    } else if (tag === delimited(2)) value = readAnyValue(reader, endOf(reader, end), depth)
    else reader.skip(tag, end)
  }
  lastKey = key
  lastValue = value
}

function readAnyValue(reader: WireReader, end: number, depth: number): AttributeValue {
  if (depth >= MAX_NESTING) throw new WireError(`an attribute nests deeper than ${MAX_NESTING} levels`, reader.pos)
  let value: AttributeValue = null
  while (reader.pos < end) {
    const tag = reader.tag(end)
    switch (tag) {
      case delimited(1):
        value = readText(reader, end)
        break
      case 2 * 8 + WIRE_VARINT:
        value = reader.varint(end) !== 0
        break
      case 3 * 8 + WIRE_VARINT:
        value = reader.int64(end)
        break
      case 4 * 8 + WIRE_FIXED64:
        value = reader.view.getFloat64(reader.take(8, end), true)
        break
      case delimited(5):
        value = readArray(reader, endOf(reader, end), depth + 1)
        break
      case delimited(6):
        value = readKeyValueList(reader, endOf(reader, end), depth + 1)
        break
      case delimited(7): {
        const start = reader.take(reader.length(end), end)
        value = { bytes: reader.bytes.toString('base64', start, reader.pos) }
        break
      }
      default:
        reader.skip(tag, end)
    }
  }
  return value
}

function readArray(reader: WireReader, end: number, depth: number): AttributeValue[] {
  const items: AttributeValue[] = []
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) items.push(readAnyValue(reader, endOf(reader, end), depth))
    else reader.skip(tag, end)
  }
  return items
}

function readKeyValueList(reader: WireReader, end: number, depth: number): Map<string, AttributeValue> {
  const map = new Map<string, AttributeValue>()
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === delimited(1)) readAttribute(reader, endOf(reader, end), map, depth)
    else reader.skip(tag, end)
  }
  return map
}

/**
 * Microseconds of a 64-bit nanosecond count in two halves: 2^32 = 4294967·1000 + 296, so that nothing exceeds 2^53 for
 * times before the year 2262.
 */
export function microseconds(low: number, high: number): number {
  return high * 4294967 + Math.floor((high * 296 + low) / 1000)
}

/** The nanoseconds below the microsecond. */
export function subMicroseconds(low: number, high: number): number {
  return (high * 296 + low) % 1000
}
