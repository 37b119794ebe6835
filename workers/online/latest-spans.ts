/**
 * The last spans of a worker, whatever their partition. An array that is written over and over, for all spans of most tenants pass through it:
 * a Map that is a queue keeps what went through it from being collected young, for each of its tables holds on to the next.
 */
import type { Span } from '../../engine/model/span.ts'

interface Latest {
  readonly owner: object
  readonly span: Span
}

export class LatestSpans {
  readonly #latest: (Latest | undefined)[]
  #next = 0

  constructor(count: number) {
    this.#latest = new Array<Latest | undefined>(count).fill(undefined)
  }

  add(owner: object, span: Span): void {
    this.#latest[this.#next] = { owner, span }
    this.#next = (this.#next + 1) % this.#latest.length
  }

  /** Those of the owner and the tenant, in the order in which they came; they are not here any more. */
  take(owner: object, tenant: string): Span[] {
    const taken: Span[] = []
    for (let i = 0; i < this.#latest.length; i++) {
      const at = (this.#next + i) % this.#latest.length
      const one = this.#latest[at]
      if (one === undefined || one.owner !== owner || one.span.tenant !== tenant) continue
      taken.push(one.span)
      this.#latest[at] = undefined
    }
    return taken
  }

  drop(owner: object): void {
    this.#latest.forEach((one, at) => {
      if (one?.owner === owner) this.#latest[at] = undefined
    })
  }
}
