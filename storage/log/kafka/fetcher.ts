/**
 * Reads ahead from the partitions' leaders: one request at a time to each broker, whose answer is kept until it is taken. An answer
 * that comes after its asker has gone is not lost.
 */
import type { TopicPartition } from '../port.ts'
import { batchesOf } from './decode-batches.ts'
import { type Cluster, errorTypeOf, leaderOf } from './kafkajs-internals.ts'
import { PATIENCE } from './membership.ts'
import type { PartitionBuffer, PartitionBuffers } from './partition-buffers.ts'
import { fetchFrom } from './requests.ts'

/**
 * Of all partitions, above whose even share one is not asked for more, and of one: a member of a group that lost the others has all of
 * its partitions, and must not need more memory for that.
 */
const READ_AHEAD_BYTES = 16 << 20
const MOST_OF_PARTITION_BYTES = 4 << 20
/** As they are compressed: they take several times as much when they are read. */
const PARTITION_FETCH_BYTES = 512 << 10
const FETCH_BYTES = 2 << 20
/** A partition that is resumed has to wait for the requests that are out: they must not wait long. */
const BROKER_WAIT_MS = 250
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000

export interface FetcherOptions {
  cluster: Cluster
  buffers: PartitionBuffers
  /** Milliseconds of a clock that never steps. */
  monotonicMs: () => number
  /** Something came, or failed. */
  onChange: () => void
  /** Records that retention deleted before they were read. */
  onLoss: (partition: TopicPartition, fromOffset: number, toOffset: number) => void
}

export class Fetcher {
  readonly #options: FetcherOptions
  readonly #inFlight = new Map<string, Promise<void>>()
  #failures = 0
  #retryAtMs = 0
  #turn = 0
  #failure: unknown = null
  #isClosed = false

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Asks every leader that is idle for what there is room for. */
  readAhead(): void {
    if (this.#isClosed || this.#options.monotonicMs() < this.#retryAtMs) return
    for (const [nodeId, buffers] of this.#wantedByLeader()) {
      if (this.#inFlight.has(nodeId)) continue
      const reading = this.#read(nodeId, buffers)
        .then(
          () => {
            this.#failures = 0
          },
          (error) => this.#recover(error, buffers),
        )
        .finally(() => {
          this.#inFlight.delete(nodeId)
          this.#options.onChange()
        })
      this.#inFlight.set(nodeId, reading)
    }
  }

  /** The latest failure since it was asked for, null when there was none. */
  takeFailure(): unknown {
    const failure = this.#failure
    this.#failure = null
    return failure
  }

  close(): void {
    this.#isClosed = true
  }

  #wantedByLeader(): Map<string, PartitionBuffer[]> {
    const { cluster, buffers } = this.#options
    const wanted = new Map<string, PartitionBuffer[]>()
    const shareBytes = Math.min(MOST_OF_PARTITION_BYTES, READ_AHEAD_BYTES / buffers.count)
    for (const buffer of buffers.all()) {
      if (buffer.isPaused || buffer.unreadable !== null || buffer.sizeBytes >= shareBytes) continue
      const leader = leaderOf(cluster, buffer)
      if (leader === null) {
        this.#fail(new Error(`no broker leads ${buffer.topic}/${buffer.partition}`))
        void cluster.refreshMetadata().catch(() => {})
        continue
      }
      const list = wanted.get(leader)
      if (list === undefined) wanted.set(leader, [buffer])
      else list.push(buffer)
    }
    return wanted
  }

  async #read(nodeId: string, wanted: readonly PartitionBuffer[]): Promise<void> {
    const { cluster, buffers } = this.#options
    // The broker serves the first until it has enough: each has to be among them in its turn.
    const from = this.#turn++ % wanted.length
    const asked = [...wanted.slice(from), ...wanted.slice(0, from)].map((buffer) => ({ buffer, epoch: buffer.epoch }))
    await cluster.refreshMetadataIfNecessary()
    const broker = await cluster.findBroker({ nodeId })
    const fetched = await fetchFrom(
      broker,
      asked.map(({ buffer: { topic, partition, nextOffset } }) => ({ topic, partition, offset: nextOffset })),
      { maxWaitMs: BROKER_WAIT_MS, maxBytes: FETCH_BYTES, maxPartitionBytes: PARTITION_FETCH_BYTES },
    )
    let failure: Error | null = null
    for (const { topic, partition, error, bytes } of fetched) {
      const one = asked.find(({ buffer }) => buffer.topic === topic && buffer.partition === partition)
      if (error !== null) failure ??= error
      else if (one !== undefined) buffers.add(one.buffer, one.epoch, batchesOf({ topic, partition }, bytes))
    }
    if (failure !== null) throw failure
  }

  async #recover(error: unknown, asked: readonly PartitionBuffer[]): Promise<void> {
    if (this.#isClosed) return
    if (errorTypeOf(error) === 'OFFSET_OUT_OF_RANGE') {
      const { topic, partition } = error as Error & TopicPartition
      const buffer = asked.find((one) => one.topic === topic && one.partition === partition)
      if (buffer !== undefined && (await this.#skipDeleted(buffer))) return
    }
    this.#fail(error)
    // Mostly another broker leads by now.
    await this.#options.cluster.refreshMetadata().catch(() => {})
  }

  /** Retention was faster than the reader: goes on with the oldest that is there, and says so. False when that failed too. */
  async #skipDeleted(buffer: PartitionBuffer): Promise<boolean> {
    const { topic, partition, epoch, nextOffset } = buffer
    try {
      const found = await this.#options.cluster.fetchTopicsOffset([
        { topic, partitions: [{ partition }], fromBeginning: true },
      ])
      const oldest = Number(found[0]?.partitions[0]?.offset)
      if (!Number.isSafeInteger(oldest)) return false
      if (buffer.epoch !== epoch) return true
      if (oldest > nextOffset) this.#options.onLoss({ topic, partition }, nextOffset, oldest)
      buffer.nextOffset = oldest
      return true
    } catch {
      return false
    }
  }

  #fail(error: unknown): void {
    if (this.#failures >= PATIENCE) this.#failure = error
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS)
    this.#retryAtMs = this.#options.monotonicMs() + waitMs
  }
}
