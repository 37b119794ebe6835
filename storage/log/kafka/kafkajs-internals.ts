/**
 * The layer of kafkajs below its consumer: connections, metadata and the requests of the protocol. Its consumer pushes, cannot be
 * told to wait before partitions are let go, and beats its heart even when nobody takes its records; the log port needs the
 * opposite of each (`docs/decisions/0009-kafka-consumer.md`). The modules are not part of its public interface: everything that
 * is used of them is declared here, and the version is pinned by the lock file.
 */
import { createRequire } from 'node:module'
import type { Kafka } from 'kafkajs'

export interface FetchedMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>
  readonly isControlRecord?: boolean
  /** Of the batch that it stood in; compaction may have taken the records after it. */
  readonly batchContext?: { readonly firstOffset: string; readonly lastOffsetDelta: number }
}

export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly FetchedMessage[] }[]
  }[]
}

export interface JoinResponse {
  readonly generationId: number
  readonly leaderId: string
  readonly memberId: string
  /** Of the leader alone; the others get none. */
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
}

interface MemberOfGroup {
  readonly groupId: string
  readonly memberId: string
}

/** One broker's requests. Errors of the protocol carry a `type` such as `REBALANCE_IN_PROGRESS`. */
export interface Broker {
  fetch(request: {
    maxWaitTime: number
    minBytes: number
    maxBytes: number
    isolationLevel: number
    topics: readonly {
      topic: string
      partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[]
    }[]
  }): Promise<FetchResponse>
  joinGroup(
    request: MemberOfGroup & {
      sessionTimeout: number
      rebalanceTimeout: number
      groupProtocols: readonly { name: string; metadata: Buffer }[]
    },
  ): Promise<JoinResponse>
  syncGroup(
    request: MemberOfGroup & {
      generationId: number
      groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[]
    },
  ): Promise<{ memberAssignment: Buffer }>
  heartbeat(request: MemberOfGroup & { groupGenerationId: number }): Promise<unknown>
  leaveGroup(request: MemberOfGroup): Promise<unknown>
  offsetCommit(
    request: MemberOfGroup & {
      groupGenerationId: number
      topics: readonly {
        topic: string
        partitions: readonly { partition: number; offset: string; metadata?: string }[]
      }[]
    },
  ): Promise<unknown>
  offsetFetch(request: {
    groupId: string
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[]
  }): Promise<{
    responses: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]
  }>
}

export interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[]
  findBroker(options: { nodeId: string }): Promise<Broker>
  findGroupCoordinator(options: { groupId: string }): Promise<Broker>
  fetchTopicsOffset(
    topics: readonly { topic: string; partitions: readonly { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>
}

interface MemberCodec<T> {
  encode(value: T): Buffer
  decode(bytes: Buffer): T | null
}

/**
 * Its request queue sets timers that lie in the past, of which Node has warned on standard error since version 24. Nothing else of
 * the process warns by this name without being wrong, and that much is worth losing for a terminal that can be read.
 */
export function silenceNegativeTimers(): void {
  const emit = process.emitWarning
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] !== 'TimeoutNegativeWarning') Reflect.apply(emit, process, [warning, ...rest])
  }
  process.emitWarning = filtered
}

const load = createRequire(import.meta.url)

type CreateCluster = (options: { metadataMaxAge: number; allowAutoTopicCreation: boolean }) => Cluster

/** A set of connections of its own, with the client's settings. */
export function createCluster(kafka: Kafka): Cluster {
  // The client keeps the function that knows its settings under a symbol.
  const symbol = Object.getOwnPropertySymbols(kafka).find((one) => one.description === 'private:Kafka:createCluster')
  const create = symbol === undefined ? undefined : (kafka as unknown as Record<symbol, CreateCluster>)[symbol]
  if (create === undefined) throw new Error('this version of kafkajs is not the one that the log was written for')
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false })
}

interface AssignerProtocol {
  MemberMetadata: MemberCodec<{ version: number; topics: readonly string[]; userData?: Buffer }>
  MemberAssignment: MemberCodec<{ version: number; assignment: Readonly<Record<string, number[]>>; userData?: Buffer }>
}

export const { MemberMetadata, MemberAssignment } = load('kafkajs/src/consumer/assignerProtocol') as AssignerProtocol

/** Of a protocol error; otherwise the name of a connection's error, or an empty text. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { type, cause } = error as Error & { type?: unknown }
  if (typeof type === 'string') return type
  // What was retried in vain is wrapped.
  if (error.name === 'KafkaJSNumberOfRetriesExceeded' && cause !== undefined) return errorTypeOf(cause)
  return error.name
}
