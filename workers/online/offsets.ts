/** Positions up to which records are done with: what a commit says. */
import type { LogRecord, PartitionOffset } from '../../storage/log/port.ts'

export class Offsets {
  readonly #next = new Map<string, PartitionOffset>()

  /** Records of a partition are noted in the order of their offsets. */
  note({ topic, partition, offset }: Pick<LogRecord, 'topic' | 'partition' | 'offset'>): void {
    this.#next.set(`${topic}/${partition}`, { topic, partition, offset: offset + 1 })
  }

  get isEmpty(): boolean {
    return this.#next.size === 0
  }

  toCommit(): PartitionOffset[] {
    return [...this.#next.values()]
  }
}
