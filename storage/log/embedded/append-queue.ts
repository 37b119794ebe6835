/** Group commit: the appends of one turn of the event loop share one transaction per topic. */
import type { AppendedPosition, RecordToAppend } from '../port.ts'

interface Waiting {
  records: readonly RecordToAppend[]
  resolve: (positions: AppendedPosition[]) => void
  reject: (error: unknown) => void
}

/** Writes the batches in one transaction; throws if nothing was written. */
export type WriteBatches = (batches: readonly (readonly RecordToAppend[])[]) => AppendedPosition[][]

// A transaction beyond this delays the others of the turn more than sharing saves.
const MAX_TRANSACTION_BYTES = 8 << 20

export class AppendQueue {
  readonly #write: WriteBatches
  #waiting: Waiting[] = []
  #immediate: NodeJS.Immediate | null = null

  constructor(write: WriteBatches) {
    this.#write = write
  }

  append(records: readonly RecordToAppend[]): Promise<AppendedPosition[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject })
      this.#immediate ??= setImmediate(() => this.flush())
    })
  }

  flush(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    this.#immediate = null
    const waiting = this.#waiting
    this.#waiting = []
    let start = 0
    while (start < waiting.length) {
      let end = start
      let bytes = 0
      while (end < waiting.length && bytes < MAX_TRANSACTION_BYTES) {
        for (const record of waiting[end]!.records) bytes += record.value.byteLength
        end++
      }
      this.#writeShared(waiting.slice(start, end))
      start = end
    }
  }

  #writeShared(waiting: readonly Waiting[]): void {
    let positions: AppendedPosition[][]
    try {
      positions = this.#write(waiting.map(({ records }) => records))
    } catch (error) {
      if (waiting.length === 1) waiting[0]!.reject(error)
      // Each alone: one call that doesn't fit, or a caller's mistake, must not fail the others of its turn.
      else for (const one of waiting) this.#writeShared([one])
      return
    }
    waiting.forEach(({ resolve }, i) => {
      resolve(positions[i]!)
    })
  }
}
