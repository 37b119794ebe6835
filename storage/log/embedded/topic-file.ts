/**
 * One topic in one SQLite file: a table of records per partition (offset = rowid, so appends go to the right edge of the tree
 * and deletions to the left), and a row per partition with its next offset, last time and live bytes.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { partitionOfKey } from '../murmur2.ts'
import type { AppendedPosition, LogRecord, RecordChange, RecordToAppend, TopicSpec } from '../port.ts'
import { LogError } from '../port.ts'
import { decodeHeaders, encodeHeaders, sizeOf } from './record-codec.ts'
import type { Durability } from './sqlite.ts'
import { guarded, inTransaction, openDatabase } from './sqlite.ts'
import type { PartitionStatements } from './topic-schema.ts'
import { createTopicSql, PAGE_SIZE_BYTES, prepareFor, tableOf } from './topic-schema.ts'

/** What a partition holds: records at [start, end), of which compaction may have taken some out. */
export interface PartitionExtent {
  partition: number
  start: number
  end: number
  liveBytes: number
}

export interface Removed {
  records: number
  bytes: number
  /** First offset that was not removed. */
  nextOffset: number
}

interface PartitionHead {
  nextOffset: number
  lastTimeMs: number
  liveBytes: number
  touched: boolean
}

export class TopicFile {
  readonly name: string
  readonly partitions: number
  readonly db: DatabaseSync
  readonly #path: string
  readonly #byPartition: PartitionStatements[]
  readonly #heads: StatementSync
  readonly #updateHead: StatementSync
  readonly #spec: StatementSync

  private constructor(path: string, db: DatabaseSync) {
    this.#path = path
    this.db = db
    this.#spec = db.prepare('SELECT name, partitions, retention_ms, retention_bytes, compacted FROM topic')
    this.#spec.setReturnArrays(true)
    const spec = this.spec()
    this.name = spec.name
    this.partitions = spec.partitions
    this.#heads = db.prepare('SELECT next_offset, last_time_ms, live_bytes FROM partitions ORDER BY partition')
    this.#heads.setReturnArrays(true)
    this.#updateHead = db.prepare(
      'UPDATE partitions SET next_offset = ?, last_time_ms = ?, live_bytes = ? WHERE partition = ?',
    )
    this.#byPartition = Array.from({ length: this.partitions }, (_, p) => prepareFor(db, p))
  }

  /** Opens a topic's file, creating it by `spec` if it is new (null: never). The partition count of an existing one stays. */
  static open(path: string, options: { durability: Durability; spec: TopicSpec | null }): TopicFile {
    const { durability, spec } = options
    const db = openDatabase(path, {
      durability,
      pageSizeBytes: PAGE_SIZE_BYTES,
      createSql: spec === null ? null : createTopicSql(spec),
    })
    return guarded(path, () => new TopicFile(path, db))
  }

  /** The specification in force; retention may be changed by another thread. */
  spec(): TopicSpec {
    return guarded(this.#path, () => {
      const row = this.#spec.get() as unknown as [string, number, number | null, number | null, number]
      return { name: row[0], partitions: row[1], retentionMs: row[2], retentionBytes: row[3], compacted: row[4] === 1 }
    })
  }

  updateRetention(spec: TopicSpec): void {
    guarded(this.#path, () => {
      this.db
        .prepare('UPDATE topic SET retention_ms = ?, retention_bytes = ?, compacted = ?')
        .run(spec.retentionMs, spec.retentionBytes, spec.compacted ? 1 : 0)
    })
  }

  /**
   * Appends the batches in one transaction and returns the positions of each. Throws `LogError`, then nothing was written:
   * `full` (disk, or `retentionBytes` would be passed) or `io`. Durable when it returns.
   */
  append(batches: readonly (readonly RecordToAppend[])[], nowMs: number): AppendedPosition[][] {
    return guarded(this.#path, () =>
      inTransaction(this.db, () => {
        const heads = this.#readHeads()
        const positions = batches.map((records) => records.map((record) => this.#insert(record, heads, nowMs)))
        // Afterwards, when the sizes are known: the exception rolls back.
        this.#refuseAboveBound(heads)
        heads.forEach((head, partition) => {
          if (head.touched) this.#updateHead.run(head.nextOffset, head.lastTimeMs, head.liveBytes, partition)
        })
        return positions
      }),
    )
  }

  #insert(record: RecordToAppend, heads: readonly PartitionHead[], nowMs: number): AppendedPosition {
    const partition = record.partition ?? this.#partitionOf(record.key, heads)
    const head = heads[partition]
    if (head === undefined) {
      throw new RangeError(`topic ${this.name} has partitions 0 to ${this.partitions - 1}, not ${partition}`)
    }
    const headers = encodeHeaders(record.headers)
    const sizeBytes = sizeOf(record, headers)
    const offset = head.nextOffset
    head.nextOffset = offset + 1
    // The wall clock may step back; time lookups need order.
    head.lastTimeMs = Math.max(head.lastTimeMs, nowMs)
    head.liveBytes += sizeBytes
    head.touched = true
    this.#byPartition[partition]!.insert.run(offset, head.lastTimeMs, sizeBytes, record.key, headers, record.value)
    return { partition, offset }
  }

  /** Without a key: the partition with the fewest records so far, which spreads them evenly. */
  #partitionOf(key: string | null, heads: readonly PartitionHead[]): number {
    if (key !== null) return partitionOfKey(key, this.partitions)
    let least = 0
    for (let p = 1; p < heads.length; p++) if (heads[p]!.nextOffset < heads[least]!.nextOffset) least = p
    return least
  }

  #refuseAboveBound(heads: readonly PartitionHead[]): void {
    const { retentionBytes } = this.spec()
    if (retentionBytes === null) return
    const bytes = heads.reduce((sum, head) => sum + head.liveBytes, 0)
    if (bytes > retentionBytes) throw new TopicFullError(this.name, bytes - retentionBytes, retentionBytes)
  }

  /**
   * Appends to `out` the records from `fromOffset` on, up to `maxBytes` of them; if `out` is still empty, the first one
   * however large it is. Returns the bytes it took.
   */
  read(
    partition: number,
    fromOffset: number,
    limits: { maxBytes: number; maxRecords: number },
    out: LogRecord[],
  ): number {
    return guarded(this.#path, () => {
      let bytes = 0
      const rows = this.#statements(partition).read.iterate(fromOffset, limits.maxRecords)
      for (const raw of rows) {
        const row = raw as unknown as [number, number, number, string | null, string | null, Uint8Array]
        if (bytes + row[2] > limits.maxBytes && out.length > 0) break
        bytes += row[2]
        out.push({
          topic: this.name,
          partition,
          offset: row[0],
          appendTimeMs: row[1],
          key: row[3],
          value: row[5],
          headers: decodeHeaders(row[4]),
        })
        if (bytes >= limits.maxBytes) break
      }
      return bytes
    })
  }

  /** The next offset of each partition: one cheap query that tells a consumer where there is something to read. */
  ends(): number[] {
    return guarded(this.#path, () => this.#readHeads().map((head) => head.nextOffset))
  }

  extents(): PartitionExtent[] {
    return guarded(this.#path, () =>
      this.#readHeads().map((head, partition) => ({
        partition,
        start: this.#firstOffset(partition) ?? head.nextOffset,
        end: head.nextOffset,
        liveBytes: head.liveBytes,
      })),
    )
  }

  /** First offset with an append time ≥ `timeMs`, else the end; a binary search, since times rise with offsets. */
  offsetForTime(partition: number, timeMs: number): number {
    return guarded(this.#path, () => {
      const extent = this.extents()[partition]!
      let low = extent.start
      let high = extent.end
      while (low < high) {
        const middle = Math.floor((low + high) / 2)
        const found = this.#statements(partition).timeAt.get(middle) as unknown as [number, number] | undefined
        if (found !== undefined && found[1] < timeMs) low = found[0] + 1
        else high = middle
      }
      return low
    })
  }

  /** Append time of the oldest record; null if the partition is empty. */
  oldestTimeMs(partition: number): number | null {
    return guarded(this.#path, () => {
      const found = this.#statements(partition).timeAt.get(0) as unknown as [number, number] | undefined
      return found === undefined ? null : found[1]
    })
  }

  /** Deletes the oldest records below `belowOffset`, at most `maxRecords` of them, in one transaction. */
  removeOldest(partition: number, belowOffset: number, maxRecords: number): Removed {
    return guarded(this.#path, () =>
      inTransaction(this.db, () => {
        const statements = this.#statements(partition)
        const sizes = statements.sizes.all(belowOffset, maxRecords) as unknown as [number, number][]
        const last = sizes.at(-1)
        if (last === undefined) return { records: 0, bytes: 0, nextOffset: belowOffset }
        const bytes = sizes.reduce((sum, [, size]) => sum + size, 0)
        statements.removeBelow.run(last[0] + 1)
        this.#takeOff(partition, bytes)
        return { records: sizes.length, bytes, nextOffset: last[0] + 1 }
      }),
    )
  }

  /** Keeps the last record of each key; records without a key stay. */
  compact(partition: number): { records: number; bytes: number } {
    return guarded(this.#path, () =>
      inTransaction(this.db, () => {
        const table = tableOf(partition)
        const superseded = `offset IN (SELECT r.offset FROM ${table} r
          JOIN (SELECT key, max(offset) AS last FROM ${table} WHERE key IS NOT NULL GROUP BY key) k
          ON r.key = k.key AND r.offset < k.last)`
        const found = this.db
          .prepare(
            `SELECT count(*) AS records, coalesce(sum(size_bytes), 0) AS bytes FROM ${table} WHERE ${superseded}`,
          )
          .get() as { records: number; bytes: number }
        if (found.records === 0) return { records: 0, bytes: 0 }
        this.db.exec(`DELETE FROM ${table} WHERE ${superseded}`)
        this.#takeOff(partition, found.bytes)
        return { records: found.records, bytes: found.bytes }
      }),
    )
  }

  /** Other values in place of records', whose old bytes are overwritten. One that retention has taken is passed over. */
  rewrite(changes: readonly RecordChange[]): void {
    guarded(this.#path, () => {
      this.db.exec('PRAGMA secure_delete = ON')
      inTransaction(this.db, () => {
        for (const { partition, offset, value } of changes) {
          const table = tableOf(partition)
          const found = this.db
            .prepare(`SELECT size_bytes AS size, length(value) AS length FROM ${table} WHERE offset = ?`)
            .get(offset) as { size: number; length: number } | undefined
          if (found === undefined) continue
          const size = found.size - found.length + value.byteLength
          this.db.prepare(`UPDATE ${table} SET value = ?, size_bytes = ? WHERE offset = ?`).run(value, size, offset)
          this.#takeOff(partition, found.size - size)
        }
      })
      this.db.exec('PRAGMA secure_delete = OFF')
    })
  }

  /** Takes the write-ahead log, where old values are, into the file. False while somebody reads from it. */
  emptyJournal(): boolean {
    return guarded(this.#path, () => {
      const row = this.db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number } | undefined
      return row?.busy === 0
    })
  }

  /** Gives at most `maxPages` free pages at the file's end back to the file system. */
  shrink(maxPages: number): void {
    guarded(this.#path, () => this.db.exec(`PRAGMA incremental_vacuum(${maxPages})`))
  }

  close(): void {
    this.db.close()
  }

  #readHeads(): PartitionHead[] {
    const rows = this.#heads.all() as unknown as [number, number, number][]
    return rows.map(([nextOffset, lastTimeMs, liveBytes]) => ({ nextOffset, lastTimeMs, liveBytes, touched: false }))
  }

  #takeOff(partition: number, bytes: number): void {
    this.db.prepare('UPDATE partitions SET live_bytes = live_bytes - ? WHERE partition = ?').run(bytes, partition)
  }

  #firstOffset(partition: number): number | null {
    const row = this.#statements(partition).first.get() as unknown as [number | null]
    return row[0]
  }

  #statements(partition: number): PartitionStatements {
    const statements = this.#byPartition[partition]
    if (statements === undefined) {
      throw new RangeError(`topic ${this.name} has partitions 0 to ${this.partitions - 1}, not ${partition}`)
    }
    return statements
  }
}

/** The topic's size bound would be passed; deleting `missingBytes` of consumed records would make room. */
export class TopicFullError extends LogError {
  readonly missingBytes: number
  readonly retentionBytes: number
  constructor(topic: string, missingBytes: number, retentionBytes: number) {
    super(
      'full',
      `topic ${topic} is at its size bound of ${retentionBytes} bytes with records that are not consumed yet`,
    )
    this.missingBytes = missingBytes
    this.retentionBytes = retentionBytes
  }
}
