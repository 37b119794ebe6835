/**
 * The gateway's look at a request: is it whole and well-formed at every depth, and which bytes belong to which trace. It
 * makes no objects of attributes, so that accepting a span costs a fraction of reading it.
 *
 * Text that isn't UTF-8 passes: SDKs cut long values inside a character, and a batch is worth more than that character.
 * Readers put U+FFFD in its place.
 */
import { fieldPathAt } from './path.ts'
import {
  ANY_VALUE,
  EXPECTED_WIRE,
  FIELDS_PER_MESSAGE,
  KEY_VALUE,
  LINK,
  MAX_NESTING,
  MESSAGE_IN,
  REQUEST,
  RESOURCE_SPANS,
  SCOPE_SPANS,
  SPAN,
} from './schema.ts'
import { WIRE_DELIMITED, WIRE_FIXED64, WireError, WireReader } from './wire.ts'

/** Where the parts of a request lie. Slices are `start, end` pairs and hold the field's tag. */
export interface RequestLayout {
  readonly groups: ResourceGroup[]
  /** Fields of the request that aren't resource spans. */
  readonly others: number[]
  spanCount: number
  /** Whether something in it may go beyond what was watched for. */
  isOver: boolean
  /** Spans that are well-formed and can't be used: they are in no group. */
  readonly unusable: { count: number; firstPath: string }
}

export interface ResourceGroup {
  readonly scopes: ScopeGroup[]
  /** Resource, schema URL, and what nobody knows. */
  readonly others: number[]
}

export interface ScopeGroup {
  readonly others: number[]
  readonly spans: number[]
  /** One a span: where its 16 bytes of trace id begin. */
  readonly traceIdAt: number[]
}

export type ScanOutcome = { ok: true; layout: RequestLayout } | { ok: false; message: string }

/** What a scan looks out for by the way. Times are the upper 32 bits of nanoseconds since 1970: steps of 4.3 s. */
export interface Watch {
  readonly maxTextBytes: number
  /** Of one message. */
  readonly maxFields: number
  readonly earliestHigh: number
  readonly latestHigh: number
}

const NOTHING: Watch = {
  maxTextBytes: Number.MAX_SAFE_INTEGER,
  maxFields: Number.MAX_SAFE_INTEGER,
  earliestHigh: 0,
  latestHigh: 0xffff_ffff,
}

// Of the scan under way: one for the thread, which goes through a request without a pause.
let watched = NOTHING
let isOver = false

/** Checks a request and finds its parts. The message of a refusal names the field. */
export function scanRequest(bytes: Uint8Array, watch: Watch = NOTHING): ScanOutcome {
  const reader = new WireReader(bytes)
  watched = watch
  isOver = false
  try {
    const layout = scanLayout(reader)
    layout.isOver = isOver
    return { ok: true, layout }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { ok: false, message: explain(bytes, error) }
  }
}

/** A field that must be there and isn't, or isn't what it must be: the path ends with `field`. */
class FieldError extends WireError {
  readonly field: string
  constructor(field: string, message: string, offset: number) {
    super(message, offset)
    this.field = field
  }
}

function explain(bytes: Uint8Array, error: WireError): string {
  const path = fieldPathAt(bytes, error.offset)
  const field = error instanceof FieldError ? `${path}.${error.field}` : path
  return field === '' ? `${error.message} (at byte ${error.offset})` : `${field}: ${error.message}`
}

function scanLayout(reader: WireReader): RequestLayout {
  const layout: RequestLayout = {
    groups: [],
    others: [],
    spanCount: 0,
    isOver: false,
    unusable: { count: 0, firstPath: '' },
  }
  const end = reader.bytes.length
  while (reader.pos < end) {
    const start = reader.pos
    const tag = checkedTag(reader, REQUEST, end)
    if (tag === RESOURCE_SPANS_TAG) {
      const groupEnd = endOf(reader, end)
      const group: ResourceGroup = groupEnd === reader.pos ? NO_SPANS : { scopes: [], others: [] }
      const before = layout.spanCount
      scanResourceSpans(reader, groupEnd, group, layout)
      if (layout.spanCount > before) layout.groups.push(group)
      else if (layout.groups.at(-1) !== NO_SPANS) layout.groups.push(NO_SPANS)
    } else {
      checkField(reader, REQUEST, tag, end, 0)
      addSlice(layout.others, start, reader.pos)
    }
  }
  return layout
}

/**
 * In place of those that hold no spans, however many follow each other: nobody writes them, and at two bytes each they would take a hundred times the
 * memory of the body.
 */
const NO_SPANS: ResourceGroup = { scopes: [], others: [] }
const NO_SPANS_OF_SCOPE: ScopeGroup = { others: [], spans: [], traceIdAt: [] }

/** Neighbours become one. */
function addSlice(slices: number[], start: number, end: number): void {
  if (slices.at(-1) === start) slices[slices.length - 1] = end
  else slices.push(start, end)
}

const RESOURCE_SPANS_TAG = 8 + WIRE_DELIMITED
const SCOPE_SPANS_TAG = 16 + WIRE_DELIMITED
const SPANS_TAG = 16 + WIRE_DELIMITED

function scanResourceSpans(reader: WireReader, end: number, group: ResourceGroup, layout: RequestLayout): void {
  while (reader.pos < end) {
    const start = reader.pos
    const tag = checkedTag(reader, RESOURCE_SPANS, end)
    if (tag === SCOPE_SPANS_TAG) {
      const scopeEnd = endOf(reader, end)
      const scope: ScopeGroup = scopeEnd === reader.pos ? NO_SPANS_OF_SCOPE : { others: [], spans: [], traceIdAt: [] }
      scanScopeSpans(reader, scopeEnd, scope, layout)
      if (scope.traceIdAt.length > 0) group.scopes.push(scope)
      else if (group.scopes.at(-1) !== NO_SPANS_OF_SCOPE) group.scopes.push(NO_SPANS_OF_SCOPE)
      layout.spanCount += scope.traceIdAt.length
    } else {
      checkField(reader, RESOURCE_SPANS, tag, end, 0)
      addSlice(group.others, start, reader.pos)
    }
  }
}

function scanScopeSpans(reader: WireReader, end: number, scope: ScopeGroup, layout: RequestLayout): void {
  while (reader.pos < end) {
    const start = reader.pos
    const tag = checkedTag(reader, SCOPE_SPANS, end)
    if (tag === SPANS_TAG) {
      const span = scanSpan(reader, endOf(reader, end), start)
      if (span.missing === null) {
        scope.traceIdAt.push(span.traceIdAt)
        scope.spans.push(start, reader.pos)
      } else if (layout.unusable.count++ === 0) {
        layout.unusable.firstPath = `${fieldPathAt(reader.bytes, start)}.${span.missing}`
      }
    } else {
      checkField(reader, SCOPE_SPANS, tag, end, 0)
      addSlice(scope.others, start, reader.pos)
    }
  }
}

interface ScannedSpan {
  /** Where its trace id begins. */
  traceIdAt: number
  missing: 'start_time_unix_nano' | 'end_time_unix_nano' | null
}
// One for the thread: it is read before the next span.
const scanned: ScannedSpan = { traceIdAt: -1, missing: null }

/** Without its times a span would lie in 1970 and take no time at all: every limit would be kept. */
function scanSpan(reader: WireReader, end: number, spanStart: number): ScannedSpan {
  let traceIdAt = -1
  let hasStart = false
  let hasEnd = false
  let hasSpanId = false
  let fields = 0
  while (reader.pos < end) {
    const tag = checkedTag(reader, SPAN, end)
    fields++
    switch (tag) {
      case 8 + WIRE_DELIMITED:
        traceIdAt = checkId(reader, end, 16)
        break
      case 16 + WIRE_DELIMITED:
        checkId(reader, end, 8)
        hasSpanId = true
        break
      case 56 + WIRE_FIXED64:
        hasStart = isTime(reader, end)
        break
      case 64 + WIRE_FIXED64:
        hasEnd = isTime(reader, end)
        break
      case 32 + WIRE_DELIMITED: {
        const at = reader.pos
        const length = reader.length(end)
        if (length !== 0 && length !== 8) throw new WireError(`is ${length} bytes long; it must be 8, or empty`, at)
        reader.take(length, end)
        break
      }
      default:
        checkField(reader, SPAN, tag, end, 0)
    }
  }
  if (fields > watched.maxFields) isOver = true
  if (traceIdAt < 0) throw new FieldError('trace_id', 'is missing', spanStart)
  if (!hasSpanId) throw new FieldError('span_id', 'is missing', spanStart)
  scanned.traceIdAt = traceIdAt
  scanned.missing = !hasStart ? 'start_time_unix_nano' : !hasEnd ? 'end_time_unix_nano' : null
  return scanned
}

/** Whether it is not 0. */
function isTime(reader: WireReader, end: number): boolean {
  const at = reader.take(8, end)
  const high = reader.view.getUint32(at + 4, true)
  if (high < watched.earliestHigh || high > watched.latestHigh) isOver = true
  return high !== 0 || reader.view.getUint32(at) !== 0
}

function checkId(reader: WireReader, end: number, size: number): number {
  const at = reader.pos
  const length = reader.length(end)
  if (length !== size) throw new WireError(`is ${length} bytes long; it must be ${size}`, at)
  const start = reader.take(size, end)
  for (let i = 0; i < size; i++) if (reader.bytes[start + i] !== 0) return start
  throw new WireError('is all zeroes', at)
}

function endOf(reader: WireReader, end: number): number {
  const length = reader.length(end)
  return reader.pos + length
}

/** The next tag; a known field must have its wire type. */
function checkedTag(reader: WireReader, message: number, end: number): number {
  const start = reader.pos
  const tag = reader.tag(end)
  const field = tag >>> 3
  if (field < FIELDS_PER_MESSAGE) {
    const expected = EXPECTED_WIRE[message * FIELDS_PER_MESSAGE + field]!
    if (expected !== 0 && expected - 1 !== (tag & 7)) {
      throw new WireError(`has wire type ${tag & 7}; it must be ${expected - 1}`, start)
    }
  }
  return tag
}

/** Moves over a field and checks the messages in it. `depth` counts the AnyValues around it. */
function checkField(reader: WireReader, message: number, tag: number, end: number, depth: number): void {
  const field = tag >>> 3
  const inner = field < FIELDS_PER_MESSAGE ? MESSAGE_IN[message * FIELDS_PER_MESSAGE + field]! : 0
  if (inner === 0) {
    const start = reader.pos
    reader.skip(tag, end)
    if (reader.pos - start > watched.maxTextBytes) isOver = true
  } else if (inner - 1 === KEY_VALUE) checkKeyValue(reader, endOf(reader, end), depth)
  else checkMessage(reader, inner - 1, endOf(reader, end), depth)
}

/** Most of a request is attributes: their usual fields are told by their tags alone. */
function checkKeyValue(reader: WireReader, end: number, depth: number): void {
  while (reader.pos < end) {
    const tag = reader.bytes[reader.pos]!
    if (tag === 8 + WIRE_DELIMITED) {
      reader.pos++
      const size = reader.length(end)
      if (size > watched.maxTextBytes) isOver = true
      reader.take(size, end)
    } else if (tag === 16 + WIRE_DELIMITED) {
      reader.pos++
      checkMessage(reader, ANY_VALUE, endOf(reader, end), depth)
    } else checkField(reader, KEY_VALUE, checkedTag(reader, KEY_VALUE, end), end, depth)
  }
}

function checkMessage(reader: WireReader, message: number, end: number, depth: number): void {
  let levels = depth
  if (message === ANY_VALUE && ++levels > MAX_NESTING) {
    throw new WireError(`nests deeper than ${MAX_NESTING} levels`, reader.pos)
  }
  // A text alone, as most values are.
  if (message === ANY_VALUE && reader.pos < end && reader.bytes[reader.pos] === 8 + WIRE_DELIMITED) {
    reader.pos++
    const size = reader.length(end)
    if (size > watched.maxTextBytes) isOver = true
    reader.take(size, end)
  }
  let fields = 0
  while (reader.pos < end) {
    const tag = checkedTag(reader, message, end)
    if (++fields > watched.maxFields) isOver = true
    if (message === LINK && (tag === 8 + WIRE_DELIMITED || tag === 16 + WIRE_DELIMITED)) {
      checkLinkId(reader, end, tag === 8 + WIRE_DELIMITED ? 16 : 8)
    } else checkField(reader, message, tag, end, levels)
  }
}

/** A link may lack its ids; where they are, they are ids. */
function checkLinkId(reader: WireReader, end: number, size: number): void {
  const at = reader.pos
  const length = reader.length(end)
  if (length !== 0 && length !== size) throw new WireError(`is ${length} bytes long; it must be ${size}`, at)
  reader.take(length, end)
}
