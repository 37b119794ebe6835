/**
 * One member of a consumer group, by the classic group protocol: join, synchronise, beat the heart, commit, leave.
 * https://kafka.apache.org/protocol (JoinGroup, SyncGroup, Heartbeat, OffsetCommit, LeaveGroup)
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CommitOutcome,
  type CommittedOffset,
  LONGEST_BEGINNING_MS,
  type PartitionOffset,
  type TopicPartition,
} from '../port.ts'
import { ASSIGNOR, assignEvenly, decodeAssignment, encodeSubscription } from './assignor.ts'
import { type Broker, type Cluster, errorTypeOf } from './kafkajs-internals.ts'
import { partitionName } from './partition-buffers.ts'

export interface MembershipOptions {
  cluster: Cluster
  groupId: string
  topics: readonly string[]
  startFrom: 'earliest' | 'latest'
  sessionTimeoutMs: number
  /** Milliseconds of a clock that never steps. */
  monotonicMs: () => number
  /** Partitions are about to go: the last chance to commit, unless they are lost already. */
  onRevoke: (partitions: readonly TopicPartition[]) => Promise<void>
  /** With the positions to read from. */
  onAssign: (positions: readonly PartitionOffset[]) => Promise<void>
  /** The state has changed, or something failed. */
  onChange: () => void
}

/**
 * `member`: of the generation, until told otherwise. `lost`: the broker has given the partitions away. `joining`: between
 * generations. `outside`: not yet in the group, or out of it.
 */
type State = 'outside' | 'joining' | 'member' | 'lost'

/** What the broker answers to a member that it does not, or no longer, count in this generation. */
const NOT_A_MEMBER = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']
/** While a group re-forms, those of the generation before may not commit any more. */
const FENCED = [...NOT_A_MEMBER, 'REBALANCE_IN_PROGRESS']
const REBALANCE_TIMEOUT_MS = 60_000
/** A rebalance waits for the slowest heart. */
const MAX_HEARTBEAT_MS = 1_000
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 5_000
const COMMIT_ATTEMPTS = 5
/** A coordinator that loads, or moves, is back within so many attempts, two seconds or so: nobody needs to hear of it. */
export const PATIENCE = 4

export class Membership {
  readonly #options: MembershipOptions
  #state: State = 'outside'
  #memberId = ''
  #generation = 0
  #assignment: readonly TopicPartition[] = []
  #coordinator: Broker | null = null
  #joining: Promise<void> | null = null
  #beating: Promise<void> | null = null
  #lastBeatMs = 0
  #retryAtMs = 0
  #failures = 0
  #failure: unknown = null
  #isClosed = false

  constructor(options: MembershipOptions) {
    this.#options = options
  }

  get memberId(): string {
    return this.#memberId
  }

  get generation(): number {
    return this.#generation
  }

  get assignment(): readonly TopicPartition[] {
    return this.#assignment
  }

  /** Partitions may be read: the broker was told within the session that this member lives. */
  get isAlive(): boolean {
    return this.#state === 'member' && this.#options.monotonicMs() - this.#lastBeatMs < this.#options.sessionTimeoutMs
  }

  /** When `takePart` has something to do next, by the clock of the options; `onChange` tells when what is under way is over. */
  get dueAtMs(): number {
    if (this.#joining !== null || this.#beating !== null) return Number.POSITIVE_INFINITY
    if (this.#state !== 'member') return this.#retryAtMs
    return Math.max(this.#retryAtMs, this.#lastBeatMs + this.#heartbeatMs())
  }

  takeFailure(): unknown {
    const failure = this.#failure
    this.#failure = null
    return failure
  }

  /** Joins, or beats the heart when it is time; what comes of it is told by `onChange`. */
  takePart(): void {
    if (this.#isClosed || this.#options.monotonicMs() < this.dueAtMs) return
    if (this.#state === 'member') this.#beat()
    else this.#startJoining()
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<CommitOutcome> {
    if (offsets.length === 0) return { ok: true }
    if (this.#state !== 'member') return { ok: false, reason: 'fenced' }
    const mine = new Set(this.#assignment.map(partitionName))
    if (!offsets.every((offset) => mine.has(partitionName(offset)))) return { ok: false, reason: 'not_assigned' }
    const generation = this.#generation
    for (let attempt = 1; ; attempt++) {
      try {
        const coordinator = await this.#findCoordinator()
        await coordinator.offsetCommit({
          groupId: this.#options.groupId,
          memberId: this.#memberId,
          groupGenerationId: generation,
          topics: offsets.map(({ topic, partition, offset, note }) => ({
            topic,
            partitions: [{ partition, offset: String(offset), ...(note !== undefined && { metadata: note }) }],
          })),
        })
        return { ok: true }
      } catch (error) {
        if (FENCED.includes(errorTypeOf(error))) return { ok: false, reason: 'fenced' }
        if (attempt === COMMIT_ATTEMPTS || this.#isClosed) throw error
        this.#coordinator = null
        await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * 2 ** attempt))
      }
    }
  }

  /** Leaves the group, so that the others need not wait for the session to end. */
  async close(): Promise<void> {
    this.#isClosed = true
    // Half in a group, a member is waited for by all the others.
    await this.#joining
    const { groupId } = this.#options
    if (this.#memberId !== '' && this.#coordinator !== null) {
      await this.#coordinator.leaveGroup({ groupId, memberId: this.#memberId }).catch(() => {
        // The session's end does the same, later.
      })
    }
    this.#state = 'outside'
    this.#assignment = []
  }

  #heartbeatMs(): number {
    return Math.min(this.#options.sessionTimeoutMs / 3, MAX_HEARTBEAT_MS)
  }

  #beat(): void {
    this.#beating = this.#sendHeartbeat().finally(() => {
      this.#beating = null
      this.#options.onChange()
    })
  }

  async #sendHeartbeat(): Promise<void> {
    const { groupId, monotonicMs } = this.#options
    const sentAtMs = monotonicMs()
    try {
      const coordinator = await this.#findCoordinator()
      await coordinator.heartbeat({ groupId, memberId: this.#memberId, groupGenerationId: this.#generation })
      this.#lastBeatMs = sentAtMs
      this.#failures = 0
    } catch (error) {
      const type = errorTypeOf(error)
      if (type === 'REBALANCE_IN_PROGRESS') {
        // The broker counts it as a sign of life, and the old generation may commit until this member joins again.
        this.#lastBeatMs = sentAtMs
        this.#startJoining()
      } else if (NOT_A_MEMBER.includes(type)) {
        if (type === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
        this.#state = 'lost'
        this.#startJoining()
      } else this.#fail(error)
    }
  }

  #startJoining(): void {
    this.#joining = this.#join().finally(() => {
      this.#joining = null
      this.#options.onChange()
    })
  }

  async #join(): Promise<void> {
    const { onRevoke } = this.#options
    if (this.#assignment.length > 0) {
      try {
        await onRevoke(this.#assignment)
      } catch (error) {
        // What it could not commit comes again: the group must not wait for it.
        this.#failure = error
      }
      this.#assignment = []
    }
    this.#state = 'joining'
    while (!this.#isClosed) {
      try {
        await this.#joinOnce()
        this.#failures = 0
        return
      } catch (error) {
        const type = errorTypeOf(error)
        if (type === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
        // Somebody came or went meanwhile: at once again.
        else if (type !== 'REBALANCE_IN_PROGRESS') {
          this.#fail(error)
          this.#options.onChange()
          await new Promise((resolve) =>
            setTimeout(resolve, Math.max(0, this.#retryAtMs - this.#options.monotonicMs())),
          )
        }
      }
    }
  }

  async #joinOnce(): Promise<void> {
    const { cluster, groupId, topics, sessionTimeoutMs, monotonicMs, onAssign } = this.#options
    const coordinator = await this.#findCoordinator()
    const joined = await coordinator.joinGroup({
      groupId,
      memberId: this.#memberId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      groupProtocols: [{ name: ASSIGNOR, metadata: encodeSubscription(topics) }],
    })
    this.#memberId = joined.memberId
    const { generationId } = joined
    const isLeader = joined.leaderId === joined.memberId
    if (isLeader) await cluster.refreshMetadata()
    const groupAssignment = isLeader
      ? assignEvenly(joined.members, (topic) =>
          cluster
            .findTopicPartitionMetadata(topic)
            .map(({ partitionId }) => partitionId)
            .toSorted((a, b) => a - b),
        )
      : []
    const syncedAtMs = monotonicMs()
    const { memberAssignment } = await coordinator.syncGroup({
      groupId,
      generationId,
      memberId: joined.memberId,
      groupAssignment,
    })
    const assignment = decodeAssignment(memberAssignment).filter(({ topic }) => topics.includes(topic))
    const positions = await this.#positionsOf(coordinator, assignment)
    this.#generation = generationId
    this.#assignment = assignment
    this.#lastBeatMs = syncedAtMs
    await this.#beatUntil(onAssign(positions), coordinator)
    this.#state = 'member'
  }

  /**
   * Whoever begins may have a long state to read: the group hears meanwhile that it lives. Without that, one that needs longer than
   * its session would lose its partitions at each beginning, and never come to its work.
   */
  async #beatUntil(begun: Promise<void>, coordinator: Broker): Promise<void> {
    const { groupId, monotonicMs } = this.#options
    const endMs = monotonicMs() + LONGEST_BEGINNING_MS
    let isOver = false
    const over = begun.finally(() => {
      isOver = true
    })
    while (!isOver && monotonicMs() < endMs) {
      await Promise.race([over, sleep(this.#heartbeatMs(), undefined, { ref: false })])
      if (isOver) break
      const sentAtMs = monotonicMs()
      try {
        await coordinator.heartbeat({ groupId, memberId: this.#memberId, groupGenerationId: this.#generation })
      } catch (error) {
        // That others come or go can wait until it has begun. Anything else is told by the first heartbeat after that.
        if (errorTypeOf(error) !== 'REBALANCE_IN_PROGRESS') break
      }
      this.#lastBeatMs = sentAtMs
    }
    await over
  }

  /** Where the group is, or where it starts. */
  async #positionsOf(coordinator: Broker, assignment: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    if (assignment.length === 0) return []
    const { cluster, groupId, startFrom } = this.#options
    const topics = [...new Set(assignment.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: assignment.filter((of) => of.topic === topic).map(({ partition }) => ({ partition })),
    }))
    const { responses } = await coordinator.offsetFetch({ groupId, topics })
    const known = new Map<string, number>()
    const take = (topic: string, partitions: readonly { partition: number; offset: string }[]): void => {
      for (const { partition, offset } of partitions) {
        if (Number(offset) >= 0) known.set(partitionName({ topic, partition }), Number(offset))
      }
    }
    for (const { topic, partitions } of responses) take(topic, partitions)
    const isNew = (topic: string, partition: number): boolean => !known.has(partitionName({ topic, partition }))
    const without = topics
      .map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.filter(({ partition }) => isNew(topic, partition)),
        fromBeginning: startFrom === 'earliest',
      }))
      .filter(({ partitions }) => partitions.length > 0)
    if (without.length > 0) {
      for (const { topic, partitions } of await cluster.fetchTopicsOffset(without)) take(topic, partitions)
    }
    return assignment.map((of) => {
      const offset = known.get(partitionName(of))
      if (offset === undefined) throw new Error(`the broker did not say where ${partitionName(of)} begins`)
      return { ...of, offset }
    })
  }

  async #findCoordinator(): Promise<Broker> {
    const { cluster, groupId } = this.#options
    this.#coordinator ??= await cluster.findGroupCoordinator({ groupId })
    return this.#coordinator
  }

  /** Mostly the coordinator is another broker by now, or none can be reached. */
  #fail(error: unknown): void {
    this.#coordinator = null
    if (this.#failures >= PATIENCE) this.#failure = error
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS)
    this.#retryAtMs = this.#options.monotonicMs() + waitMs
  }
}
