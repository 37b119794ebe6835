/** Which batches of a stream are answered for good. */
import type { FoundBatch } from './find-batches.ts'
import { NUMBERS_AHEAD } from './protocol.ts'

const NOTHING: ReadonlySet<number> = new Set()

export class Settled {
  #upTo: number
  /** Of higher numbers, those that are settled although one between them is not. */
  readonly #ahead = new Set<number>()
  /** In the log, and not yet sent again by a client that came back. */
  readonly #found: Map<number, FoundBatch>
  /** Tried, and it is not known whether it is in the log. */
  readonly #uncertain = new Set<number>()

  constructor(upTo: number, found: Map<number, FoundBatch>) {
    this.#upTo = upTo
    this.#found = new Map(found)
    while (this.#found.get(this.#upTo + 1)?.isWhole === true) this.settle(this.#upTo + 1)
  }

  /** All up to here are settled. */
  get upTo(): number {
    return this.#upTo
  }

  has(number: number): boolean {
    return number <= this.#upTo || this.#ahead.has(number) || this.#found.get(number)?.isWhole === true
  }

  isTooFar(number: number): boolean {
    return number > this.#upTo + NUMBERS_AHEAD
  }

  settle(number: number): void {
    this.#found.delete(number)
    this.#uncertain.delete(number)
    if (number > this.#upTo) this.#ahead.add(number)
    while (this.#ahead.delete(this.#upTo + 1)) this.#upTo++
  }

  /** It may be in the log, or may come to be. */
  doubt(number: number): void {
    this.#uncertain.add(number)
  }

  isInDoubt(number: number): boolean {
    return this.#uncertain.has(number)
  }

  /** What a look at the log found of one in doubt. */
  learn(number: number, found: FoundBatch | undefined): void {
    if (found !== undefined) this.#found.set(number, found)
  }

  partitionsOf(number: number): ReadonlySet<number> {
    return this.#found.get(number)?.partitions ?? NOTHING
  }

  /** The log holds nothing of the stream, before the latest batch, that a client coming back would have to be told of. */
  get isClear(): boolean {
    return this.#found.size === 0 && this.#uncertain.size === 0
  }
}
