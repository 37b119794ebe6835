/** Looks on at partitions, outside any group: it reads ahead as a consumer does, and has nothing to commit. */
import { messageOf } from '../../../engine/message-of.ts'
import { LogError, type LogRecord, type PartitionOffset, type Tail } from '../port.ts'
import { Fetcher } from './fetcher.ts'
import type { Cluster } from './kafkajs-internals.ts'
import { PartitionBuffers } from './partition-buffers.ts'
import { waitFor } from './wait-for.ts'

export interface KafkaTailParts {
  /** Of this tail alone: a fetch waits on its connection for records. */
  cluster: Cluster
  positions: readonly PartitionOffset[]
  onClose: () => void
}

/** A broker that did not answer is asked again so often. */
const RETRY_MS = 100
const monotonicMs = (): number => performance.now()

export class KafkaTail implements Tail {
  readonly #parts: KafkaTailParts
  readonly #buffers = new PartitionBuffers()
  readonly #fetcher: Fetcher
  #wake = Promise.withResolvers<void>()
  #isClosed = false

  constructor(parts: KafkaTailParts) {
    this.#parts = parts
    this.#buffers.assign(parts.positions)
    this.#fetcher = new Fetcher({
      cluster: parts.cluster,
      buffers: this.#buffers,
      monotonicMs,
      onChange: () => {
        this.#wake.resolve()
        this.#wake = Promise.withResolvers()
      },
      // Whoever looks on sees it by the offsets.
      onLoss: () => {},
    })
  }

  async fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    const { maxBytes, maxWaitMs, signal } = options
    const deadlineMs = monotonicMs() + maxWaitMs
    for (;;) {
      if (this.#isClosed) throw new LogError('closed', 'the tail is closed')
      const woken = this.#wake.promise
      this.#fetcher.readAhead()
      const records = this.#buffers.take(maxBytes)
      for (const blocked of this.#buffers.blocked()) this.#buffers.passOver(blocked)
      if (records.length > 0) return records
      const failure = this.#fetcher.takeFailure()
      if (failure !== null) throw new LogError('io', `Kafka does not answer: ${messageOf(failure)}`, { cause: failure })
      const leftMs = deadlineMs - monotonicMs()
      if (signal?.aborted || leftMs <= 0) return []
      await waitFor(woken, Math.min(leftMs, RETRY_MS), signal)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#fetcher.close()
    this.#wake.resolve()
    await this.#parts.cluster.disconnect()
    this.#parts.onClose()
  }
}
