/**
 * Writes protobuf from its end to its beginning: the length of a message is known when its header is due, so that one pass
 * over the input does.
 */
import { WIRE_DELIMITED, WIRE_FIXED32, WIRE_FIXED64, WIRE_VARINT } from './wire.ts'

export class ReverseWriter {
  private buffer: Buffer
  private at: number

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(Math.max(capacity, 64))
    this.at = this.buffer.length
  }

  /** A mark to hand to `closeMessage`, taken before the message's fields are written (last field first). */
  mark(): number {
    return this.buffer.length - this.at
  }

  /** Puts the header before all that was written since the mark. */
  closeMessage(field: number, mark: number): void {
    this.header(field, this.mark() - mark)
  }

  text(field: number, value: string): void {
    const length = Buffer.byteLength(value)
    this.reserve(length)
    this.at -= length
    this.buffer.write(value, this.at, length, 'utf8')
    this.header(field, length)
  }

  bytes(field: number, value: Uint8Array): void {
    this.reserve(value.length)
    this.at -= value.length
    this.buffer.set(value, this.at)
    this.header(field, value.length)
  }

  /** An unsigned number up to 2^53. */
  uint(field: number, value: number): void {
    this.varint(value)
    this.varint(field * 8 + WIRE_VARINT)
  }

  /** A signed 64-bit integer, two's complement. */
  int64(field: number, value: bigint): void {
    let rest = BigInt.asUintN(64, value)
    const septets: number[] = []
    do {
      septets.push(Number(rest & 127n))
      rest >>= 7n
    } while (rest > 0n)
    this.reserve(10)
    for (let i = septets.length - 1; i >= 0; i--) {
      this.buffer[--this.at] = i === septets.length - 1 ? septets[i]! : septets[i]! | 128
    }
    this.varint(field * 8 + WIRE_VARINT)
  }

  fixed64(field: number, value: bigint): void {
    this.reserve(8)
    this.at -= 8
    this.buffer.writeBigUInt64LE(value, this.at)
    this.varint(field * 8 + WIRE_FIXED64)
  }

  double(field: number, value: number): void {
    this.reserve(8)
    this.at -= 8
    this.buffer.writeDoubleLE(value, this.at)
    this.varint(field * 8 + WIRE_FIXED64)
  }

  fixed32(field: number, value: number): void {
    this.reserve(4)
    this.at -= 4
    this.buffer.writeUInt32LE(value, this.at)
    this.varint(field * 8 + WIRE_FIXED32)
  }

  finish(): Uint8Array {
    return this.buffer.subarray(this.at)
  }

  private header(field: number, length: number): void {
    this.varint(length)
    this.varint(field * 8 + WIRE_DELIMITED)
  }

  private varint(value: number): void {
    this.reserve(8)
    if (value < 128) {
      this.buffer[--this.at] = value
      return
    }
    let size = 1
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
    this.at -= size
    let rest = value
    for (let i = 0; i < size; i++) {
      const septet = rest % 128
      rest = (rest - septet) / 128
      this.buffer[this.at + i] = i === size - 1 ? septet : septet | 128
    }
  }

  private reserve(size: number): void {
    if (this.at >= size) return
    const used = this.buffer.length - this.at
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, used + size))
    this.buffer.copy(grown, grown.length - used, this.at)
    this.buffer = grown
    this.at = grown.length - used
  }
}
