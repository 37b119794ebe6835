/** Looks on at partitions, outside any group. */
import { LogError, type LogRecord, type PartitionOffset, type Tail } from '../port.ts'
import type { TopicFile } from './topic-file.ts'
import { Flag, topicSubject, type Wakeups } from './wakeups.ts'

export interface EmbeddedTailParts {
  topic: (name: string) => TopicFile
  wakeups: Wakeups
  onClose: () => void
}

/** Word of new records may be missed, so that they are looked for without it. */
const POLL_MS = 250
const MAX_RECORDS = 1_000

export class EmbeddedTail implements Tail {
  readonly #parts: EmbeddedTailParts
  readonly #positions: { topic: string; partition: number; offset: number }[]
  readonly #topics: readonly string[]
  readonly #news = new Flag()
  readonly #unsubscribe: readonly (() => void)[]
  #turn = 0
  #isClosed = false

  constructor(positions: readonly PartitionOffset[], parts: EmbeddedTailParts) {
    this.#parts = parts
    this.#positions = positions.map((one) => ({ ...one }))
    this.#topics = [...new Set(positions.map(({ topic }) => topic))]
    this.#unsubscribe = this.#topics.map((topic) =>
      parts.wakeups.subscribe(topicSubject(topic), () => this.#news.set()),
    )
  }

  async fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    const { maxBytes, maxWaitMs, signal } = options
    const deadlineMs = performance.now() + maxWaitMs
    for (;;) {
      if (this.#isClosed) throw new LogError('closed', 'the tail is closed')
      this.#news.clear()
      const records = this.#take(maxBytes)
      const leftMs = deadlineMs - performance.now()
      if (records.length > 0 || leftMs <= 0 || signal?.aborted) return records
      await this.#news.wait(Math.min(leftMs, POLL_MS), signal)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#news.set()
    this.#parts.onClose()
  }

  #take(maxBytes: number): LogRecord[] {
    const ends = new Map(this.#topics.map((topic) => [topic, this.#parts.topic(topic).ends()]))
    const records: LogRecord[] = []
    let leftBytes = maxBytes
    // Another partition is the first each time, so that a long backlog of one starves nobody.
    const first = this.#turn++
    for (let step = 0; step < this.#positions.length && leftBytes > 0; step++) {
      const position = this.#positions[(first + step) % this.#positions.length]!
      const { topic, partition, offset } = position
      if (offset >= ends.get(topic)![partition]!) continue
      const limits = { maxBytes: leftBytes, maxRecords: MAX_RECORDS }
      leftBytes -= this.#parts.topic(topic).read(partition, offset, limits, records)
      const last = records.at(-1)
      if (last?.topic === topic && last.partition === partition) position.offset = last.offset + 1
    }
    return records
  }
}
