/** Single values of OTLP's AnyValue, as texts. */
import { WIRE_DELIMITED, WIRE_FIXED64, WIRE_VARINT, type WireReader } from '../otlp/wire.ts'

export type MaskText = (text: string) => string

const STRING = 1
const BOOL = 2
const INT = 3
const DOUBLE = 4

/** Numbers below are counts and sizes, not personal data. */
const MIN_SCANNED_NUMBER = 1_000_000

/** The value behind a tag of an AnyValue, which is no list and no map. */
export function scalarText(reader: WireReader, tag: number, end: number): string {
  switch (tag) {
    case BOOL * 8 + WIRE_VARINT:
      return reader.varint(end) === 0 ? 'false' : 'true'
    case INT * 8 + WIRE_VARINT:
      return String(reader.int64(end))
    case DOUBLE * 8 + WIRE_FIXED64:
      return String(reader.view.getFloat64(reader.take(8, end), true))
    default: {
      const from = reader.take(reader.length(end), end)
      return reader.bytes.toString('utf8', from, reader.pos)
    }
  }
}

/** The same text where there is nothing to mask. */
export function maskScalar(field: number, text: string, mask: MaskText): string {
  if (field === BOOL) return text
  if ((field === INT || field === DOUBLE) && Math.abs(Number(text)) < MIN_SCANNED_NUMBER) return text
  return mask(text)
}

/** The text as an AnyValue's field. */
export function encodeText(text: string): Uint8Array {
  const size = Buffer.byteLength(text)
  const length: number[] = []
  for (let rest = size; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest)
      break
    }
    length.push((rest & 127) | 128)
  }
  const bytes = Buffer.allocUnsafe(1 + length.length + size)
  bytes[0] = STRING * 8 + WIRE_DELIMITED
  bytes.set(length, 1)
  bytes.write(text, 1 + length.length, 'utf8')
  return bytes
}
