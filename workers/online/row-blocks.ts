/** Rows of one table, turned into blocks as they come. */

import { messageOf } from '../../engine/message-of.ts'
import type { LogRecord } from '../../storage/log/port.ts'
import { encodeRows, ROWS_OF_BLOCK, type RowTypes, type TracesTable } from '../../storage/traces/encode.ts'
import type { LogPositions } from '../../storage/traces/encode-block.ts'
import type { Allocate } from '../../storage/traces/native.ts'

interface RecordRows<Row> {
  record: LogRecord
  rows: readonly Row[]
}

export class RowBlocks<T extends TracesTable> {
  readonly #table: T
  readonly #allocate: Allocate
  readonly #onUnstorable: (record: LogRecord, reason: string) => void
  readonly blocks: Uint8Array[] = []
  /** In blocks. */
  storableRows = 0
  #fresh: RecordRows<RowTypes[T]>[] = []
  #freshRows = 0

  constructor(table: T, allocate: Allocate, onUnstorable: (record: LogRecord, reason: string) => void) {
    this.#table = table
    this.#allocate = allocate
    this.#onUnstorable = onUnstorable
  }

  add(record: LogRecord, rows: readonly RowTypes[T][], nowMs: number): void {
    this.#fresh.push({ record, rows })
    this.#freshRows += rows.length
    if (this.#freshRows >= ROWS_OF_BLOCK) this.seal(nowMs)
  }

  /** Encodes what is left. */
  seal(nowMs: number): void {
    const records = this.#fresh
    this.#fresh = []
    this.#freshRows = 0
    if (records.length > 0) this.#encode(records, nowMs)
  }

  #encode(records: readonly RecordRows<RowTypes[T]>[], nowMs: number): void {
    const rows = records.flatMap((one) => one.rows)
    if (rows.length === 0) return
    try {
      this.blocks.push(encodeRows(this.#table, rows, nowMs, positionsOf(records), this.#allocate))
      this.storableRows += rows.length
    } catch (error) {
      // Which of them it is shows one by one: the others are stored all the same.
      const [only] = records
      if (records.length > 1) for (const record of records) this.#encode([record], nowMs)
      else if (only !== undefined) this.#onUnstorable(only.record, messageOf(error))
    }
  }
}

function positionsOf(records: readonly RecordRows<unknown>[]): LogPositions {
  const positions = { partitions: [] as number[], offsets: [] as number[] }
  for (const { record, rows } of records) {
    for (let row = 0; row < rows.length; row++) {
      positions.partitions.push(record.partition)
      positions.offsets.push(record.offset)
    }
  }
  return positions
}
