/** A member of a consumer group on the embedded log. */
import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type {
  CommitOutcome,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  LogRecord,
  PartitionOffset,
  TopicPartition,
} from '../port.ts'
import { LONGEST_BEGINNING_MS, LogError } from '../port.ts'
import type { CoordinatorFile } from './coordinator-file.ts'
import type { GroupState } from './group-state.ts'
import { expire, heartbeat, join, leave, memberOf, settle, surrender } from './group-state.ts'
import type { TopicFile } from './topic-file.ts'
import type { Wakeups } from './wakeups.ts'
import { Flag, groupSubject, topicSubject } from './wakeups.ts'

export interface ConsumerParts {
  coordinator: CoordinatorFile
  topic: (name: string) => TopicFile
  wakeups: Wakeups
  /** See `DataFolder.run`. */
  run: string
  /** A clock that never steps, the same in all threads; milliseconds. */
  monotonicMs: () => number
  onClose: (consumer: EmbeddedConsumer) => void
}

/** Kafka's clients have 30 to 45 s. */
const DEFAULT_SESSION_TIMEOUT_MS = 30_000
// The safety net under the wake-ups.
const POLL_INTERVAL_MS = 250
const MAX_RECORDS_PER_READ = 10_000

interface Assigned extends TopicPartition {
  file: TopicFile
  position: number
  paused: boolean
}

export class EmbeddedConsumer implements Consumer {
  readonly groupId: string
  readonly memberId = randomUUID()
  readonly #options: ConsumerOptions
  readonly #sessionTimeoutMs: number
  readonly #parts: ConsumerParts
  readonly #woken = new Flag()
  readonly #unsubscribe: (() => void)[]
  #assigned: Assigned[] = []
  #generation = 0
  #nextHeartbeatMs = 0
  /** Where the next fetch starts among the partitions. */
  #turn = 0
  #fetching = false
  #closed = false

  constructor(options: ConsumerOptions, parts: ConsumerParts) {
    this.groupId = options.groupId
    this.#options = options
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS
    this.#parts = parts
    // Unknown topics are an error now, not at the first fetch.
    for (const topic of options.topics) parts.topic(topic)
    const subjects = [groupSubject(options.groupId), ...options.topics.map(topicSubject)]
    this.#unsubscribe = subjects.map((subject) => parts.wakeups.subscribe(subject, () => this.#woken.set()))
    parts.coordinator.subscribe(options.groupId, options.topics)
    this.#join()
  }

  generation(): number {
    return this.#generation
  }

  assignment(): readonly TopicPartition[] {
    return this.#assigned.map(({ topic, partition }) => ({ topic, partition }))
  }

  async fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    this.#assertOpen()
    if (this.#fetching) throw new Error(`consumer ${this.memberId} of ${this.groupId} is already fetching`)
    this.#fetching = true
    try {
      return await this.#fetch(options)
    } finally {
      this.#fetching = false
    }
  }

  async #fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    const deadlineMs = this.#parts.monotonicMs() + options.maxWaitMs
    // SQLite answers at once: without this, a loop that catches up would never let the thread's timers and sockets run.
    await setImmediate()
    if (this.#closed) return []
    for (;;) {
      // Cleared before looking, so that what arrives meanwhile ends the wait at once.
      this.#woken.clear()
      await this.#takePart()
      if (this.#closed) return []
      const records = this.#readAllOrNothing(options.maxBytes)
      const remainingMs = deadlineMs - this.#parts.monotonicMs()
      if (records.length > 0 || remainingMs <= 0 || options.signal?.aborted) return records
      await this.#woken.wait(Math.min(remainingMs, this.#pollIntervalMs()), options.signal)
      if (this.#closed) return []
    }
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<CommitOutcome> {
    this.#assertOpen()
    const { coordinator } = this.#parts
    let outcome: CommitOutcome = { ok: true }
    this.#changeGroup(
      (group) => this.#alive(group),
      (group) => {
        outcome = this.#mayCommit(group, offsets)
        if (outcome.ok) for (const position of offsets) coordinator.putOffset(this.groupId, position)
      },
    )
    return outcome
  }

  seek(position: PartitionOffset): void {
    this.#find(position, 'seek').position = position.offset
    this.#woken.set()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#find(partition, 'pause').paused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#find(partition, 'resume').paused = false
    this.#woken.set()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#assigned = []
    this.#woken.set()
    this.#parts.onClose(this)
    try {
      this.#changeGroup((group) => leave(group, this.memberId))
    } catch (error) {
      // On a full or broken disk it can't say goodbye: the session runs out instead.
      if (!(error instanceof LogError)) throw error
    }
  }

  #join(): void {
    const { run, monotonicMs } = this.#parts
    const { memberId } = this
    const topics = [...this.#options.topics]
    const nowMs = monotonicMs()
    this.#changeGroup((group) =>
      join(expire(group, run, nowMs), { memberId, run, topics, sessionTimeoutMs: this.#sessionTimeoutMs }, nowMs),
    )
    this.#nextHeartbeatMs = nowMs + this.#heartbeatIntervalMs()
  }

  /** Heartbeats, and brings this member up to the group's state: gives up partitions, takes new ones, joins again. */
  async #takePart(): Promise<void> {
    const group = this.#heartbeat()
    const me = memberOf(group, this.memberId)
    if (me === undefined) {
      // Silent for too long: the partitions belong to others by now, commits are fenced.
      await this.#giveUp()
      if (!this.#closed) this.#join()
    } else if (group.rebalancing && !me.ready) {
      await this.#giveUp()
      if (!this.#closed) {
        const nowMs = this.#parts.monotonicMs()
        this.#changeGroup((current) => surrender(current, this.memberId, nowMs))
      }
    } else if (group.rebalancing || group.generation === this.#generation) {
      return
    }
    if (!this.#closed) await this.#adopt(this.#parts.coordinator.group(this.groupId))
  }

  /** Reads the group; writes it if a heartbeat is due or a member is dead. */
  #heartbeat(): GroupState {
    const nowMs = this.#parts.monotonicMs()
    const group = this.#parts.coordinator.group(this.groupId)
    if (nowMs < this.#nextHeartbeatMs && expire(group, this.#parts.run, nowMs) === group) return group
    this.#nextHeartbeatMs = nowMs + this.#heartbeatIntervalMs()
    return this.#changeGroup((current) => this.#alive(current))
  }

  /** Dead members go, this one included if it was silent for too long; otherwise this is a sign of its life. */
  #alive(group: GroupState): GroupState {
    const nowMs = this.#parts.monotonicMs()
    const expired = expire(group, this.#parts.run, nowMs)
    const due = nowMs - (memberOf(expired, this.memberId)?.heartbeatAtMs ?? nowMs) >= this.#heartbeatIntervalMs() / 2
    return due ? heartbeat(expired, this.memberId, nowMs) : expired
  }

  async #giveUp(): Promise<void> {
    const partitions = this.assignment()
    if (partitions.length > 0) await this.#options.onRevoke?.(partitions)
    this.#assigned = []
  }

  async #adopt(group: GroupState): Promise<void> {
    const me = memberOf(group, this.memberId)
    if (me === undefined || group.rebalancing || group.generation === this.#generation) return
    this.#assigned = me.assignment.map((of) => this.#start(of))
    this.#generation = group.generation
    this.#turn = 0
    const partitions = this.assignment()
    if (partitions.length > 0) await this.#begin(partitions)
  }

  /** Whoever begins may have a long state to read: the group hears meanwhile that it lives. */
  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    const endMs = this.#parts.monotonicMs() + LONGEST_BEGINNING_MS
    const beats = setInterval(() => {
      if (this.#parts.monotonicMs() > endMs) return
      try {
        this.#heartbeat()
      } catch {
        // A full or broken disk: the next fetch finds out, and says it.
      }
    }, this.#heartbeatIntervalMs())
    try {
      await this.#options.onAssign?.(partitions)
    } finally {
      clearInterval(beats)
    }
  }

  #start(of: TopicPartition): Assigned {
    const { coordinator, topic } = this.#parts
    const file = topic(of.topic)
    const extent = file.extents()[of.partition]!
    const committed = coordinator.offset(this.groupId, of)
    // Beyond the end: the topic's file was removed or replaced, so that the offset means nothing any more.
    const known = committed !== null && committed <= extent.end ? committed : null
    const position = known ?? (this.#options.startFrom === 'earliest' ? extent.start : extent.end)
    // "Latest" is decided once: after a rebalance before the first commit it must not skip what came between.
    if (known === null && this.#options.startFrom === 'latest') {
      coordinator.startAt(this.groupId, { ...of, offset: position })
    }
    return { ...of, file, position, paused: false }
  }

  /** A partition that can't be read must not lose the records that others gave before it. */
  #readAllOrNothing(maxBytes: number): LogRecord[] {
    const positions = this.#assigned.map(({ position }) => position)
    try {
      return this.#read(maxBytes)
    } catch (error) {
      for (const [i, assigned] of this.#assigned.entries()) assigned.position = positions[i]!
      throw error
    }
  }

  /** A share of the bytes for each partition, then what is left for those with more, starting one further each time. */
  #read(maxBytes: number): LogRecord[] {
    const records: LogRecord[] = []
    const readable = this.#readable()
    if (readable.length === 0) return records
    const first = this.#turn++ % readable.length
    const inTurn = [...readable.slice(first), ...readable.slice(0, first)]
    let left = maxBytes
    for (const share of [Math.ceil(maxBytes / inTurn.length), maxBytes]) {
      for (const { assigned, end } of inTurn) {
        if (left <= 0) return records
        if (assigned.position >= end) continue
        const limits = { maxBytes: Math.min(share, left), maxRecords: MAX_RECORDS_PER_READ }
        left -= assigned.file.read(assigned.partition, assigned.position, limits, records)
        const last = records.at(-1)
        if (last !== undefined && last.topic === assigned.topic && last.partition === assigned.partition) {
          assigned.position = last.offset + 1
        }
      }
    }
    return records
  }

  /** The partitions with something to read, and where that ends. */
  #readable(): { assigned: Assigned; end: number }[] {
    const ends = new Map<TopicFile, number[]>()
    return this.#assigned.flatMap((assigned) => {
      if (assigned.paused) return []
      const ofTopic = ends.get(assigned.file) ?? assigned.file.ends()
      ends.set(assigned.file, ofTopic)
      const end = ofTopic[assigned.partition]!
      return assigned.position < end ? [{ assigned, end }] : []
    })
  }

  #mayCommit(group: GroupState, offsets: readonly PartitionOffset[]): CommitOutcome {
    const me = memberOf(group, this.memberId)
    if (me === undefined || (group.generation !== this.#generation && this.#generation !== 0)) {
      return { ok: false, reason: 'fenced' }
    }
    const own = (of: TopicPartition) => this.#assigned.some((a) => a.topic === of.topic && a.partition === of.partition)
    return offsets.every(own) ? { ok: true } : { ok: false, reason: 'not_assigned' }
  }

  #changeGroup(change: (group: GroupState) => GroupState, then?: (group: GroupState) => void): GroupState {
    const partitionsOf = (topic: string) => this.#parts.topic(topic).partitions
    let before: GroupState | undefined
    const after = this.#parts.coordinator.updateGroup(
      this.groupId,
      (group) => {
        before = group
        return settle(change(group), partitionsOf)
      },
      then,
    )
    if (after.rebalancing !== before?.rebalancing || after.generation !== before.generation) {
      this.#parts.wakeups.notify(groupSubject(this.groupId))
    }
    return after
  }

  #find(of: TopicPartition, what: string): Assigned {
    const found = this.#assigned.find((a) => a.topic === of.topic && a.partition === of.partition)
    if (found === undefined)
      throw new Error(`cannot ${what} ${of.topic}/${of.partition}: it is not assigned to this member`)
    return found
  }

  #heartbeatIntervalMs(): number {
    return Math.min(this.#sessionTimeoutMs / 6, 3_000)
  }

  #pollIntervalMs(): number {
    return Math.min(POLL_INTERVAL_MS, this.#heartbeatIntervalMs())
  }

  #assertOpen(): void {
    if (this.#closed) throw new LogError('closed', `the consumer of ${this.groupId} is closed`)
  }
}
