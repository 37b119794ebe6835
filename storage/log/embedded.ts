/** The embedded log: Kafka's semantics on SQLite files in the data folder, for all threads of one process. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DataFolder } from '../data-folder.ts'
import { openDataFolder } from '../data-folder.ts'
import { AppendQueue } from './embedded/append-queue.ts'
import { EmbeddedConsumer } from './embedded/consumer.ts'
import { CoordinatorFile } from './embedded/coordinator-file.ts'
import type { LogReport, RetentionParts } from './embedded/retention.ts'
import { enforceRetention, groupsBehind, makeRoom } from './embedded/retention.ts'
import type { Durability } from './embedded/sqlite.ts'
import { EmbeddedTail } from './embedded/tail.ts'
import { TopicFile, TopicFullError } from './embedded/topic-file.ts'
import { topicSubject, Wakeups } from './embedded/wakeups.ts'
import { partitionOfKey } from './murmur2.ts'
import type {
  AppendedPosition,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  LogRecord,
  PartitionOffset,
  RecordChange,
  RecordToAppend,
  Tail,
  TailedLog,
  TopicSpec,
} from './port.ts'
import { LogError } from './port.ts'

export type { LogReport } from './embedded/retention.ts'
export type { Durability } from './embedded/sqlite.ts'

export interface EmbeddedLogOptions {
  /**
   * The data folder. `:memory:` takes a new temporary folder that is removed on close; other threads open that one by the path
   * which `dataDir` of the opened log tells.
   */
  dataDir: string
  /** Milliseconds since the epoch: append times and retention. */
  nowMs?: () => number
  /** Milliseconds of a clock that never steps and is the same in all threads: sessions of group members. */
  monotonicMs?: () => number
  onReport?: (report: LogReport) => void
  /** `process` (default): survives SIGKILL. `power`: an fsync a transaction, survives the loss of power too. */
  durability?: Durability
  /** How often the thread that holds the folder's lock enforces retention; null never does by itself. */
  retentionIntervalMs?: number | null
}

export interface EmbeddedLog extends TailedLog {
  /** The real path of the data folder. */
  readonly dataDir: string
  /** Deletes what retention allows, now. */
  enforceRetention(): Promise<void>
}

interface OpenTopic {
  file: TopicFile
  queue: AppendQueue
}

/**
 * Opens the log in a data folder, which it creates and locks if this process hasn't yet; several threads and several instances
 * of one process may have it open. Rejects with `LogError`: `locked` (another process has it), `full`, `io`.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const opened = openDataFolder(options.dataDir)
  if (!opened.ok) {
    const code = opened.code === 'in_use' ? 'locked' : opened.code === 'disk_full' ? 'full' : 'io'
    throw new LogError(code, opened.message)
  }
  try {
    return new SqliteLog(opened.folder, options)
  } catch (error) {
    opened.folder.close()
    throw error
  }
}

/** What is still in the journal then goes with the next records. */
const EMPTYING_ATTEMPTS = 100

class SqliteLog implements EmbeddedLog {
  readonly dataDir: string
  readonly #folder: DataFolder
  readonly #options: EmbeddedLogOptions
  readonly #nowMs: () => number
  readonly #topicsDir: string
  readonly #durability: Durability
  readonly #coordinator: CoordinatorFile
  readonly #wakeups: Wakeups
  readonly #topics = new Map<string, OpenTopic>()
  readonly #consumers = new Set<EmbeddedConsumer>()
  readonly #tails = new Set<EmbeddedTail>()
  readonly #retentionTimer: NodeJS.Timeout | null
  #retention: Promise<void> | null = null
  #closed = false

  constructor(folder: DataFolder, options: EmbeddedLogOptions) {
    this.#folder = folder
    this.dataDir = folder.path
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#durability = options.durability ?? 'process'
    this.#topicsDir = join(folder.path, 'log', 'topics')
    makeFolder(this.#topicsDir)
    this.#coordinator = new CoordinatorFile(join(folder.path, 'log', 'groups.db'), this.#durability)
    this.#wakeups = new Wakeups(folder.path)
    const intervalMs = options.retentionIntervalMs === undefined ? 60_000 : options.retentionIntervalMs
    this.#retentionTimer = folder.holdsLock && intervalMs !== null ? this.#startRetention(intervalMs) : null
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen()
    for (const spec of topics) {
      assertSpec(spec)
      const file = this.#topics.get(spec.name)?.file ?? this.#open(spec.name, spec).file
      file.updateRetention(spec)
    }
  }

  async append(topic: string, records: readonly RecordToAppend[]): Promise<AppendedPosition[]> {
    this.#assertOpen()
    if (records.length === 0) return []
    return this.#topic(topic).queue.append(records)
  }

  async partitionsOf(topic: string): Promise<number> {
    return this.#topic(topic).file.partitions
  }

  partitionFor(topic: string, key: string): number {
    return partitionOfKey(key, this.#topic(topic).file.partitions)
  }

  async openConsumer(options: ConsumerOptions): Promise<Consumer> {
    this.#assertOpen()
    const consumer = new EmbeddedConsumer(options, {
      coordinator: this.#coordinator,
      topic: (name) => this.#topic(name).file,
      wakeups: this.#wakeups,
      run: this.#folder.run,
      monotonicMs: this.#options.monotonicMs ?? monotonicMs,
      onClose: (closed) => this.#consumers.delete(closed),
    })
    this.#consumers.add(consumer)
    return consumer
  }

  async openTail(positions: readonly PartitionOffset[]): Promise<Tail> {
    this.#assertOpen()
    const tail: EmbeddedTail = new EmbeddedTail(positions, {
      topic: (name) => this.#topic(name).file,
      wakeups: this.#wakeups,
      onClose: () => this.#tails.delete(tail),
    })
    this.#tails.add(tail)
    return tail
  }

  async offsetsForTime(topic: string, timeMs: number): Promise<PartitionOffset[]> {
    const { file } = this.#topic(topic)
    return Array.from({ length: file.partitions }, (_, partition) => ({
      topic,
      partition,
      offset: file.offsetForTime(partition, timeMs),
    }))
  }

  async read(
    topic: string,
    partition: number,
    fromOffset: number,
    maxRecords: number,
    maxBytes = Number.POSITIVE_INFINITY,
  ): Promise<LogRecord[]> {
    const records: LogRecord[] = []
    this.#topic(topic).file.read(partition, fromOffset, { maxBytes, maxRecords }, records)
    return records
  }

  async endOffsets(topic: string): Promise<{ partition: number; start: number; end: number }[]> {
    const extents = this.#topic(topic).file.extents()
    return extents.map(({ partition, start, end }) => ({ partition, start, end }))
  }

  async committed(groupId: string): Promise<CommittedOffset[]> {
    this.#assertOpen()
    return this.#coordinator.offsets(groupId)
  }

  async rewrite(topic: string, changes: readonly RecordChange[]): Promise<void> {
    this.#assertOpen()
    const { file } = this.#topic(topic)
    file.rewrite(changes)
    for (let attempt = 1; !file.emptyJournal() && attempt < EMPTYING_ATTEMPTS; attempt++) {
      // Another thread is reading.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  enforceRetention(): Promise<void> {
    this.#assertOpen()
    this.#retention ??= this.#enforceRetention().finally(() => {
      this.#retention = null
    })
    return this.#retention
  }

  async close(): Promise<void> {
    if (this.#closed) return
    if (this.#retentionTimer !== null) clearInterval(this.#retentionTimer)
    for (const consumer of this.#consumers) await consumer.close()
    for (const tail of this.#tails) await tail.close()
    for (const { queue } of this.#topics.values()) queue.flush()
    this.#closed = true
    await this.#retention
    for (const { file } of this.#topics.values()) file.close()
    this.#coordinator.close()
    this.#wakeups.close()
    this.#folder.close()
  }

  async #enforceRetention(): Promise<void> {
    for (const name of this.#topicNames()) {
      if (this.#closed) return
      try {
        await enforceRetention(this.#topic(name).file, this.#retentionParts())
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        if (!this.#closed) this.#report({ kind: 'retention_failed', topic: name, error })
      }
    }
  }

  #retentionParts(): RetentionParts {
    return {
      coordinator: this.#coordinator,
      nowMs: this.#nowMs,
      report: (report) => this.#report(report),
      pause: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        if (this.#closed) throw new LogError('closed', 'the log was closed')
      },
    }
  }

  #startRetention(intervalMs: number): NodeJS.Timeout {
    const timer = setInterval(() => {
      this.enforceRetention().catch((error: unknown) => {
        const cause = error instanceof Error ? error : new Error(String(error))
        // Whatever it is, it is no reason to end the process: the next time comes.
        if (!this.#closed) this.#report({ kind: 'retention_failed', topic: 'all topics', error: cause })
      })
    }, intervalMs)
    timer.unref()
    return timer
  }

  #report(report: LogReport): void {
    this.#options.onReport?.(report)
  }

  #topic(name: string): OpenTopic {
    this.#assertOpen()
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    // Another thread may have created it.
    if (!isTopicName(name) || !existsSync(this.#pathOf(name))) {
      throw new LogError('unknown_topic', `there is no topic ${name} in ${this.dataDir}`)
    }
    return this.#open(name, null)
  }

  #open(name: string, spec: TopicSpec | null): OpenTopic {
    const file = TopicFile.open(this.#pathOf(name), { durability: this.#durability, spec })
    const queue = new AppendQueue((batches) => {
      const positions = this.#write(file, batches)
      this.#wakeups.notify(topicSubject(name))
      return positions
    })
    const topic = { file, queue }
    this.#topics.set(name, topic)
    return topic
  }

  #write(file: TopicFile, batches: readonly (readonly RecordToAppend[])[]): AppendedPosition[][] {
    try {
      return file.append(batches, this.#nowMs())
    } catch (error) {
      if (!(error instanceof TopicFullError)) throw error
      const freed = makeRoom(file, error.missingBytes, error.retentionBytes, {
        coordinator: this.#coordinator,
        report: (report) => this.#report(report),
      })
      if (freed < error.missingBytes) {
        const groups = groupsBehind(file, this.#coordinator).join(', ')
        throw new LogError('full', `${error.message}; behind: ${groups}`, { cause: error })
      }
      return file.append(batches, this.#nowMs())
    }
  }

  #topicNames(): string[] {
    const files = readdirSync(this.#topicsDir)
    return files.filter((file) => file.endsWith('.db')).map((file) => file.slice(0, -'.db'.length))
  }

  #pathOf(topic: string): string {
    return join(this.#topicsDir, `${topic}.db`)
  }

  #assertOpen(): void {
    if (this.#closed) throw new LogError('closed', 'the log is closed')
  }
}

const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n)

function isTopicName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,99}$/i.test(name)
}

function assertSpec(spec: TopicSpec): void {
  if (!isTopicName(spec.name)) throw new RangeError(`${JSON.stringify(spec.name)} is not a topic name`)
  if (!Number.isInteger(spec.partitions) || spec.partitions < 1 || spec.partitions > 1000) {
    throw new RangeError(`topic ${spec.name} must have 1 to 1000 partitions, not ${spec.partitions}`)
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
      throw new LogError('full', `no space left to create ${path}`, { cause: error })
    }
    throw new LogError('io', `cannot create ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}
