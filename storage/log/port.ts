/**
 * The log port: partitioned, replayable topics with consumer groups. Kafka's semantics and names; the embedded adapter and
 * the Kafka adapter pass one contract suite (`storage/log/contract.ts`).
 */

export interface TopicSpec {
  name: string
  partitions: number
  /** Records older than this may be deleted; null keeps by size alone. */
  retentionMs: number | null
  /** Embedded log only: over this, the oldest records that every group has consumed are deleted; unconsumed ones never. */
  retentionBytes: number | null
  /** Keeps the last record of each key. */
  compacted: boolean
}

export interface RecordToAppend {
  /** Trace id for `agent-traces`; decides the partition by Kafka's default partitioner (murmur2) unless `partition` is given. */
  key: string | null
  partition?: number
  value: Uint8Array
  headers?: Readonly<Record<string, string>>
}

/** A record that keeps its place, its time and its key. */
export interface RecordChange {
  partition: number
  offset: number
  value: Uint8Array
}

export interface AppendedPosition {
  partition: number
  offset: number
}

export interface LogRecord {
  topic: string
  partition: number
  offset: number
  /** When the log took it, milliseconds since the epoch: windows of alerts use this time. */
  appendTimeMs: number
  key: string | null
  value: Uint8Array
  headers: Readonly<Record<string, string>>
}

export interface TopicPartition {
  topic: string
  partition: number
}

/** `offset` is the next one to read, as in Kafka: last processed + 1. */
export interface PartitionOffset extends TopicPartition {
  offset: number
}

/** A position as it is committed, with what its group wants to find there again: at most 4,000 characters. */
export interface CommittedOffset extends PartitionOffset {
  /** Replaced by each commit; absent clears it. */
  note?: string
}

export type CommitOutcome =
  | { ok: true }
  /** The member's generation is over or the partition is no longer its own: nothing was committed. */
  | { ok: false; reason: 'fenced' | 'not_assigned' }

/** One that hangs at its beginning must not keep its partitions for ever. */
export const LONGEST_BEGINNING_MS = 300_000

export interface ConsumerOptions {
  groupId: string
  topics: string[]
  /** Where a group without committed offsets starts. */
  startFrom: 'earliest' | 'latest'
  /** A member silent for longer than this loses its partitions. */
  sessionTimeoutMs?: number
  /**
   * Before partitions are taken away: the last chance to commit. Also after they were lost because the session ran out; then
   * commits are fenced.
   */
  onRevoke?: (partitions: readonly TopicPartition[]) => Promise<void>
  /** May take longer than the session: the group waits for it, up to `LONGEST_BEGINNING_MS`. */
  onAssign?: (partitions: readonly TopicPartition[]) => Promise<void>
}

export interface Consumer {
  readonly groupId: string
  readonly memberId: string
  /** Rises at each rebalance that this member took part in; 0 before the first assignment. */
  generation(): number
  assignment(): readonly TopicPartition[]
  /**
   * Next records, in offset order within a partition; an empty array after `maxWaitMs` without any. It also heartbeats and
   * takes part in rebalances, so a member that stops fetching loses its partitions: while a sink is down, pause them and go on
   * fetching. An abort ends the wait and resolves with what is there, usually nothing. One fetch at a time.
   */
  fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]>
  /** Durable when it resolves. Never commits backwards past what was revoked: see `CommitOutcome`. */
  commit(offsets: readonly CommittedOffset[]): Promise<CommitOutcome>
  /** Next fetch of the partition starts there (replay). */
  seek(position: PartitionOffset): void
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** Leaves the group; its partitions go to the others at once. Commits nothing and calls no `onRevoke`: commit before. */
  close(): Promise<void>
}

export interface Log {
  /** Creates what is missing; of an existing topic it changes the retention, never the number of partitions. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>
  /**
   * Resolves when all records are durable, in one atomic batch per call in the embedded log; concurrent calls share a
   * transaction. Rejects with `LogError` and nothing acknowledged otherwise. Don't change the values before it settles.
   */
  append(topic: string, records: readonly RecordToAppend[]): Promise<AppendedPosition[]>
  partitionsOf(topic: string): Promise<number>
  /** The partition of a key: murmur2 as Kafka's default partitioner has it. */
  partitionFor(topic: string, key: string): number
  openConsumer(options: ConsumerOptions): Promise<Consumer>
  /** First offset whose append time is ≥ `timeMs`, per partition; the end offset where there is none. */
  offsetsForTime(topic: string, timeMs: number): Promise<PartitionOffset[]>
  /**
   * Outside any group: for replay and inspection. With `maxBytes` it ends at about so many, by a record more or less; where there
   * is one, it gives one at least.
   */
  read(
    topic: string,
    partition: number,
    fromOffset: number,
    maxRecords: number,
    maxBytes?: number,
  ): Promise<LogRecord[]>
  endOffsets(topic: string): Promise<{ partition: number; start: number; end: number }[]>
  committed(groupId: string): Promise<CommittedOffset[]>
  /**
   * Puts other values in place of records', of which nothing is left in the log's files then. The embedded log alone can: absent where
   * records are gone with their retention and not before.
   */
  rewrite?(topic: string, changes: readonly RecordChange[]): Promise<void>
  close(): Promise<void>
}

/** Reads partitions on and on from where it was told, outside any group: for those who look on, and commit nothing. */
export interface Tail {
  /**
   * As a consumer's: in offset order within a partition, an empty array after `maxWaitMs` without any. Records that retention deleted, or
   * that cannot be read, are passed over. One fetch at a time.
   */
  fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]>
  close(): Promise<void>
}

export interface TailedLog extends Log {
  openTail(positions: readonly PartitionOffset[]): Promise<Tail>
}

/** Records [from, to) that the log holds and that cannot be read: reading goes on behind them only when an operator lets them go. */
export interface UnreadableRange extends TopicPartition {
  readonly from: number
  readonly to: number
}

/** Codes: `full` (disk or size bound; retry later), `closed`, `unknown_topic`, `locked` (another process has the folder), `unreadable` (`UnreadableRecords`), `io`. */
export class LogError extends Error {
  readonly code: 'full' | 'closed' | 'unknown_topic' | 'locked' | 'unreadable' | 'io'
  constructor(code: LogError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LogError'
    this.code = code
  }
}

/** The records came, and are not what was written: no outage, and no retry helps unless another replica has them whole. */
export class UnreadableRecords extends LogError {
  readonly range: UnreadableRange
  /** As they came. */
  readonly bytes: Uint8Array
  constructor(range: UnreadableRange, bytes: Uint8Array, reason: string, options?: ErrorOptions) {
    const { topic, partition, from, to } = range
    const which = to - from === 1 ? `record ${from}` : `records ${from} to ${to - 1}`
    super('unreadable', `${which} of ${topic}/${partition} cannot be read: ${reason}`, options)
    this.range = range
    this.bytes = bytes
  }
}
