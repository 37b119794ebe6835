/** How far the evaluate loop is in one partition. */
import type { Processed } from '../../storage/log/in-hand.ts'
import type { LogRecord, PartitionOffset, TopicPartition } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { TraceAssembly } from './assembly.ts'
import type { AssemblyTimes } from './assembly-times.ts'
import { type JoinBudget, MessageJoin } from './message-join.ts'
import type { AssemblyBudget } from './traces-in-memory.ts'

export class PartitionProgress {
  readonly #partition: number
  readonly #times: AssemblyTimes
  readonly #budget: AssemblyBudget
  readonly messages: MessageJoin
  #assembly: TraceAssembly | null = null
  /** Whose traces are assembled. */
  readonly #tenants = new Set<string>()
  /** Of the first record that was read, or what was committed since. */
  #committed: number | null = null
  #next: number | null = null
  /** Up to here the results of all that was read are appended, and no open trace needs what was read. */
  #settled: number | null = null
  /** As that, whatever open traces need. */
  #done = 0

  constructor(partition: number, times: AssemblyTimes, budget: AssemblyBudget, joinBudget: JoinBudget) {
    this.#partition = partition
    this.#times = times
    this.#budget = budget
    this.messages = new MessageJoin(joinBudget, times.holdMs)
  }

  /** Null while no eval waits for traces. */
  get assembly(): TraceAssembly | null {
    return this.#assembly
  }

  /** Begins to assemble the tenant's traces from `record` on when its evals want them, and ends it when none does and none is open. */
  assembleIf(isWanted: boolean, tenant: string, record: LogRecord): void {
    if (isWanted) {
      if (this.#tenants.has(tenant)) return
      this.#tenants.add(tenant)
      this.#assembly ??= new TraceAssembly({ times: this.#times, budget: this.#budget, partition: this.#partition })
      // Before the first offset there is nothing that could have been missed.
      if (record.offset > 0) this.#assembly.knowsSince(tenant, record.appendTimeMs)
      return
    }
    this.#tenants.delete(tenant)
    if (this.#tenants.size === 0 && this.#assembly?.openTraces === 0) {
      this.#assembly.drop()
      this.#assembly = null
    }
  }

  advance(toMs: number): void {
    this.#assembly?.advance(toMs)
  }

  /** A trace would be judged, or offsets be let go, were it `nowMs` here. */
  isDue(nowMs: number): boolean {
    const dueMs = this.#assembly?.nextChangeMs() ?? null
    return dueMs !== null && dueMs <= nowMs
  }

  /** `extents` of the topic: what retention has deleted is as good as read. */
  hasReadAll(extents: readonly { partition: number; start: number; end: number }[]): boolean {
    const extent = extents.find(({ partition }) => partition === this.#partition)
    return extent === undefined || Math.max(this.#next ?? 0, extent.start) >= extent.end
  }

  readUpTo(offset: number): void {
    this.#committed ??= offset
    this.#next = offset + 1
  }

  get topicPartition(): TopicPartition {
    return { topic: AGENT_TRACES, partition: this.#partition }
  }

  hasUncommitted(): boolean {
    return this.toCommit() !== null
  }

  /**
   * The results of all that was read are appended. Until the next time, what is read since is not committed: a rebalance may come in
   * between. `holdsBack`: offsets are held for open traces, and for spans whose messages are on their way, as far as they may be.
   */
  appended(holdsBack: boolean, nowMs: number): void {
    if (this.#next === null) return
    this.#done = this.#next
    this.#settled = this.#next
    if (!holdsBack) return
    const held = [this.#assembly?.heldOffset() ?? null, this.messages.heldOffset(nowMs)]
    for (const offset of held) if (offset !== null) this.#settled = Math.min(this.#settled, offset)
  }

  /** Null when there is nothing new. */
  toCommit(): Processed | null {
    if (this.#settled === null || this.#committed === null || this.#settled <= this.#committed) return null
    return { topic: AGENT_TRACES, partition: this.#partition, offset: this.#settled, done: this.#done }
  }

  committed(offset: number): void {
    this.#committed = offset
  }

  /** Where reading begins again after a failure. */
  restart(): PartitionOffset {
    return { topic: AGENT_TRACES, partition: this.#partition, offset: this.#committed ?? this.#next ?? 0 }
  }
}
