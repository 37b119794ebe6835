/** What a consumer holds of its partitions: where each is read on, and what was read and not yet taken. Pure bookkeeping. */
import { type LogRecord, type PartitionOffset, type TopicPartition, UnreadableRecords } from '../port.ts'
import type { FetchedBatch } from './decode-batches.ts'

export interface PartitionBuffer extends TopicPartition {
  /** The next offset to ask the broker for. */
  nextOffset: number
  /** In offset order, not yet taken: first the records that were unpacked, then the batches. */
  records: LogRecord[]
  batches: FetchedBatch[]
  /** Of both, as they are held. */
  sizeBytes: number
  /** Records before it are not wanted. */
  wantedFrom: number
  isPaused: boolean
  /** What stands in the way of reading on: see `readAgain` and `passOver`. */
  unreadable: UnreadableRecords | null
  /** Rises when what was asked for before is no longer wanted: a seek, or another assignment. */
  epoch: number
}

export const partitionName = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** Bytes of a record as `maxBytes` counts them. */
export function recordBytes(record: Pick<LogRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = record.value.byteLength + (record.key?.length ?? 0)
  for (const name in record.headers) bytes += name.length + (record.headers[name]?.length ?? 0)
  return bytes
}

export class PartitionBuffers {
  readonly #byName = new Map<string, PartitionBuffer>()
  #epoch = 0
  /** The partition that is served first the next time, so that a long backlog starves nobody. */
  #turn = 0

  /** Forgets everything and starts at these positions; partitions that were paused stay so. */
  assign(positions: readonly PartitionOffset[]): void {
    const paused = new Set([...this.#byName].filter(([, buffer]) => buffer.isPaused).map(([name]) => name))
    this.#byName.clear()
    for (const { topic, partition, offset } of positions) {
      const name = partitionName({ topic, partition })
      const isPaused = paused.has(name)
      const epoch = ++this.#epoch
      const position = { topic, partition, nextOffset: offset, wantedFrom: offset }
      this.#byName.set(name, { ...position, records: [], batches: [], sizeBytes: 0, isPaused, unreadable: null, epoch })
    }
  }

  get count(): number {
    return this.#byName.size
  }

  all(): IterableIterator<PartitionBuffer> {
    return this.#byName.values()
  }

  get(of: TopicPartition): PartitionBuffer | undefined {
    return this.#byName.get(partitionName(of))
  }

  seek({ topic, partition, offset }: PartitionOffset): void {
    const buffer = this.get({ topic, partition })
    if (buffer === undefined) return
    buffer.nextOffset = offset
    buffer.wantedFrom = offset
    buffer.records = []
    buffer.batches = []
    buffer.sizeBytes = 0
    buffer.unreadable = null
    buffer.epoch = ++this.#epoch
  }

  /** Those of which nothing more can be taken for the time being. */
  blocked(): PartitionBuffer[] {
    return [...this.#byName.values()].filter(({ unreadable }) => unreadable !== null)
  }

  /** Asks for what cannot be read once more: by then another replica may lead. */
  readAgain(buffer: PartitionBuffer): void {
    buffer.unreadable = null
    buffer.epoch = ++this.#epoch
  }

  /** Goes on behind what cannot be read. */
  passOver(buffer: PartitionBuffer): void {
    buffer.nextOffset = Math.max(buffer.nextOffset, buffer.unreadable?.range.to ?? 0)
    this.readAgain(buffer)
  }

  setPaused(partitions: readonly TopicPartition[], isPaused: boolean): void {
    for (const of of partitions) {
      const buffer = this.get(of)
      if (buffer !== undefined) buffer.isPaused = isPaused
    }
  }

  /** Takes in what was read for the epoch; of another epoch it is dropped. A batch may begin before the offset asked for. */
  add(buffer: PartitionBuffer, epoch: number, batches: readonly FetchedBatch[]): void {
    if (buffer.epoch !== epoch || this.get(buffer) !== buffer || buffer.unreadable !== null) return
    for (const batch of batches) {
      if (batch.nextOffset <= buffer.nextOffset) continue
      if (batch.damage !== null) {
        buffer.unreadable = batch.damage
        return
      }
      buffer.batches.push(batch)
      buffer.sizeBytes += batch.sizeBytes
      buffer.nextOffset = batch.nextOffset
    }
  }

  /**
   * In offset order within a partition, the partitions in turn: at most `maxBytes`, but one record however large. A partition
   * that comes to a batch that can't be read is `blocked` there; the others go on.
   */
  take(maxBytes: number): LogRecord[] {
    const ready = [...this.#byName.values()].filter(
      ({ isPaused, records, batches }) => !isPaused && (records.length > 0 || batches.length > 0),
    )
    const taken: LogRecord[] = []
    const counts = new Map<PartitionBuffer, number>()
    let bytes = 0
    for (let step = 0; step < ready.length && bytes < maxBytes; step++) {
      const buffer = ready[(this.#turn + step) % ready.length]!
      let count = 0
      while (count < buffer.records.length || this.#unpackNext(buffer)) {
        const record = buffer.records[count]!
        const size = recordBytes(record)
        if (bytes + size > maxBytes && taken.length > 0) break
        taken.push(record)
        bytes += size
        count++
      }
      counts.set(buffer, count)
    }
    for (const [buffer, count] of counts) {
      for (const record of buffer.records.splice(0, count)) buffer.sizeBytes -= recordBytes(record)
    }
    this.#turn++
    return taken
  }
  /** Puts the records of the next batch that has any behind those that are there; false when there is none. */
  #unpackNext(buffer: PartitionBuffer): boolean {
    const { length } = buffer.records
    for (let batch = buffer.batches[0]; batch !== undefined; batch = buffer.batches[0]) {
      const records = this.#unpack(buffer, batch)
      if (records === null) return false
      buffer.batches.shift()
      buffer.sizeBytes -= batch.sizeBytes
      for (const record of records) {
        if (record.offset < buffer.wantedFrom) continue
        buffer.records.push(record)
        buffer.sizeBytes += recordBytes(record)
      }
      if (buffer.records.length > length) return true
    }
    return false
  }

  /** Null when it can't be read: what was read behind it is dropped, to be asked for again. */
  #unpack(buffer: PartitionBuffer, batch: FetchedBatch): LogRecord[] | null {
    try {
      return batch.records()
    } catch (error) {
      if (!(error instanceof UnreadableRecords)) throw error
      buffer.unreadable = error
      for (const { sizeBytes } of buffer.batches) buffer.sizeBytes -= sizeBytes
      buffer.batches = []
      buffer.nextOffset = error.range.from
      buffer.epoch = ++this.#epoch
      return null
    }
  }
}
