/**
 * The layer of kafkajs below its consumer: connections, metadata and the requests of the protocol. Its consumer pushes, cannot be
 * told to wait before partitions are let go, and beats its heart even when nobody takes its records; the log port needs the
 * opposite of each (`docs/decisions/0009-kafka-consumer.md`). The modules are not part of its public interface: everything that
 * is used of them is declared here, and the version is pinned by the lock file.
 */
import { createRequire } from 'node:module'
import type { Kafka } from 'kafkajs'
import type { TopicPartition } from '../port.ts'

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

interface RawRequest<Decoded, T> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    /** As its encoder has them: the memory, and what of it is written. */
    encode(): Promise<{ buf: Buffer; buffer: Buffer }>
  }
  readonly response: {
    decode(payload: Buffer): Promise<Decoded & { clientSideThrottleTime: number }>
    parse(decoded: Decoded): Promise<T>
  }
}

/** One broker's requests. Errors of the protocol carry a `type` such as `REBALANCE_IN_PROGRESS`. */
export interface Broker {
  /** After the first connection: the versions of each request that the broker knows. */
  readonly versions: Readonly<Record<number, { minVersion: number; maxVersion: number }>> | null
  readonly connectionPool: { send<Decoded, T>(request: RawRequest<Decoded, T>): Promise<T> }
  disconnect(): Promise<void>
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
  isConnected(): boolean
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
  if (isSilenced) return
  isSilenced = true
  const emit = process.emitWarning
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] !== 'TimeoutNegativeWarning') Reflect.apply(emit, process, [warning, ...rest])
  }
  process.emitWarning = filtered
}
let isSilenced = false

const load = createRequire(import.meta.url)

/** Of kafkajs: one socket after another to a broker, and what came of an answer that is not whole yet. */
interface Connection {
  isConnected(): boolean
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
}

const SIZE_BYTES = 4

/**
 * It keeps half an answer of a broker that died over to the next socket, takes what comes there for the other half, and understands no
 * answer any more: each request times out, for as long as the process lives. A new socket begins with nothing.
 */
function forgetHalfAnswers(): void {
  const { prototype } = load('kafkajs/src/network/connection') as {
    prototype: Connection & { connect(this: Connection): Promise<boolean> }
  }
  const { connect } = prototype
  prototype.connect = function connectAnew() {
    if (!this.isConnected()) {
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = SIZE_BYTES
    }
    return connect.call(this)
  }
}
forgetHalfAnswers()

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

/** The broker that leads a partition, by what was heard last; null when none does. */
export function leaderOf(cluster: Cluster, { topic, partition }: TopicPartition): string | null {
  const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader
  return leader === undefined || leader < 0 ? null : String(leader)
}

/** Sends a request whose bytes are ours, and reads its answer by ourselves; kafkajs adds the header and waits. */
export async function sendTo<T>(
  broker: Broker,
  request: { apiKey: number; apiVersion: number; apiName: string },
  body: Buffer,
  decode: (payload: Buffer) => { throttleMs: number; value: T },
): Promise<T> {
  const known = broker.versions?.[request.apiKey]
  if (known !== undefined && (known.maxVersion < request.apiVersion || known.minVersion > request.apiVersion)) {
    throw new Error(
      `the broker does not know ${request.apiName} ${request.apiVersion}: it has to be Kafka 2.3 or later`,
    )
  }
  try {
    return await broker.connectionPool.send({
      request: { ...request, encode: async () => ({ buf: body, buffer: body }) },
      response: {
        decode: async (payload) => {
          const { throttleMs, value } = decode(payload)
          return { clientSideThrottleTime: throttleMs, value }
        },
        parse: async ({ value }: { value: T }) => value,
      },
    })
  } catch (error) {
    // As kafkajs does for its own requests; otherwise the broker would still count as connected.
    if (errorTypeOf(error) === 'KafkaJSConnectionClosedError') await broker.disconnect()
    throw error
  }
}

const { createErrorFromCode } = load('kafkajs/src/protocol/error') as { createErrorFromCode(code: number): Error }

/** What a code of the protocol means; 0 means that nothing is wrong. */
export const errorOfCode = (code: number): Error => createErrorFromCode(code)

/** Whether the same request may go well a little later. */
export function isRetriable(error: unknown): boolean {
  return error instanceof Error && (error as Error & { retriable?: unknown }).retriable === true
}

/** Of a protocol error; otherwise the name of a connection's error, or an empty text. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { type, cause } = error as Error & { type?: unknown }
  if (typeof type === 'string') return type
  // What was retried in vain is wrapped.
  if (error.name === 'KafkaJSNumberOfRetriesExceeded' && cause !== undefined) return errorTypeOf(cause)
  return error.name
}
