/** Appends records to the leaders of their partitions. What one of them refused for a moment is sent to it again, and nothing else. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicPartition } from '../port.ts'
import type { FirstOffsets, PlacedRecord } from './append-batcher.ts'
import type { CompressionId } from './codecs.ts'
import { BatchEncoder } from './encode-batch.ts'
import { type Cluster, errorOfCode, isRetriable, leaderOf } from './kafkajs-internals.ts'
import { partitionName } from './partition-buffers.ts'
import { type BatchToProduce, produce } from './requests.ts'

/** Of the broker, for its replicas. The client's request runs out later, so that it hears of it. */
const REPLICAS_TIMEOUT_MS = 10_000
const RETRY_AFTER_MS = [100, 300, 1_000] as const

export class KafkaProducer {
  readonly #cluster: Cluster
  readonly #encoder: BatchEncoder

  constructor(cluster: Cluster, compression: CompressionId) {
    this.#cluster = cluster
    this.#encoder = new BatchEncoder(compression)
  }

  /** Resolves when all replicas in sync have them; rejects with the last error when some could not be handed over. */
  async send(recordsByTopic: ReadonlyMap<string, readonly PlacedRecord[]>): Promise<FirstOffsets> {
    await this.#cluster.addMultipleTargetTopics([...recordsByTopic.keys()])
    let left = this.#encode(recordsByTopic)
    const first = new Map<string, number>()
    for (let attempt = 0; ; attempt++) {
      const failures = await this.#attempt(left, first)
      left = left.filter((batch) => !first.has(partitionName(batch)))
      if (left.length === 0) return { get: (topic, partition) => first.get(partitionName({ topic, partition })) }
      const final = failures.find((error) => !isRetriable(error))
      if (final !== undefined) throw final
      const waitMs = RETRY_AFTER_MS[attempt]
      if (waitMs === undefined) throw failures[0] ?? new Error(`no answer for ${left.map(partitionName).join(', ')}`)
      await sleep(waitMs)
      await this.#findLeadersAgain()
    }
  }

  #encode(recordsByTopic: ReadonlyMap<string, readonly PlacedRecord[]>): BatchToProduce[] {
    const nowMs = Date.now()
    return [...recordsByTopic].flatMap(([topic, records]) =>
      [...Map.groupBy(records, ({ partition }) => partition)].map(([partition, ofPartition]) => ({
        topic,
        partition,
        bytes: this.#encoder.encode(ofPartition, nowMs),
      })),
    )
  }

  /** Notes where what was taken begins; the errors of the rest. */
  async #attempt(batches: readonly BatchToProduce[], first: Map<string, number>): Promise<unknown[]> {
    const failures: unknown[] = []
    const sendToLeader = async (nodeId: string, ofLeader: readonly BatchToProduce[]): Promise<void> => {
      try {
        const broker = await this.#cluster.findBroker({ nodeId })
        for (const produced of await produce(broker, ofLeader, REPLICAS_TIMEOUT_MS)) {
          if (produced.error === null) first.set(partitionName(produced), produced.offset)
          else failures.push(produced.error)
        }
      } catch (error) {
        failures.push(error)
      }
    }
    try {
      await this.#cluster.refreshMetadataIfNecessary()
      const byLeader = [...Map.groupBy(batches, (batch) => leaderOf(this.#cluster, batch))]
      await Promise.all(
        byLeader.map(async ([nodeId, ofLeader]) => {
          if (nodeId !== null) await sendToLeader(nodeId, ofLeader)
          else for (const batch of ofLeader) failures.push(noLeader(batch))
        }),
      )
    } catch (error) {
      failures.push(error)
    }
    return failures
  }

  async #findLeadersAgain(): Promise<void> {
    try {
      if (!this.#cluster.isConnected()) await this.#cluster.connect()
      await this.#cluster.refreshMetadata()
    } catch {
      // The next attempt says what is wrong.
    }
  }
}

const LEADER_NOT_AVAILABLE = 5
const noLeader = (of: TopicPartition): Error => Object.assign(errorOfCode(LEADER_NOT_AVAILABLE), of)
