/**
 * What the forwarder has acknowledged and not delivered yet, on disk: one topic file of the embedded log, from which delivered records are
 * deleted. SQLite's write-ahead log carries checksums, so that a write which a crash cut short is as if it had never begun; each record
 * carries one more, for bytes that a disk gives back otherwise than it took them.
 */
import { crc32 } from 'node:zlib'
import { AppendQueue } from '../../storage/log/embedded/append-queue.ts'
import { type TopicFile, TopicFullError } from '../../storage/log/embedded/topic-file.ts'
import type { AppendedPosition, LogRecord, RecordToAppend } from '../../storage/log/port.ts'
import { spansOf, WAITING } from './buffer-file.ts'

/** `refuse`: the sender is told to try again later. `drop_oldest`: what has waited longest makes room. */
export type WhenFull = 'refuse' | 'drop_oldest'

export interface DiskBufferOptions {
  whenFull: WhenFull
  nowMs: () => number
  /** Told of spans that were dropped to make room. */
  onDropped?: (spanCount: number) => void
}

export interface BufferedRecord {
  readonly offset: number
  readonly value: Uint8Array
  readonly spanCount: number
  readonly headers: Readonly<Record<string, string>>
  /** Its bytes are what was written. */
  readonly isIntact: boolean
}

export interface BufferStats {
  readonly records: number
  readonly bytes: number
  readonly maxBytes: number
  /** When the oldest of them was taken, milliseconds since the epoch; null when there is none. */
  readonly oldestAtMs: number | null
}

const RECORDS_PER_REMOVAL = 256
/** When room is made, inside of an append. */
const RECORDS_PER_DROP = 16
const PAGES_PER_SHRINK = 256

export class DiskBuffer {
  readonly #options: DiskBufferOptions
  readonly #file: TopicFile
  readonly #queue: AppendQueue
  #arrived = Promise.withResolvers<void>()
  /** Records below are in the hands of whoever delivers them. */
  #inHandBelow = 0

  constructor(file: TopicFile, options: DiskBufferOptions) {
    this.#file = file
    this.#options = options
    this.#queue = new AppendQueue((batches) => this.#write(batches))
  }

  /** Resolves when the records are as durable as the buffer is told to be; rejects with `LogError`, and then has kept nothing. */
  async append(records: readonly RecordToAppend[]): Promise<AppendedPosition[]> {
    if (records.length === 0) return []
    const positions = await this.#queue.append(records.map(prepared))
    this.#arrived.resolve()
    this.#arrived = Promise.withResolvers()
    return positions
  }

  /** Resolves with the next append. */
  arrived(): Promise<void> {
    return this.#arrived.promise
  }

  /** The oldest records, at least one if there is any. They stay until they are removed. */
  peek(maxBytes: number, maxRecords: number): BufferedRecord[] {
    const found: LogRecord[] = []
    this.#file.read(WAITING, 0, { maxBytes, maxRecords }, found)
    const records = found.map(readRecord)
    this.#inHandBelow = Math.max(this.#inHandBelow, (records.at(-1)?.offset ?? -1) + 1)
    return records
  }

  /** Those up to this one are dealt with. */
  removeThrough(offset: number): void {
    while (this.#file.removeOldest(WAITING, offset + 1, RECORDS_PER_REMOVAL).records > 0);
  }

  /** Gives room in the file back to the disk, a little at a time. */
  shrink(): void {
    this.#file.shrink(PAGES_PER_SHRINK)
  }

  stats(): BufferStats {
    const { start, end, liveBytes } = this.#file.extents()[WAITING]!
    const maxBytes = this.#file.spec().retentionBytes!
    return { records: end - start, bytes: liveBytes, maxBytes, oldestAtMs: this.#file.oldestTimeMs(WAITING) }
  }

  /** Writes what waits for its turn; before the file is closed. */
  flush(): void {
    this.#queue.flush()
  }

  #write(batches: readonly (readonly RecordToAppend[])[]): AppendedPosition[][] {
    const nowMs = this.#options.nowMs()
    try {
      return this.#file.append(batches, nowMs)
    } catch (error) {
      if (!(error instanceof TopicFullError) || this.#options.whenFull === 'refuse') throw error
      if (!this.#makeRoom(error)) throw error
      return this.#file.append(batches, nowMs)
    }
  }

  /** A little more than is missing, so that not every append has to. False: all of it would not be enough. */
  #makeRoom({ missingBytes, retentionBytes }: TopicFullError): boolean {
    const { liveBytes } = this.#file.extents()[WAITING]!
    if (missingBytes > liveBytes) return false
    const wanted = Math.min(liveBytes, missingBytes + Math.floor(retentionBytes / 50))
    let freed = 0
    let spanCount = 0
    while (freed < wanted) {
      const found: LogRecord[] = []
      this.#file.read(WAITING, 0, { maxBytes: wanted - freed, maxRecords: RECORDS_PER_DROP }, found)
      const last = found.at(-1)
      if (last === undefined) break
      freed += this.#file.removeOldest(WAITING, last.offset + 1, RECORDS_PER_DROP).bytes
      for (const record of found) if (record.offset >= this.#inHandBelow) spanCount += spansOf(record.headers)
    }
    if (spanCount > 0) this.#options.onDropped?.(spanCount)
    return true
  }
}

/** Of a record's value, in its headers. */
const CHECKSUM = 'crc32'

function prepared(record: RecordToAppend): RecordToAppend {
  return { ...record, partition: WAITING, headers: { ...record.headers, [CHECKSUM]: String(crc32(record.value)) } }
}

function readRecord({ offset, value, headers: { [CHECKSUM]: checksum, ...headers } }: LogRecord): BufferedRecord {
  return { offset, value, headers, spanCount: spansOf(headers), isIntact: checksum === String(crc32(value)) }
}
