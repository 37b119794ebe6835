/** Work that goes on beside deliveries, one after another: what is left out when there is too much of it was never the message. */

const MOST_WAITING = 50
/** The end of a process does not wait longer. */
const PATIENCE_MS = 5_000

export class Beside {
  readonly #onProblem: (text: string) => void
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(onProblem: (text: string) => void) {
    this.#onProblem = onProblem
  }

  /** Returns at once. */
  begin(work: () => Promise<void>): void {
    if (this.#waiting >= MOST_WAITING) {
      this.#onProblem(`pictures of ${MOST_WAITING} messages wait to be uploaded: those of one more are left out`)
      return
    }
    this.#waiting++
    this.#last = this.#last.then(async () => {
      try {
        await work()
      } catch (error) {
        this.#onProblem(`a picture is left out: ${error instanceof Error ? error.message : error}`)
      } finally {
        this.#waiting--
      }
    })
  }

  /** When all of it has ended, or after a few seconds. */
  async settled(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, PATIENCE_MS)
    await Promise.race([this.#last, late])
    clearTimeout(timer)
  }
}
