/**
 * Writes a record batch (version 2) into memory that is used again: its size is known before it is written, and only what goes to
 * the broker is new. https://kafka.apache.org/documentation/#recordbatch
 */
import type { RecordToAppend } from '../port.ts'
import { CODECS, type CompressionId } from './codecs.ts'
import { crc32c } from './crc32c.ts'

/** Of a batch up to its first record. */
export const BATCH_HEADER_BYTES = 61
/** Where the count of the bytes that follow it ends. */
export const AFTER_LENGTH = 12
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
const MAGIC = 2
/** Kept from batch to batch; a larger one is let go. */
const KEPT_BYTES = 1 << 20

type Encodable = Pick<RecordToAppend, 'key' | 'value' | 'headers'>

export class BatchEncoder {
  readonly #compression: CompressionId
  #scratch = Buffer.allocUnsafeSlow(64 << 10)
  #at = 0

  constructor(compression: CompressionId) {
    this.#compression = compression
  }

  /** All of a partition in one request, in order; `nowMs` is their time unless the broker gives them its own. */
  encode(records: readonly Encodable[], nowMs: number): Buffer {
    const bodies = records.map((record, index) => bodyBytes(record, index))
    let sizeBytes = 0
    for (const body of bodies) sizeBytes += varintBytes(body) + body
    this.#reserve(sizeBytes)
    for (const [index, record] of records.entries()) this.#record(record, index, bodies[index]!)
    const plain = this.#scratch.subarray(0, this.#at)
    const packed = this.#compression === 0 ? plain : CODECS[this.#compression].compress(plain)
    const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + packed.length)
    packed.copy(batch, BATCH_HEADER_BYTES)
    this.#header(batch, records.length, nowMs)
    return batch
  }

  #reserve(sizeBytes: number): void {
    this.#at = 0
    const { length } = this.#scratch
    if (sizeBytes > length || length > KEPT_BYTES) {
      this.#scratch = Buffer.allocUnsafeSlow(Math.max(sizeBytes, Math.min(length * 2, KEPT_BYTES)))
    }
  }

  #header(batch: Buffer, count: number, nowMs: number): void {
    // The broker gives offsets, and the epoch of its leader.
    batch.fill(0, 0, 8)
    batch.writeInt32BE(batch.length - AFTER_LENGTH, 8)
    batch.writeInt32BE(-1, 12)
    batch[16] = MAGIC
    batch.writeInt16BE(this.#compression, ATTRIBUTES_AT)
    batch.writeInt32BE(count - 1, 23)
    batch.writeBigInt64BE(BigInt(nowMs), 27)
    batch.writeBigInt64BE(BigInt(nowMs), 35)
    // No producer id, epoch and sequence: the store drops what comes twice.
    batch.fill(0xff, 43, 57)
    batch.writeInt32BE(count, 57)
    batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT), CRC_AT)
  }

  #record({ key, value, headers }: Encodable, index: number, body: number): void {
    this.#varint(body)
    // Attributes, of which there are none, and milliseconds after the batch's time.
    this.#scratch[this.#at++] = 0
    this.#scratch[this.#at++] = 0
    this.#varint(index)
    if (key === null) this.#varint(-1)
    else this.#text(key)
    this.#varint(value.byteLength)
    this.#scratch.set(value, this.#at)
    this.#at += value.byteLength
    const names = headers === undefined ? [] : Object.keys(headers)
    this.#varint(names.length)
    for (const name of names) {
      this.#text(name)
      this.#text(headers![name]!)
    }
  }

  #text(text: string): void {
    const sizeBytes = Buffer.byteLength(text)
    this.#varint(sizeBytes)
    this.#scratch.write(text, this.#at)
    this.#at += sizeBytes
  }

  #varint(value: number): void {
    let rest = zigZag(value)
    while (rest > 0x7f) {
      this.#scratch[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#scratch[this.#at++] = rest
  }
}

/** Of a record without the length before it. */
function bodyBytes({ key, value, headers }: Encodable, index: number): number {
  let bytes = 2 + varintBytes(index) + varintBytes(value.byteLength) + value.byteLength
  bytes += key === null ? 1 : textBytes(key)
  let names = 0
  for (const name in headers) {
    names++
    bytes += textBytes(name) + textBytes(headers[name]!)
  }
  return bytes + varintBytes(names)
}

function textBytes(text: string): number {
  const sizeBytes = Buffer.byteLength(text)
  return varintBytes(sizeBytes) + sizeBytes
}

/** Small numbers of either sign as small ones without. */
function zigZag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = zigZag(value); rest > 0x7f; rest >>>= 7) bytes++
  return bytes
}
