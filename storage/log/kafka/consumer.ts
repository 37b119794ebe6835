/** A member of a consumer group that takes its records when it asks for them, and lives by asking. */
import { messageOf } from '../../../engine/message-of.ts'
import type {
  CommitOutcome,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  LogRecord,
  PartitionOffset,
  TopicPartition,
  UnreadableRange,
} from '../port.ts'
import { LogError } from '../port.ts'
import { Fetcher } from './fetcher.ts'
import type { Cluster } from './kafkajs-internals.ts'
import { Membership } from './membership.ts'
import { Obstacles } from './obstacles.ts'
import { PartitionBuffers } from './partition-buffers.ts'
import { waitFor } from './wait-for.ts'

/** After this long what a killed member had goes to the others; a blocked event loop must not look like one. */
const SESSION_TIMEOUT_MS = 15_000

export interface KafkaConsumerParts {
  /** Of this consumer alone, both: a join waits on its connection for the whole group, a fetch for records. */
  groupCluster: Cluster
  fetchCluster: Cluster
  options: ConsumerOptions
  isSkipped: (range: UnreadableRange) => Promise<boolean>
  onProblem: (text: string) => void
  onLoss: (partition: TopicPartition, fromOffset: number, toOffset: number) => void
  onClose: () => void
}

const monotonicMs = (): number => performance.now()

export class KafkaConsumer implements Consumer {
  readonly groupId: string
  readonly #parts: KafkaConsumerParts
  readonly #buffers = new PartitionBuffers()
  readonly #membership: Membership
  readonly #fetcher: Fetcher
  readonly #obstacles: Obstacles
  #wake = Promise.withResolvers<void>()
  #isFetching = false
  #isClosed = false

  constructor(parts: KafkaConsumerParts) {
    this.#parts = parts
    const { groupId, topics, startFrom, sessionTimeoutMs = SESSION_TIMEOUT_MS, onRevoke, onAssign } = parts.options
    this.groupId = groupId
    const onChange = (): void => {
      this.#wake.resolve()
      this.#wake = Promise.withResolvers()
    }
    this.#membership = new Membership({
      cluster: parts.groupCluster,
      groupId,
      topics,
      startFrom,
      sessionTimeoutMs,
      monotonicMs,
      onRevoke: async (partitions) => {
        try {
          await onRevoke?.(partitions)
        } finally {
          this.#buffers.assign([])
        }
      },
      onAssign: async (positions) => {
        this.#buffers.assign(positions)
        await onAssign?.(positions.map(({ topic, partition }) => ({ topic, partition })))
      },
      onChange,
    })
    this.#fetcher = new Fetcher({
      cluster: parts.fetchCluster,
      buffers: this.#buffers,
      monotonicMs,
      onChange,
      onLoss: parts.onLoss,
    })
    const { isSkipped, onProblem } = parts
    this.#obstacles = new Obstacles({ groupId, buffers: this.#buffers, isSkipped, onProblem, monotonicMs, onChange })
  }

  get memberId(): string {
    return this.#membership.memberId
  }

  generation(): number {
    return this.#membership.generation
  }

  assignment(): readonly TopicPartition[] {
    return this.#membership.assignment
  }

  async fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    this.#assertOpen()
    if (this.#isFetching) throw new Error('a consumer takes one fetch at a time')
    this.#isFetching = true
    try {
      return await this.#fetch(options)
    } finally {
      this.#isFetching = false
    }
  }

  async #fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    const { maxBytes, maxWaitMs, signal } = options
    const deadlineMs = monotonicMs() + maxWaitMs
    for (;;) {
      const woken = this.#wake.promise
      this.#membership.takePart()
      // Silent for longer than its session, it first has to hear whether it still has its partitions.
      if (this.#membership.isAlive) {
        this.#fetcher.readAhead()
        const records = this.#buffers.take(maxBytes)
        this.#obstacles.look()
        if (records.length > 0) return records
      }
      const failure = this.#membership.takeFailure() ?? this.#fetcher.takeFailure()
      if (failure !== null) throw new LogError('io', `Kafka does not answer: ${messageOf(failure)}`, { cause: failure })
      const nowMs = monotonicMs()
      if (signal?.aborted || nowMs >= deadlineMs || this.#isClosed) return []
      const untilMs = Math.min(deadlineMs, Math.max(this.#membership.dueAtMs, nowMs + 10))
      await waitFor(woken, untilMs - nowMs, signal)
    }
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<CommitOutcome> {
    this.#assertOpen()
    try {
      return await this.#membership.commit(offsets)
    } catch (error) {
      throw new LogError('io', `Kafka did not take the commit: ${messageOf(error)}`, { cause: error })
    }
  }

  seek(position: PartitionOffset): void {
    this.#buffers.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#buffers.setPaused(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#buffers.setPaused(partitions, false)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#fetcher.close()
    this.#wake.resolve()
    await this.#membership.close()
    await Promise.all([this.#parts.groupCluster.disconnect(), this.#parts.fetchCluster.disconnect()])
    this.#parts.onClose()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LogError('closed', `the consumer of group ${this.groupId} is closed`)
  }
}
