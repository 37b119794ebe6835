/**
 * A member of a group on the simulated log, in the style of either adapter. `embedded`: all of the group's protocol happens inside of
 * a fetch. `kafka`: it goes on behind the back of who fetches, so that partitions may be taken away at any time.
 */
import type {
  CommitOutcome,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  LogRecord,
  PartitionOffset,
  TopicPartition,
} from '../../storage/log/port.ts'
import { LogError } from '../../storage/log/port.ts'
import type { LogServer, NewGeneration } from './log-server.ts'
import { partitionName } from './log-server.ts'
import type { SimulatedProcess } from './process.ts'
import type { Random } from './random.ts'

export type ConsumerStyle = 'embedded' | 'kafka'

/** Told what a member was given. */
export interface DeliveryObserver {
  onAssigned(groupId: string, memberId: string, generation: number, position: PartitionOffset): void
  onDelivered(groupId: string, memberId: string, generation: number, record: LogRecord): void
  /** Reads a partition again. */
  onSeek(groupId: string, position: PartitionOffset): void
}

export interface ConsumerParts {
  readonly server: LogServer
  readonly process: SimulatedProcess
  readonly random: Random
  readonly style: ConsumerStyle
  readonly maxFetchRecords: number
  readonly deliveries: DeliveryObserver
}

export const SESSION_TIMEOUT_MS = 1_500
const HEARTBEAT_MS = 300
const RETRY_MS = 100
const SYNC_MS = 40

interface Assigned extends TopicPartition {
  position: number
  isPaused: boolean
}

/** As of the Kafka adapter: between `lost` or `outside` and `member` nothing is read. */
type State = 'outside' | 'joining' | 'member' | 'lost'

export class SimulatedConsumer implements Consumer {
  readonly groupId: string
  readonly memberId: string
  readonly #options: ConsumerOptions
  readonly #parts: ConsumerParts
  readonly #unwatch: () => void
  #state: State = 'outside'
  #generation = 0
  #assigned: Assigned[] = []
  #working: Promise<void> | null = null
  #lastBeatMs = Number.NEGATIVE_INFINITY
  #retryAtMs = Number.NEGATIVE_INFINITY
  #woken = Promise.withResolvers<void>()
  #isFetching = false
  #isClosed = false

  constructor(options: ConsumerOptions, parts: ConsumerParts) {
    this.groupId = options.groupId
    this.memberId = parts.process.newId()
    this.#options = options
    this.#parts = parts
    this.#unwatch = parts.server.watch(() => this.#wake())
  }

  generation(): number {
    return this.#generation
  }

  assignment(): readonly TopicPartition[] {
    return this.#assigned.map(({ topic, partition }) => ({ topic, partition }))
  }

  async fetch(options: { maxBytes: number; maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    this.#assertOpen()
    if (this.#isFetching) throw new Error('one fetch at a time')
    this.#isFetching = true
    try {
      return await this.#fetch(options)
    } finally {
      this.#isFetching = false
    }
  }

  async #fetch({ maxWaitMs, signal }: { maxWaitMs: number; signal?: AbortSignal }): Promise<LogRecord[]> {
    const { process, style } = this.#parts
    const deadlineMs = process.nowMs() + maxWaitMs
    for (;;) {
      this.#woken = Promise.withResolvers()
      const work = this.#takePart()
      if (style === 'embedded') await work
      if (this.#isAlive) {
        const [first] = this.#readable()
        if (first !== undefined) {
          await process.request({ what: `fetch of ${this.groupId}`, service: 'log', apply: () => undefined })
          // Meanwhile it may all be another's.
          const records = this.#isAlive && !this.#isClosed ? this.#take() : []
          if (records.length > 0) return records
        }
      }
      const nowMs = process.nowMs()
      if (signal?.aborted || nowMs >= deadlineMs || this.#isClosed) return []
      await this.#wait(Math.min(deadlineMs, Math.max(this.#dueAtMs, nowMs + 10)) - nowMs, signal)
    }
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<CommitOutcome> {
    this.#assertOpen()
    if (offsets.length === 0) return { ok: true }
    const { server, process } = this.#parts
    const { groupId, memberId } = this
    const generation = this.#generation
    if (this.#state !== 'member' && this.#state !== 'lost') return { ok: false, reason: 'fenced' }
    const mine = new Set(this.#assigned.map(partitionName))
    if (!offsets.every((of) => mine.has(partitionName(of)))) return { ok: false, reason: 'not_assigned' }
    return process.request({
      what: `commit ${offsets.map((of) => `${partitionName(of)}@${of.offset}`).join(' ')} of ${groupId} ${generation}`,
      service: 'log',
      apply: () => server.commit(groupId, memberId, generation, offsets),
      isRepeatable: true,
    })
  }

  seek({ topic, partition, offset }: PartitionOffset): void {
    for (const found of this.#find({ topic, partition })) found.position = offset
    this.#parts.deliveries.onSeek(this.groupId, { topic, partition, offset })
    this.#wake()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const found of partitions.flatMap((of) => this.#find(of))) found.isPaused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const found of partitions.flatMap((of) => this.#find(of))) found.isPaused = false
    this.#wake()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unwatch()
    this.#woken.resolve()
    await this.#working
    this.#assigned = []
    const { server, process } = this.#parts
    const { groupId, memberId } = this
    const leave = { what: `leave ${groupId}`, service: 'log', apply: () => server.leave(groupId, memberId) } as const
    // The session runs out instead.
    await process.request(leave).catch(() => undefined)
  }

  get #isAlive(): boolean {
    return this.#state === 'member' && this.#parts.process.nowMs() - this.#lastBeatMs < SESSION_TIMEOUT_MS
  }

  get #dueAtMs(): number {
    if (this.#working !== null) return Number.POSITIVE_INFINITY
    return this.#state === 'member' ? Math.max(this.#retryAtMs, this.#lastBeatMs + HEARTBEAT_MS) : this.#retryAtMs
  }

  /** Joins, or says that it lives, when it is time to. */
  #takePart(): Promise<void> | null {
    if (this.#working !== null || this.#isClosed || this.#parts.process.nowMs() < this.#dueAtMs) return this.#working
    const work = this.#state === 'member' ? this.#beat() : this.#join()
    this.#working = work.finally(() => {
      this.#working = null
      this.#wake()
    })
    if (this.#parts.style === 'kafka') this.#working.catch(() => undefined)
    return this.#working
  }

  async #beat(): Promise<void> {
    const { server, process } = this.#parts
    const { groupId, memberId } = this
    const generation = this.#generation
    const sentAtMs = process.nowMs()
    const apply = () => server.heartbeat(groupId, memberId, generation)
    let answer: ReturnType<typeof apply>
    try {
      answer = await process.request({ what: `heartbeat of ${groupId}`, service: 'log', apply })
    } catch {
      this.#retryAtMs = process.nowMs() + RETRY_MS
      return
    }
    if (answer === 'unknown') this.#state = 'lost'
    else this.#lastBeatMs = sentAtMs
    if (answer !== 'ok') await this.#join()
  }

  async #join(): Promise<void> {
    if (this.#assigned.length > 0) {
      try {
        await this.#options.onRevoke?.(this.assignment())
      } catch (error) {
        if (this.#parts.style === 'embedded') throw error
      }
      this.#assigned = []
    }
    this.#state = 'joining'
    while (!this.#isClosed) {
      const joined = await this.#joinOnce()
      if (joined === null) continue
      const { generation, positions } = joined
      const { deliveries, process } = this.#parts
      this.#generation = generation
      this.#assigned = positions.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        position: offset,
        isPaused: false,
      }))
      for (const position of positions) deliveries.onAssigned(this.groupId, this.memberId, generation, position)
      this.#lastBeatMs = process.nowMs()
      this.#state = 'member'
      await this.#options.onAssign?.(this.assignment())
      return
    }
  }

  async #joinOnce(): Promise<NewGeneration | null> {
    const { server, process } = this.#parts
    const { groupId, memberId } = this
    const { topics } = this.#options
    try {
      await process.request({
        what: `join ${groupId}`,
        service: 'log',
        apply: () => server.join(groupId, memberId, topics, SESSION_TIMEOUT_MS),
      })
      for (;;) {
        const answer = await process.request({
          what: `wait for ${groupId}`,
          service: 'log',
          apply: () => server.newGeneration(groupId, memberId),
        })
        if (answer === 'join again') return null
        if (answer !== null) return answer
        if (this.#isClosed) return null
        await process.sleep(SYNC_MS)
      }
    } catch {
      await process.sleep(RETRY_MS)
      return null
    }
  }

  #readable(): Assigned[] {
    return this.#assigned.filter((one) => !one.isPaused && one.position < this.#parts.server.endOf(one))
  }

  /** Some of what there is: how much of which partition is the broker's affair. */
  #take(): LogRecord[] {
    const { server, random, deliveries, maxFetchRecords } = this.#parts
    const records: LogRecord[] = []
    let left = random.int(1, maxFetchRecords)
    for (const assigned of random.shuffled(this.#readable())) {
      if (left === 0) break
      const some = server.read(assigned, assigned.position, random.int(1, left))
      left -= some.length
      assigned.position += some.length
      for (const record of some) {
        deliveries.onDelivered(this.groupId, this.memberId, this.#generation, record)
        records.push(record)
      }
    }
    return records
  }

  async #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController()
    const end = () => over.abort()
    signal?.addEventListener('abort', end, { once: true })
    await Promise.race([this.#woken.promise, this.#parts.process.sleep(ms, over.signal)])
    signal?.removeEventListener('abort', end)
    end()
  }

  #wake(): void {
    this.#parts.process.after(0, () => this.#woken.resolve())
  }

  /** Behind whose back partitions may go, for that it is no mistake to speak of one that went. */
  #find(of: TopicPartition): Assigned[] {
    const found = this.#assigned.filter(({ topic, partition }) => topic === of.topic && partition === of.partition)
    if (found.length === 0 && this.#parts.style === 'embedded') {
      throw new Error(`${partitionName(of)} is not assigned to this member`)
    }
    return found
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LogError('closed', `the consumer of ${this.groupId} is closed`)
  }
}
