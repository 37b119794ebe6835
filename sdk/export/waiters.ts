/** Those who want to know when the spans so far have left. */

interface Waiter {
  /** Number of the last span it waits for. */
  newest: number
  /** Whether it gives up when an attempt fails. */
  once: boolean
  done(isGone: boolean): void
}

const MAX_WAITERS = 64

/** Bounded: where more wait, the oldest is told that its spans are not gone. */
export class Waiters {
  readonly #waiters = new Set<Waiter>()

  get size(): number {
    return this.#waiters.size
  }

  /** `done` is called once, with whether the spans are gone. Returns what ends the wait before. */
  add(newest: number, once: boolean, done: (isGone: boolean) => void): () => void {
    const waiter: Waiter = {
      newest,
      once,
      done: (isGone) => {
        if (this.#waiters.delete(waiter)) done(isGone)
      },
    }
    this.#waiters.add(waiter)
    if (this.#waiters.size > MAX_WAITERS) {
      const [oldest] = this.#waiters
      oldest?.done(false)
    }
    return () => waiter.done(false)
  }

  /** All spans before this one have left. */
  goneBefore(oldest: number): void {
    for (const waiter of [...this.#waiters]) if (oldest > waiter.newest) waiter.done(true)
  }

  attemptFailed(): void {
    for (const waiter of [...this.#waiters]) if (waiter.once) waiter.done(false)
  }
}
