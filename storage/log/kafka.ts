/** The log on Kafka, or on a broker that speaks its protocol, through kafkajs. */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { messageOf } from '../../engine/message-of.ts'
import { AppendBatcher } from './kafka/append-batcher.ts'
import type { CompressionId } from './kafka/codecs.ts'
import type { Compression, KafkaSettings } from './kafka/config.ts'
import { KafkaConsumer } from './kafka/consumer.ts'
import { batchesOf, type FetchedBatch } from './kafka/decode-batches.ts'
import { explainRefusal, hintAtStart } from './kafka/explain.ts'
import { type Cluster, createCluster, errorTypeOf, leaderOf, silenceNegativeTimers } from './kafka/kafkajs-internals.ts'
import { KafkaProducer } from './kafka/producer.ts'
import { type FetchBounds, fetchFrom } from './kafka/requests.ts'
import { Skipped } from './kafka/skipped.ts'
import { KafkaTail } from './kafka/tail.ts'
import { ensureKafkaTopics } from './kafka/topics.ts'
import { partitionOfKey } from './murmur2.ts'
import type {
  AppendedPosition,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  LogRecord,
  PartitionOffset,
  RecordToAppend,
  Tail,
  TailedLog,
  TopicSpec,
} from './port.ts'
import { LogError, UnreadableRecords } from './port.ts'
import { DEAD_LETTERS } from './topics.ts'

export { type KafkaSettings, parseKafkaUrl } from './kafka/config.ts'

export interface KafkaLogOptions {
  settings: KafkaSettings
  /** Told to the brokers, for their logs and quotas. */
  clientId?: string
  /** A line for the operator. */
  onProblem?: (text: string) => void
}

const COMPRESSION: Readonly<Record<Compression, CompressionId>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }
const READ_BYTES = 8 << 20
const LETTERS = { maxRecords: 500, maxBytes: 8 << 20 }
const READ_WAIT_MS = 100

type Bounds = Pick<FetchBounds, 'maxWaitMs' | 'maxBytes'>

interface Found {
  readonly batches: readonly FetchedBatch[]
  /** Of the partition, behind its last record. */
  readonly end: number
}

/** Connects; rejects with `LogError` `io` when no broker answers. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<TailedLog> {
  silenceNegativeTimers()
  const { settings } = options
  const kafka = new kafkajs.Kafka({
    clientId: options.clientId ?? 'assay',
    brokers: [...settings.brokers],
    ...(settings.tls !== null && { ssl: { ...settings.tls } }),
    ...(settings.sasl !== null && { sasl: { ...settings.sasl } }),
    // Every failure is thrown as well: whoever catches it says it once, in his own words.
    logLevel: kafkajs.logLevel.NOTHING,
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 2_000 },
  })
  const log = new KafkaLog(kafka, options)
  try {
    await log.connect()
  } catch (error) {
    await log.close()
    throw error
  }
  return log
}

class KafkaLog implements TailedLog {
  readonly #kafka: Kafka
  readonly #options: KafkaLogOptions
  readonly #admin: Admin
  /** For appending, and for reading outside any group. */
  readonly #cluster: Cluster
  readonly #batcher: AppendBatcher
  readonly #partitions = new Map<string, number>()
  readonly #consumers = new Set<KafkaConsumer>()
  readonly #tails = new Set<KafkaTail>()
  readonly #skipped = new Skipped({
    read: (partition, offset) => this.#readAs(DEAD_LETTERS, partition, offset, LETTERS, null),
    endOffsets: (topic) => this.endOffsets(topic),
  })
  #nextUnkeyed = 0
  #hasConnected = false
  #isClosed = false

  constructor(kafka: Kafka, options: KafkaLogOptions) {
    this.#kafka = kafka
    this.#options = options
    this.#admin = kafka.admin()
    this.#cluster = createCluster(kafka)
    const producer = new KafkaProducer(this.#cluster, COMPRESSION[options.settings.compression])
    this.#batcher = new AppendBatcher((batches) => this.#ask('take the records', () => producer.send(batches)))
  }

  async connect(): Promise<void> {
    await this.#ask('answer', async () => {
      await this.#admin.connect()
      await this.#cluster.connect()
    })
    this.#hasConnected = true
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    const { settings, onProblem } = this.#options
    await this.#ask('make the topics', () =>
      ensureKafkaTopics(this.#admin, topics, settings.replicationFactor, onProblem),
    )
    for (const { name } of topics) await this.partitionsOf(name)
  }

  async append(topic: string, records: readonly RecordToAppend[]): Promise<AppendedPosition[]> {
    this.#assertOpen()
    if (records.length === 0) return []
    const partitions = await this.partitionsOf(topic)
    return this.#batcher.append(
      topic,
      records.map((record) => ({ ...record, partition: this.#place(record, partitions) })),
    )
  }

  #place({ partition, key }: RecordToAppend, partitions: number): number {
    if (partition !== undefined) return partition
    return key === null ? this.#nextUnkeyed++ % partitions : partitionOfKey(key, partitions)
  }

  async partitionsOf(topic: string): Promise<number> {
    this.#assertOpen()
    const known = this.#partitions.get(topic)
    if (known !== undefined) return known
    const metadata = await this.#ask('tell its topics', async () => {
      try {
        return await this.#admin.fetchTopicMetadata({ topics: [topic] })
      } catch (error) {
        if (errorTypeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null
        throw error
      }
    })
    const count = metadata?.topics.find(({ name }) => name === topic)?.partitions.length ?? 0
    if (count === 0) throw new LogError('unknown_topic', `there is no topic ${topic}`)
    this.#partitions.set(topic, count)
    return count
  }

  partitionFor(topic: string, key: string): number {
    const count = this.#partitions.get(topic)
    if (count === undefined) throw new LogError('unknown_topic', `nothing is known of topic ${topic} yet`)
    return partitionOfKey(key, count)
  }

  async openConsumer(options: ConsumerOptions): Promise<Consumer> {
    for (const topic of options.topics) await this.partitionsOf(topic)
    const groupCluster = createCluster(this.#kafka)
    const fetchCluster = createCluster(this.#kafka)
    try {
      await this.#ask('let a consumer in', async () => {
        for (const cluster of [groupCluster, fetchCluster]) {
          await cluster.connect()
          await cluster.addMultipleTargetTopics(options.topics)
        }
      })
    } catch (error) {
      await Promise.all([groupCluster.disconnect(), fetchCluster.disconnect()])
      throw error
    }
    const consumer: KafkaConsumer = new KafkaConsumer({
      groupCluster,
      fetchCluster,
      options: {
        ...(this.#options.settings.sessionTimeoutMs !== null && {
          sessionTimeoutMs: this.#options.settings.sessionTimeoutMs,
        }),
        ...options,
      },
      isSkipped: (range) => this.#skipped.has(range),
      onProblem: (text) => this.#options.onProblem?.(text),
      onLoss: ({ topic, partition }, from, to) =>
        this.#options.onProblem?.(
          `group ${options.groupId} lost records ${from} to ${to - 1} of ${topic}/${partition}: retention deleted them before they were read`,
        ),
      onClose: () => this.#consumers.delete(consumer),
    })
    this.#consumers.add(consumer)
    return consumer
  }

  async openTail(positions: readonly PartitionOffset[]): Promise<Tail> {
    const topics = [...new Set(positions.map(({ topic }) => topic))]
    for (const topic of topics) await this.partitionsOf(topic)
    const cluster = createCluster(this.#kafka)
    try {
      await this.#ask('let a reader in', async () => {
        await cluster.connect()
        await cluster.addMultipleTargetTopics(topics)
      })
    } catch (error) {
      await cluster.disconnect()
      throw error
    }
    const tail: KafkaTail = new KafkaTail({ cluster, positions, onClose: () => this.#tails.delete(tail) })
    this.#tails.add(tail)
    return tail
  }

  async offsetsForTime(topic: string, timeMs: number): Promise<PartitionOffset[]> {
    const offsets = await this.#ask('find offsets by time', () =>
      this.#admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, timeMs)),
    )
    return offsets
      .map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) }))
      .toSorted((a, b) => a.partition - b.partition)
  }

  read(
    topic: string,
    partition: number,
    fromOffset: number,
    maxRecords: number,
    maxBytes = Number.POSITIVE_INFINITY,
  ): Promise<LogRecord[]> {
    return this.#readAs(topic, partition, fromOffset, { maxRecords, maxBytes }, this.#skipped)
  }

  async #readAs(
    topic: string,
    partition: number,
    fromOffset: number,
    { maxRecords, maxBytes }: { maxRecords: number; maxBytes: number },
    skipped: Skipped | null,
  ): Promise<LogRecord[]> {
    if (partition >= (await this.partitionsOf(topic)))
      throw new LogError('unknown_topic', `topic ${topic} has no partition ${partition}`)
    const records: LogRecord[] = []
    let next = fromOffset
    // As it is when the first answer tells it: what is asked again and again mostly finds nothing new, and is to cost one request.
    let end: number | null = null
    let leftBytes = maxBytes
    while ((end === null || next < end) && records.length < maxRecords && leftBytes > 0) {
      const at = next
      const bounds: Bounds = { maxWaitMs: end === null ? 0 : READ_WAIT_MS, maxBytes: Math.min(READ_BYTES, leftBytes) }
      const found: Found | null = await this.#ask('hand records out', () =>
        this.#readFrom(topic, partition, at, bounds),
      )
      if (found === null) {
        // Retention was faster, or it is beyond the end.
        const extent = (await this.endOffsets(topic)).find((one) => one.partition === partition)
        if (extent === undefined || extent.start <= at) return records
        next = extent.start
        continue
      }
      end ??= found.end
      for (const batch of found.batches) {
        const unpacked = unpackedOf(batch)
        if (unpacked instanceof UnreadableRecords) {
          if (await skipped?.has(unpacked.range)) {
            next = Math.max(next, unpacked.range.to)
            continue
          }
          // What comes before it is whole; whoever reads on hears of it.
          if (records.length > 0) return records
          throw unpacked
        }
        for (const record of unpacked) {
          // A broker gives whole batches, however little was asked for.
          if (record.offset < next || records.length >= maxRecords || leftBytes <= 0) continue
          records.push(record)
          leftBytes -= record.value.byteLength
        }
        next = Math.max(next, batch.nextOffset)
      }
      if (found.batches.length === 0 && next < end) await sleep(READ_WAIT_MS)
    }
    return records
  }

  /** Null where the log has no such offset; a broker that does not lead any more is asked who does. */
  async #readFrom(topic: string, partition: number, offset: number, bounds: Bounds): Promise<Found | null> {
    await this.#cluster.addMultipleTargetTopics([topic])
    for (let isLast = false; ; isLast = true) {
      try {
        const nodeId = leaderOf(this.#cluster, { topic, partition })
        if (nodeId === null) throw new Error(`no broker leads ${topic}/${partition}`)
        const broker = await this.#cluster.findBroker({ nodeId })
        const asked = { ...bounds, maxPartitionBytes: bounds.maxBytes }
        const [fetched] = await fetchFrom(broker, [{ topic, partition, offset }], asked)
        if (fetched === undefined) throw new Error(`the broker said nothing of ${topic}/${partition}`)
        if (fetched.error !== null) throw fetched.error
        return { batches: batchesOf(fetched, fetched.bytes), end: fetched.end }
      } catch (error) {
        if (errorTypeOf(error) === 'OFFSET_OUT_OF_RANGE') return null
        await this.#cluster.refreshMetadata().catch(() => {})
        if (isLast) throw error
      }
    }
  }

  async endOffsets(topic: string): Promise<{ partition: number; start: number; end: number }[]> {
    await this.partitionsOf(topic)
    const offsets = await this.#ask('tell its offsets', () => this.#admin.fetchTopicOffsets(topic))
    return offsets
      .map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) }))
      .toSorted((a, b) => a.partition - b.partition)
  }

  async committed(groupId: string): Promise<CommittedOffset[]> {
    const offsets = await this.#ask('tell what was committed', () => this.#admin.fetchOffsets({ groupId }))
    return offsets.flatMap(({ topic, partitions }) =>
      partitions
        .map(({ partition, offset, metadata }) => ({
          topic,
          partition,
          offset: Number(offset),
          ...(metadata && { note: metadata }),
        }))
        .filter(({ offset }) => offset >= 0),
    )
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#batcher.drain()
    await Promise.all([...this.#consumers, ...this.#tails].map((reader) => reader.close()))
    await Promise.allSettled([this.#admin.disconnect(), this.#cluster.disconnect()])
  }

  /** Runs what asks the brokers, and gives its failure the port's form. */
  async #ask<T>(what: string, run: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    try {
      return await run()
    } catch (error) {
      if (error instanceof LogError) throw error
      const { settings } = this.#options
      const refusal = explainRefusal(error, settings)
      if (refusal !== null) {
        const brokers = settings.brokers.join(', ')
        throw new LogError('io', `Kafka's brokers at ${brokers} let nobody in: ${refusal}`, { cause: error })
      }
      const code = errorTypeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION' ? 'unknown_topic' : 'io'
      const hint = this.#hasConnected ? '' : hintAtStart(error, settings)
      throw new LogError(code, `Kafka did not ${what}: ${messageOf(error)}${hint}`, { cause: error })
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LogError('closed', 'the log is closed')
  }
}

function unpackedOf(batch: FetchedBatch): LogRecord[] | UnreadableRecords {
  try {
    return batch.records()
  } catch (error) {
    if (error instanceof UnreadableRecords) return error
    throw error
  }
}
