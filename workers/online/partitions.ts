/** How far the evaluate loop is in each partition that it has. */
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import type { Processed } from '../../storage/log/in-hand.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import type { TraceAssembly } from './assembly.ts'
import { type AssemblyTimes, DEFAULT_TIMES } from './assembly-times.ts'
import { defaultJoinBudget } from './message-join.ts'
import { PartitionProgress } from './partition-progress.ts'
import { type AssemblyBudget, defaultBudget } from './traces-in-memory.ts'

const IDLE_WAIT_MS = 1_000
/** A trace that is due waits for the records before that; while these cannot be read yet, the loop must not spin. */
const MIN_WAIT_MS = 5
/** A commit is a transaction of its own; what it saves is only work after a restart. */
export const COMMIT_INTERVAL_MS = 250

export class Partitions {
  readonly #times: AssemblyTimes
  /** Shared by all. */
  readonly #budget: AssemblyBudget
  readonly #joinBudget = defaultJoinBudget()
  readonly #partitions = new Map<number, PartitionProgress>()

  constructor(times: Partial<AssemblyTimes> = {}, budget: Partial<AssemblyBudget> = {}) {
    this.#times = { ...DEFAULT_TIMES, ...times }
    this.#budget = { ...defaultBudget(), ...budget }
  }

  all(): Iterable<PartitionProgress> {
    return this.#partitions.values()
  }

  get(partition: number): PartitionProgress | undefined {
    return this.#partitions.get(partition)
  }

  readonly assemblyOf = (partition: number): TraceAssembly | null | undefined => this.get(partition)?.assembly

  /** Of the record's partition, from now on. */
  of(record: LogRecord, tenant: string, evaluator: Evaluator): PartitionProgress {
    let progress = this.#partitions.get(record.partition)
    if (progress === undefined) {
      progress = new PartitionProgress(record.partition, this.#times, this.#budget, this.#joinBudget)
      this.#partitions.set(record.partition, progress)
    }
    progress.assembleIf(evaluator.needsTraces, tenant, record)
    return progress
  }

  get openTraces(): number {
    let count = 0
    for (const { assembly } of this.all()) count += assembly?.openTraces ?? 0
    return count
  }

  /** Where every record was read, time goes on without records; elsewhere the records to come say what time it is. */
  async advanceDue(nowMs: number, log: Pick<Log, 'endOffsets'>): Promise<void> {
    const due = [...this.all()].filter((progress) => progress.isDue(nowMs))
    if (due.length === 0) return
    const extents = await log.endOffsets(AGENT_TRACES)
    for (const progress of due) if (progress.hasReadAll(extents)) progress.advance(nowMs)
  }

  /** Until a trace is due or a commit is. */
  waitMs(nowMs: number): number {
    let waitMs = IDLE_WAIT_MS
    for (const progress of this.all()) {
      const dueMs = progress.assembly?.nextDueMs() ?? null
      if (dueMs !== null) waitMs = Math.min(waitMs, dueMs - nowMs)
      if (progress.hasUncommitted()) waitMs = Math.min(waitMs, COMMIT_INTERVAL_MS)
    }
    return Math.max(MIN_WAIT_MS, waitMs)
  }

  toCommit(): Processed[] {
    return [...this.all()].flatMap((progress) => progress.toCommit() ?? [])
  }

  /** They are another's now. */
  forget(): void {
    for (const { assembly, messages } of this.all()) {
      assembly?.drop()
      messages.drop()
    }
    this.#partitions.clear()
  }
}
