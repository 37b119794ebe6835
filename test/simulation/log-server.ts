/** The log of a simulation: partitions, groups and committed offsets, as the port has them. It never fails: requests to it do. */
import {
  EMPTY_GROUP,
  expire,
  type GroupState,
  heartbeat,
  join,
  leave,
  memberOf,
  settle,
  surrender,
} from '../../storage/log/embedded/group-state.ts'
import { partitionOfKey } from '../../storage/log/murmur2.ts'
import type {
  AppendedPosition,
  CommitOutcome,
  CommittedOffset,
  LogRecord,
  PartitionOffset,
  RecordToAppend,
  TopicPartition,
} from '../../storage/log/port.ts'

/** One run, since a broker outlives its members here. */
const RUN = 'simulation'

/** Told of what happens, when it does. */
export interface LogObserver {
  onAppend(record: LogRecord): void
  /** Before it takes effect; `outcome` is what the log makes of it. */
  onCommit(groupId: string, memberId: string, generation: number, offsets: readonly PartitionOffset[]): void
  /** Its members are told of other partitions from now on. */
  onGeneration(groupId: string): void
}

export type HeartbeatAnswer = 'ok' | 'rebalancing' | 'unknown'

export interface NewGeneration {
  readonly generation: number
  readonly positions: readonly PartitionOffset[]
}

export const partitionName = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

interface Group {
  state: GroupState
  readonly committed: Map<string, CommittedOffset>
}

export class LogServer {
  readonly #nowMs: () => number
  readonly #topics = new Map<string, LogRecord[][]>()
  readonly #groups = new Map<string, Group>()
  readonly #watchers = new Set<() => void>()
  readonly #observer: LogObserver

  constructor(topics: readonly { name: string; partitions: number }[], nowMs: () => number, observer: LogObserver) {
    this.#nowMs = nowMs
    this.#observer = observer
    for (const { name, partitions } of topics)
      this.#topics.set(
        name,
        Array.from({ length: partitions }, () => []),
      )
  }

  /** Of appended records and changed groups; gives the function that ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  partitionsOf(topic: string): number {
    return this.#topic(topic).length
  }

  append(topic: string, records: readonly RecordToAppend[]): AppendedPosition[] {
    const positions = records.map((record) => this.#appendOne(topic, record))
    this.#wake()
    return positions
  }

  read({ topic, partition }: TopicPartition, from: number, maxRecords: number): LogRecord[] {
    return this.#topic(topic)[partition]!.slice(from, from + maxRecords)
  }

  endOf({ topic, partition }: TopicPartition): number {
    return this.#topic(topic)[partition]!.length
  }

  every(topic: string): LogRecord[] {
    return this.#topic(topic).flat()
  }

  endOffsets(topic: string): { partition: number; start: number; end: number }[] {
    return this.#topic(topic).map((records, partition) => ({ partition, start: 0, end: records.length }))
  }

  committed(groupId: string): CommittedOffset[] {
    return [...this.#group(groupId).committed.values()]
  }

  committedOf(groupId: string, of: TopicPartition): number {
    return this.#group(groupId).committed.get(partitionName(of))?.offset ?? 0
  }

  lagOf(groupId: string, topics: readonly string[]): number {
    let lag = 0
    for (const topic of topics) {
      for (const { partition, end } of this.endOffsets(topic))
        lag += end - this.committedOf(groupId, { topic, partition })
    }
    return lag
  }

  /** Joins, or gives up what it had in a rebalance. */
  join(groupId: string, memberId: string, topics: readonly string[], sessionTimeoutMs: number): void {
    const nowMs = this.#nowMs()
    this.#change(groupId, (group) => {
      const alive = expire(group, RUN, nowMs)
      return alive.rebalancing && memberOf(alive, memberId) !== undefined
        ? surrender(alive, memberId, nowMs)
        : join(alive, { memberId, run: RUN, topics, sessionTimeoutMs }, nowMs)
    })
  }

  /** Null while the others have not all joined; 'join again' when the group has forgotten the member, or forms anew. */
  newGeneration(groupId: string, memberId: string): NewGeneration | 'join again' | null {
    const nowMs = this.#nowMs()
    const { state } = this.#change(groupId, (group) => expire(heartbeat(group, memberId, nowMs), RUN, nowMs))
    const me = memberOf(state, memberId)
    if (me === undefined || (state.rebalancing && !me.ready)) return 'join again'
    if (state.rebalancing) return null
    const positions = me.assignment.map((of) => ({ ...of, offset: this.committedOf(groupId, of) }))
    return { generation: state.generation, positions }
  }

  heartbeat(groupId: string, memberId: string, generation: number): HeartbeatAnswer {
    const nowMs = this.#nowMs()
    const { state } = this.#change(groupId, (group) => heartbeat(expire(group, RUN, nowMs), memberId, nowMs))
    const me = memberOf(state, memberId)
    if (me === undefined || state.generation !== generation) return 'unknown'
    return state.rebalancing && !me.ready ? 'rebalancing' : 'ok'
  }

  commit(groupId: string, memberId: string, generation: number, offsets: readonly CommittedOffset[]): CommitOutcome {
    const group = this.#change(groupId, (state) => expire(state, RUN, this.#nowMs()))
    const me = memberOf(group.state, memberId)
    if (me === undefined || group.state.generation !== generation) return { ok: false, reason: 'fenced' }
    const mine = new Set(me.assignment.map(partitionName))
    if (!offsets.every((of) => mine.has(partitionName(of)))) return { ok: false, reason: 'not_assigned' }
    this.#observer.onCommit(groupId, memberId, generation, offsets)
    for (const position of offsets) group.committed.set(partitionName(position), position)
    return { ok: true }
  }

  leave(groupId: string, memberId: string): void {
    this.#change(groupId, (group) => leave(group, memberId))
  }

  #appendOne(topic: string, { key, partition, value, headers = {} }: RecordToAppend): AppendedPosition {
    const partitions = this.#topic(topic)
    const chosen = partition ?? (key === null ? 0 : partitionOfKey(key, partitions.length))
    const records = partitions[chosen]!
    const record: LogRecord = {
      topic,
      partition: chosen,
      offset: records.length,
      appendTimeMs: this.#nowMs(),
      key,
      value,
      headers,
    }
    records.push(record)
    this.#observer.onAppend(record)
    return { partition: chosen, offset: record.offset }
  }

  #topic(name: string): LogRecord[][] {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw new Error(`there is no topic ${name}`)
    return topic
  }

  #group(groupId: string): Group {
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      group = { state: EMPTY_GROUP, committed: new Map() }
      this.#groups.set(groupId, group)
    }
    return group
  }

  #change(groupId: string, change: (group: GroupState) => GroupState): Group {
    const group = this.#group(groupId)
    const before = group.state
    group.state = settle(change(before), (topic) => this.partitionsOf(topic))
    if (group.state.generation !== before.generation || group.state.rebalancing !== before.rebalancing) {
      this.#observer.onGeneration(groupId)
      this.#wake()
    }
    return group
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
