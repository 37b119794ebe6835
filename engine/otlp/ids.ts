/** Ids of spans: bytes in a record, hexadecimal digits in a span. */
import type { WireReader } from './wire.ts'

export function readHex(reader: WireReader, end: number): string {
  const start = reader.take(reader.length(end), end)
  return reader.bytes.toString('hex', start, reader.pos)
}

/** What the id of the span before was, at its place among the bytes: spans of a trace mostly follow each other, and share strings. */
interface LastId {
  bytes: Buffer | null
  at: number
  hex: string
}
const lastTrace: LastId = { bytes: null, at: 0, hex: '' }
const lastParent: LastId = { bytes: null, at: 0, hex: '' }

export function readTraceId(reader: WireReader, end: number): string {
  return readSameHex(reader, end, lastTrace)
}

export function readParent(reader: WireReader, end: number): string | undefined {
  const parent = readSameHex(reader, end, lastParent)
  // Some senders write a root's parent as zeroes.
  return parent === '' || parent === '0000000000000000' ? undefined : parent
}

/** When a record is read: its bytes may not be kept. */
export function forgetIds(): void {
  lastTrace.bytes = null
  lastParent.bytes = null
}

function readSameHex(reader: WireReader, end: number, last: LastId): string {
  const { bytes } = reader
  const start = reader.take(reader.length(end), end)
  const length = reader.pos - start
  if (bytes === last.bytes && length === last.hex.length / 2) {
    let same = 0
    while (same < length && bytes[start + same] === bytes[last.at + same]) same++
    if (same === length) return last.hex
  }
  last.bytes = bytes
  last.at = start
  last.hex = bytes.toString('hex', start, reader.pos)
  return last.hex
}
