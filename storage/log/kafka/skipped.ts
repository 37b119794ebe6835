/** What operators let go (`assay dlq skip`), by the letters in dead-letters: looked through only when something cannot be read. */
import { skippedRangeOf } from '../dead-letter.ts'
import { LogError, type LogRecord, type UnreadableRange, UnreadableRecords } from '../port.ts'
import { DEAD_LETTERS } from '../topics.ts'

/** Of dead-letters, whose own batches may be what cannot be read. */
export type ReadLetters = (partition: number, fromOffset: number) => Promise<LogRecord[]>

export interface Letters {
  readonly read: ReadLetters
  readonly endOffsets: (topic: string) => Promise<{ partition: number; start: number; end: number }[]>
}

export class Skipped {
  readonly #letters: Letters
  readonly #readTo = new Map<number, number>()
  readonly #places = new Set<string>()

  constructor(letters: Letters) {
    this.#letters = letters
  }

  /** Rejects with `LogError`. */
  async has({ topic, partition, from }: UnreadableRange): Promise<boolean> {
    await this.#readOn()
    return this.#places.has(`${topic}/${partition}/${from}`)
  }

  async #readOn(): Promise<void> {
    for (const { partition, start, end } of await this.#ends()) {
      for (let next = Math.max(start, this.#readTo.get(partition) ?? start); next < end; ) {
        const records = await this.#read(partition, next)
        if (!Array.isArray(records)) next = Math.max(records.to, next + 1)
        else {
          for (const record of records) {
            const range = skippedRangeOf(record)
            if (range !== null) this.#places.add(`${range.topic}/${range.partition}/${range.from}`)
          }
          next = (records.at(-1)?.offset ?? end - 1) + 1
        }
        this.#readTo.set(partition, next)
      }
    }
  }

  async #read(partition: number, next: number): Promise<LogRecord[] | UnreadableRange> {
    try {
      return await this.#letters.read(partition, next)
    } catch (error) {
      if (error instanceof UnreadableRecords) return error.range
      throw error
    }
  }

  async #ends(): Promise<{ partition: number; start: number; end: number }[]> {
    try {
      return await this.#letters.endOffsets(DEAD_LETTERS)
    } catch (error) {
      if (error instanceof LogError && error.code === 'unknown_topic') return []
      throw error
    }
  }
}
