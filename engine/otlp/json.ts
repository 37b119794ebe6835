/**
 * OTLP/JSON to the same bytes that a protobuf client would have sent, so that the log holds one encoding.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 *
 * Lists are written from their last item to the first, because the writer goes backwards.
 */
import { writeKeyValue } from './json-any-value.ts'
import { parseJsonBody } from './json-body.ts'
import {
  enumAt,
  get,
  hexAt,
  JsonFieldError,
  type JsonObject,
  listAt,
  textAt,
  uint32At,
  uint64At,
  type WriteFields,
  writeEach,
  writeOne,
  writeText,
} from './json-fields.ts'
import { ReverseWriter } from './reverse-writer.ts'

export type TranscodeOutcome =
  /** `hasResourceSpans` is false for a body that says something else instead. */
  | { ok: true; request: Uint8Array; hasResourceSpans: boolean }
  /** What is wrong, naming the field: `resourceSpans[0].scopeSpans[1].spans[3].traceId: is missing`. */
  | { ok: false; message: string }

/** Unknown fields are left out, as the specification wants. */
export function transcodeJson(body: Uint8Array): TranscodeOutcome {
  const json = parseJsonBody(body)
  if (!json.ok) return json
  const parsed = json.value
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { ok: false, message: 'the body must be a JSON object with resourceSpans' }
  }
  try {
    const writer = new ReverseWriter(body.length)
    writeEach(writer, 1, get(parsed as JsonObject, 'resourceSpans'), 'resourceSpans', writeResourceSpans)
    const keys = Object.keys(parsed)
    return {
      ok: true,
      request: writer.finish(),
      hasResourceSpans: keys.length === 0 || keys.includes('resourceSpans'),
    }
  } catch (error) {
    if (!(error instanceof JsonFieldError)) throw error
    return { ok: false, message: `${error.path}: ${error.message}` }
  }
}

function writeCount(writer: ReverseWriter, field: number, object: JsonObject, key: string, path: string): void {
  const count = uint32At(get(object, key), `${path}.${key}`)
  if (count !== 0) writer.uint(field, count)
}

function writeTime(writer: ReverseWriter, field: number, object: JsonObject, key: string, path: string): void {
  const time = uint64At(get(object, key), `${path}.${key}`)
  if (time !== 0n) writer.fixed64(field, time)
}

function writeAttributes(writer: ReverseWriter, field: number, object: JsonObject, path: string): void {
  writeEach(writer, field, get(object, 'attributes'), `${path}.attributes`, writeKeyValue)
}

const writeResourceSpans: WriteFields = (writer, object, path) => {
  writeText(writer, 3, object, 'schemaUrl', path)
  writeEach(writer, 2, get(object, 'scopeSpans'), `${path}.scopeSpans`, writeScopeSpans)
  writeOne(writer, 1, get(object, 'resource'), `${path}.resource`, writeResource)
}

const writeResource: WriteFields = (writer, object, path) => {
  writeEach(writer, 3, get(object, 'entityRefs'), `${path}.entityRefs`, writeEntityRef)
  writeCount(writer, 2, object, 'droppedAttributesCount', path)
  writeAttributes(writer, 1, object, path)
}

const writeEntityRef: WriteFields = (writer, object, path) => {
  for (const [field, key] of [
    [4, 'descriptionKeys'],
    [3, 'idKeys'],
  ] as const) {
    const keys = listAt(get(object, key), `${path}.${key}`)
    for (let i = keys.length - 1; i >= 0; i--) writer.text(field, textAt(keys[i], `${path}.${key}[${i}]`))
  }
  writeText(writer, 2, object, 'type', path)
  writeText(writer, 1, object, 'schemaUrl', path)
}

const writeScopeSpans: WriteFields = (writer, object, path) => {
  writeText(writer, 3, object, 'schemaUrl', path)
  writeEach(writer, 2, get(object, 'spans'), `${path}.spans`, writeSpan)
  writeOne(writer, 1, get(object, 'scope'), `${path}.scope`, writeScope)
}

const writeScope: WriteFields = (writer, object, path) => {
  writeCount(writer, 4, object, 'droppedAttributesCount', path)
  writeAttributes(writer, 3, object, path)
  writeText(writer, 2, object, 'version', path)
  writeText(writer, 1, object, 'name', path)
}

const SPAN_KINDS = enumNames('SPAN_KIND_', ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'])
const STATUS_CODES = enumNames('STATUS_CODE_', ['UNSET', 'OK', 'ERROR'])

function enumNames(prefix: string, names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [prefix + name, index]))
}

const writeSpan: WriteFields = (writer, object, path) => {
  const flags = uint32At(get(object, 'flags'), `${path}.flags`)
  if (flags !== 0) writer.fixed32(16, flags)
  writeOne(writer, 15, get(object, 'status'), `${path}.status`, writeStatus)
  writeCount(writer, 14, object, 'droppedLinksCount', path)
  writeEach(writer, 13, get(object, 'links'), `${path}.links`, writeLink)
  writeCount(writer, 12, object, 'droppedEventsCount', path)
  writeEach(writer, 11, get(object, 'events'), `${path}.events`, writeEvent)
  writeCount(writer, 10, object, 'droppedAttributesCount', path)
  writeAttributes(writer, 9, object, path)
  writeTime(writer, 8, object, 'endTimeUnixNano', path)
  writeTime(writer, 7, object, 'startTimeUnixNano', path)
  const kind = enumAt(get(object, 'kind'), `${path}.kind`, SPAN_KINDS)
  if (kind !== 0) writer.uint(6, kind)
  writeText(writer, 5, object, 'name', path)
  const parent = hexAt(get(object, 'parentSpanId'), `${path}.parentSpanId`, 8)
  if (parent !== null) writer.bytes(4, parent)
  writeText(writer, 3, object, 'traceState', path)
  writer.bytes(2, requiredId(object, 'spanId', path, 8))
  writer.bytes(1, requiredId(object, 'traceId', path, 16))
}

function requiredId(object: JsonObject, key: string, path: string, sizeBytes: number): Buffer {
  const id = hexAt(get(object, key), `${path}.${key}`, sizeBytes)
  if (id === null) throw new JsonFieldError(`${path}.${key}`, 'is missing')
  if (id.every((byte) => byte === 0)) throw new JsonFieldError(`${path}.${key}`, 'is all zeroes')
  return id
}

const writeStatus: WriteFields = (writer, object, path) => {
  const code = enumAt(get(object, 'code'), `${path}.code`, STATUS_CODES)
  if (code !== 0) writer.uint(3, code)
  writeText(writer, 2, object, 'message', path)
}

const writeEvent: WriteFields = (writer, object, path) => {
  writeCount(writer, 4, object, 'droppedAttributesCount', path)
  writeAttributes(writer, 3, object, path)
  writeText(writer, 2, object, 'name', path)
  writeTime(writer, 1, object, 'timeUnixNano', path)
}

const writeLink: WriteFields = (writer, object, path) => {
  const flags = uint32At(get(object, 'flags'), `${path}.flags`)
  if (flags !== 0) writer.fixed32(6, flags)
  writeCount(writer, 5, object, 'droppedAttributesCount', path)
  writeAttributes(writer, 4, object, path)
  writeText(writer, 3, object, 'traceState', path)
  const spanId = hexAt(get(object, 'spanId'), `${path}.spanId`, 8)
  if (spanId !== null) writer.bytes(2, spanId)
  const traceId = hexAt(get(object, 'traceId'), `${path}.traceId`, 16)
  if (traceId !== null) writer.bytes(1, traceId)
}
