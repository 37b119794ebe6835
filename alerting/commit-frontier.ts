/** Offsets that are finished out of order: which may be committed, and what is finished beyond that. */
export class CommitFrontier {
  /** Of unfinished and finished records at or after the frontier, in order of offsets. */
  readonly #entries: { offset: number; id: string | null; done: boolean }[] = []
  #next: number

  constructor(nextOffset: number) {
    this.#next = nextOffset
  }

  /** Offsets are taken in rising order. */
  take(offset: number, id: string | null): void {
    this.#entries.push({ offset, id, done: false })
  }

  /** True if the offset to commit has moved. */
  finish(offset: number): boolean {
    const entry = this.#entries.find((candidate) => candidate.offset === offset)
    if (!entry) return false
    entry.done = true
    const before = this.#next
    while (this.#entries[0]?.done) this.#next = this.#entries.shift()!.offset + 1
    return this.#next > before
  }

  /** Everything before it is finished. */
  get nextOffset(): number {
    return this.#next
  }

  /** Ids of what is finished, but not to be committed yet. */
  finishedAhead(): string[] {
    return this.#entries.flatMap(({ done, id }) => (done && id !== null ? [id] : []))
  }
}
