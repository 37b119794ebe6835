/** What a collector's answer says, in OTLP's protobuf. Bytes that are something else say nothing. */
import { WIRE_DELIMITED, WIRE_VARINT, WireError, WireReader } from '../../engine/otlp/wire.ts'

export interface PartialAnswer {
  readonly rejectedSpans: number
  readonly message: string
}

export interface StatusAnswer {
  readonly message: string
  /** Of a RetryInfo among the details; null without one. */
  readonly retryAfterMs: number | null
}

type Field = { readonly number: number } & (
  | { readonly wire: typeof WIRE_VARINT; readonly value: number }
  | { readonly wire: typeof WIRE_DELIMITED; readonly bytes: Buffer }
)

/** An ExportTraceServiceResponse: `{partial_success = 1: {rejected_spans = 1; error_message = 2}}`. */
export function readPartial(body: Uint8Array): PartialAnswer {
  const partial = messageIn(fieldsOf(body), 1)
  return { rejectedSpans: numberIn(partial, 1), message: textIn(partial, 2) }
}

/** A google.rpc.Status: `{code = 1; message = 2; details = 3: {type_url = 1; value = 2}}`. */
export function readStatus(body: Uint8Array): StatusAnswer {
  const fields = fieldsOf(body)
  const details = fields.flatMap((field) =>
    field.number === 3 && field.wire === WIRE_DELIMITED ? [fieldsOf(field.bytes)] : [],
  )
  const retryInfo = details.find((any) => textIn(any, 1).endsWith('/google.rpc.RetryInfo'))
  if (retryInfo === undefined) return { message: textIn(fields, 2), retryAfterMs: null }
  // RetryInfo `{retry_delay = 1}`, a Duration `{seconds = 1; nanos = 2}`.
  const delay = messageIn(messageIn(retryInfo, 2), 1)
  return { message: textIn(fields, 2), retryAfterMs: numberIn(delay, 1) * 1_000 + numberIn(delay, 2) / 1e6 }
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = new WireReader(bytes)
  const fields: Field[] = []
  try {
    while (reader.pos < bytes.length) {
      const tag = reader.tag(bytes.length)
      const number = tag >>> 3
      if ((tag & 7) === WIRE_VARINT) fields.push({ number, wire: WIRE_VARINT, value: reader.varint(bytes.length) })
      else if ((tag & 7) === WIRE_DELIMITED) {
        const start = reader.take(reader.length(bytes.length), bytes.length)
        fields.push({ number, wire: WIRE_DELIMITED, bytes: reader.bytes.subarray(start, reader.pos) })
      } else reader.skip(tag, bytes.length)
    }
    return fields
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return []
  }
}

function messageIn(fields: readonly Field[], number: number): Field[] {
  const found = fields.find((field) => field.number === number)
  return found?.wire === WIRE_DELIMITED ? fieldsOf(found.bytes) : []
}

function numberIn(fields: readonly Field[], number: number): number {
  const found = fields.find((field) => field.number === number)
  return found?.wire === WIRE_VARINT && Number.isSafeInteger(found.value) ? found.value : 0
}

function textIn(fields: readonly Field[], number: number): string {
  const found = fields.find((field) => field.number === number)
  return found?.wire === WIRE_DELIMITED ? found.bytes.toString('utf8') : ''
}
