/**
 * Protobuf's wire format, as much as OTLP needs: a cursor over bytes that never reads outside them.
 * https://protobuf.dev/programming-guides/encoding/
 */

export const WIRE_VARINT = 0
export const WIRE_FIXED64 = 1
export const WIRE_DELIMITED = 2
export const WIRE_FIXED32 = 5

/** Bytes that aren't the protobuf message they should be. Thrown by `WireReader` and turned into a value by its callers. */
export class WireError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.name = 'WireError'
    this.offset = offset
  }
}

/** A view of the same memory with Buffer's fast text and hex readers. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const TWO_32 = 4294967296

export class WireReader {
  readonly bytes: Buffer
  readonly view: DataView
  pos = 0
  /** Of the last varint read: its low and high 32 bits, unsigned. */
  private low = 0
  private high = 0

  constructor(bytes: Uint8Array) {
    this.bytes = asBuffer(bytes)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A field's tag; field number in `tag >>> 3`, wire type in `tag & 7`. */
  tag(end: number): number {
    const start = this.pos
    const tag = this.varint(end)
    if (tag < 8 || tag >= TWO_32) throw new WireError('not a field tag', start)
    return tag
  }

  /** An unsigned varint; exact up to 2^53. */
  varint(end: number): number {
    const { bytes } = this
    if (this.pos < end) {
      const first = bytes[this.pos]!
      if (first < 128) {
        this.pos++
        return first
      }
    }
    this.varint64(end)
    return this.high * TWO_32 + this.low
  }

  /** A varint as a signed 64-bit integer: a number while it is exact, else a bigint. */
  int64(end: number): number | bigint {
    this.varint64(end)
    const high = this.high | 0
    // 2^21 · 2^32 = 2^53
    if (high >= -0x200000 && high < 0x200000) {
      const value = high * TWO_32 + this.low
      if (Number.isSafeInteger(value)) return value
    }
    return (BigInt(high) << 32n) | BigInt(this.low)
  }

  /** Length of a delimited field, checked to end before `end`. */
  length(end: number): number {
    const start = this.pos
    const length = this.varint(end)
    if (length > end - this.pos) throw new WireError('a field runs past the end of its message', start)
    return length
  }

  /** Moves over `size` bytes and returns where they start. */
  take(size: number, end: number): number {
    const start = this.pos
    if (size > end - start) throw new WireError('a field runs past the end of its message', start)
    this.pos = start + size
    return start
  }

  /** Moves over a field that nobody asked for. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint64(end)
        return
      case WIRE_FIXED64:
        this.take(8, end)
        return
      case WIRE_DELIMITED:
        this.take(this.length(end), end)
        return
      case WIRE_FIXED32:
        this.take(4, end)
        return
      default:
        throw new WireError(`wire type ${tag & 7} is not in use`, this.pos - 1)
    }
  }

  private varint64(end: number): void {
    const { bytes } = this
    const start = this.pos
    let pos = start
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) throw new WireError('a number runs past the end of its message', start)
      const byte = bytes[pos++]!
      const bits = byte & 127
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 128) {
        this.pos = pos
        this.low = low >>> 0
        this.high = high >>> 0
        return
      }
    }
    throw new WireError('a number is longer than ten bytes', start)
  }
}
