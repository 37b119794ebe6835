/**
 * The two requests that carry records, which kafkajs would copy several times a record: Produce 7 and Fetch 11, of Kafka 2.1 and 2.3.
 * https://kafka.apache.org/protocol#The_Messages_Produce, …#The_Messages_Fetch
 */
import type { PartitionOffset, TopicPartition } from '../port.ts'
import { type Broker, errorOfCode, sendTo } from './kafkajs-internals.ts'
import { WireReader, WireWriter } from './wire.ts'

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' } as const
const FETCH = { apiKey: 1, apiVersion: 11, apiName: 'Fetch' } as const
const ALL_IN_SYNC = -1
const CONSUMER = -1
const READ_UNCOMMITTED = 0
/** Sessions of fetches save the names of partitions, and would have to be kept. */
const NO_SESSION = { id: 0, epoch: -1 }
const UNKNOWN = -1

export interface BatchToProduce extends TopicPartition {
  readonly bytes: Buffer
}

export interface ProducedBatch extends TopicPartition {
  /** Of its first record. */
  readonly offset: number
  /** Null when it was taken. */
  readonly error: Error | null
}

/** Hands batches, at most one a partition, to their leader; they are on all replicas in sync when it answers. */
export function produce(
  broker: Broker,
  batches: readonly BatchToProduce[],
  timeoutMs: number,
): Promise<ProducedBatch[]> {
  return sendTo(broker, PRODUCE, encodeProduce(batches, timeoutMs), decodeProduced)
}

export function encodeProduce(batches: readonly BatchToProduce[], timeoutMs: number): Buffer {
  const topics = [...Map.groupBy(batches, ({ topic }) => topic)]
  const out = new WireWriter()
  out.text(null).int16(ALL_IN_SYNC).int32(timeoutMs).int32(topics.length)
  for (const [topic, ofTopic] of topics) {
    out.text(topic).int32(ofTopic.length)
    for (const { partition, bytes } of ofTopic) out.int32(partition).int32(bytes.length).bytes(bytes)
  }
  return out.toBuffer()
}

export function decodeProduced(payload: Buffer): { throttleMs: number; value: ProducedBatch[] } {
  const reader = new WireReader(payload)
  const value = reader
    .array(() => {
      const topic = reader.text()
      return reader.array(() => {
        const partition = reader.int32()
        const error = errorOf(reader.int16(), { topic, partition })
        const offset = reader.int64()
        // When the log took it, and where the log begins.
        reader.skip(16)
        return { topic, partition, offset, error }
      })
    })
    .flat()
  return { throttleMs: reader.int32(), value }
}

export interface FetchBounds {
  /** How long the broker waits for the first record. */
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
}

export interface FetchedPartition extends TopicPartition {
  readonly error: Error | null
  /** Behind the last record that may be read. */
  readonly end: number
  /** Batches, of which the last may be cut off. */
  readonly bytes: Buffer
}

/** Reads on at these positions. The broker serves those that come first until it has `maxBytes`. */
export function fetchFrom(
  broker: Broker,
  positions: readonly PartitionOffset[],
  bounds: FetchBounds,
): Promise<FetchedPartition[]> {
  return sendTo(broker, FETCH, encodeFetch(positions, bounds), decodeFetched)
}

export function encodeFetch(positions: readonly PartitionOffset[], bounds: FetchBounds): Buffer {
  const out = new WireWriter()
  out.int32(CONSUMER).int32(bounds.maxWaitMs).int32(1).int32(bounds.maxBytes).int8(READ_UNCOMMITTED)
  out.int32(NO_SESSION.id).int32(NO_SESSION.epoch)
  const topics = [...Map.groupBy(positions, ({ topic }) => topic)]
  out.int32(topics.length)
  for (const [topic, ofTopic] of topics) {
    out.text(topic).int32(ofTopic.length)
    for (const { partition, offset } of ofTopic) {
      out.int32(partition).int32(UNKNOWN).int64(offset).int64(UNKNOWN).int32(bounds.maxPartitionBytes)
    }
  }
  // No topics to forget, and no rack.
  return out.int32(0).text('').toBuffer()
}

export function decodeFetched(payload: Buffer): { throttleMs: number; value: FetchedPartition[] } {
  const reader = new WireReader(payload)
  const throttleMs = reader.int32()
  const error = errorOf(reader.int16(), {})
  if (error !== null) throw error
  reader.skip(4)
  const value = reader
    .array(() => {
      const topic = reader.text()
      return reader.array(() => {
        const partition = reader.int32()
        const failure = errorOf(reader.int16(), { topic, partition })
        const end = reader.int64()
        // The last stable offset, and where the log begins.
        reader.skip(16)
        reader.array(() => reader.skip(16))
        // The replica to read from, if there were a nearer one.
        reader.skip(4)
        return { topic, partition, error: failure, end, bytes: reader.bytes() }
      })
    })
    .flat()
  return { throttleMs, value }
}

function errorOf(code: number, of: Partial<TopicPartition>): Error | null {
  return code === 0 ? null : Object.assign(errorOfCode(code), of)
}
