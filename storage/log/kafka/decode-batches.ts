/**
 * Reads record batches (version 2) as they come from a broker. Values are views of the bytes, not copies; a batch is unpacked when its
 * records are asked for. One whose checksum is wrong, or that cannot be unpacked, is told with its offsets. https://kafka.apache.org/documentation/#recordbatch
 */
import { messageOf } from '../../../engine/message-of.ts'
import { type LogRecord, type TopicPartition, UnreadableRecords } from '../port.ts'
import { CODECS, type CompressionId } from './codecs.ts'
import { crc32c } from './crc32c.ts'
import { AFTER_LENGTH, ATTRIBUTES_AT, BATCH_HEADER_BYTES, CRC_AT } from './encode-batch.ts'

const LENGTH_AT = 8
const MAGIC_AT = 16
const LAST_DELTA_AT = 23
/** No producer puts more into one batch: a greater number is damage. */
const MOST_RECORDS = 1 << 24
const COMPRESSION_MASK = 7
const LOG_APPEND_TIME = 8
const CONTROL = 32
const TWO_POW_32 = 2 ** 32

export interface FetchedBatch {
  /** As it came. */
  readonly sizeBytes: number
  /** Behind its last record, though compaction may have taken that. */
  readonly nextOffset: number
  /** Its bytes are not those that were written: it is the last that can be trusted to be where it is. */
  readonly damage: UnreadableRecords | null
  /** Unpacks it; throws `UnreadableRecords`. */
  records(): LogRecord[]
}

/** The whole batches in a partition's part of an answer, whose last may be cut off. */
export function batchesOf(of: TopicPartition, bytes: Buffer): FetchedBatch[] {
  const batches: FetchedBatch[] = []
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; ) {
    const end = at + AFTER_LENGTH + bytes.readInt32BE(at + LENGTH_AT)
    // Such a length is none: nobody knows where the next begins.
    const isFramed = end >= at + BATCH_HEADER_BYTES
    if (end > bytes.length) break
    const batch = bytes.subarray(at, isFramed ? end : bytes.length)
    const following = isFramed && end + AFTER_LENGTH <= bytes.length ? int64(bytes, end) : null
    batches.push(batchOf(of, batch, following))
    if (!isFramed) break
    at = end
  }
  return batches
}

function batchOf(of: TopicPartition, batch: Buffer, following: number | null): FetchedBatch {
  const from = int64(batch, 0)
  const reason = damageOf(batch)
  const unreadable = (to: number, why: string, options?: ErrorOptions): UnreadableRecords =>
    new UnreadableRecords({ ...of, from, to }, batch, why, options)
  if (reason !== null) {
    const to = endOfDamaged(batch, from, following)
    const damage = unreadable(to, reason)
    const records = (): never => {
      throw damage
    }
    return { sizeBytes: batch.length, nextOffset: to, damage, records }
  }
  const nextOffset = from + batch.readInt32BE(LAST_DELTA_AT) + 1
  const records = (): LogRecord[] => {
    try {
      return recordsOf(of, batch)
    } catch (error) {
      throw unreadable(nextOffset, `their batch cannot be unpacked (${messageOf(error)})`, { cause: error })
    }
  }
  return { sizeBytes: batch.length, nextOffset, damage: null, records }
}

function damageOf(batch: Buffer): string | null {
  const magic = batch[MAGIC_AT]
  if (magic === 0 || magic === 1) return 'they are in a format from before Kafka 0.11'
  if (magic !== 2) return `their batch is of a version ${magic} that nobody has described`
  const [written, found] = [batch.readUInt32BE(CRC_AT), crc32c(batch, ATTRIBUTES_AT)]
  if (written === found) return null
  return `the checksum of their batch is wrong (CRC-32C ${hex(written)} was written, ${hex(found)} is what its bytes have)`
}

/** Where the batch after it begins; what it says of itself may be what is wrong with it. */
function endOfDamaged(batch: Buffer, from: number, following: number | null): number {
  if (following !== null && following > from) return following
  const count = batch.readInt32BE(LAST_DELTA_AT) + 1
  return from + (batch[MAGIC_AT] === 2 && count > 0 && count <= MOST_RECORDS ? count : 1)
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')

function recordsOf({ topic, partition }: TopicPartition, batch: Buffer): LogRecord[] {
  const attributes = batch.readInt16BE(ATTRIBUTES_AT)
  // Marks of transactions, which are no records of anybody.
  if ((attributes & CONTROL) !== 0) return []
  const baseOffset = int64(batch, 0)
  const baseTimeMs = int64(batch, 27)
  const appendTimeMs = (attributes & LOG_APPEND_TIME) === 0 ? null : int64(batch, 35)
  const count = batch.readInt32BE(57)
  const packed = batch.subarray(BATCH_HEADER_BYTES)
  const reader = new Reader(unpack(packed, attributes & COMPRESSION_MASK))
  const records: LogRecord[] = []
  for (let index = 0; index < count; index++) {
    // Its length and its attributes, of which there are none.
    reader.varint()
    reader.skip(1)
    const timeDeltaMs = reader.varint()
    const offset = baseOffset + reader.varint()
    const key = reader.text()
    const value = reader.bytes()
    records.push({
      topic,
      partition,
      offset,
      appendTimeMs: appendTimeMs ?? baseTimeMs + timeDeltaMs,
      key,
      // A tombstone has none.
      value: value ?? EMPTY,
      headers: headersOf(reader),
    })
  }
  return records
}

const EMPTY = new Uint8Array(0)
const NO_HEADERS: Readonly<Record<string, string>> = {}

/** A header that comes more than once counts by its last value, as in Java's `lastHeader`. */
function headersOf(reader: Reader): Readonly<Record<string, string>> {
  const count = reader.varint()
  if (count === 0) return NO_HEADERS
  const headers: Record<string, string> = {}
  for (let index = 0; index < count; index++) {
    const name = reader.text() ?? ''
    const value = reader.text()
    if (value === null) delete headers[name]
    else headers[name] = value
  }
  return headers
}

function unpack(bytes: Buffer, compression: number): Buffer {
  if (compression === 0) return bytes
  const codec = CODECS[compression as Exclude<CompressionId, 0>]
  if (codec === undefined) throw new Error(`there is no compression ${compression}`)
  return codec.decompress(bytes)
}

function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * TWO_POW_32 + bytes.readUInt32BE(at + 4)
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(count: number): void {
    this.#at += count
  }

  /** Zigzag; exact to 2^53. */
  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new Error('a batch of records ends in the middle of one')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 0x80
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** A view; null where there is none. */
  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length) throw new Error('a batch of records ends in the middle of one')
    return this.#bytes.subarray(start, this.#at)
  }

  text(): string | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.#at
    this.#at += length
    return this.#bytes.toString('utf8', start, this.#at)
  }
}
