/** Traces of one partition that were judged and whose spans are forgotten: a late span is known from a new trace. */
import type { AssemblyBudget } from './traces-in-memory.ts'

export interface KnownTrace {
  /** Of the verdicts that it was judged with. */
  readonly revision: number
  /** When its spans were forgotten, on the partition's clock. */
  readonly atMs: number
}

export class KnownTraces {
  readonly #budget: AssemblyBudget
  /** In order of forgetting. */
  readonly #known = new Map<string, KnownTrace>()
  /** Most of those that are forgotten together are alike: it is what they share. */
  #last: KnownTrace = { revision: 0, atMs: 0 }

  constructor(budget: AssemblyBudget) {
    this.#budget = budget
  }

  /** Null for a trace that was not judged, or too long ago. */
  take(key: string): KnownTrace | null {
    const known = this.#known.get(key)
    if (known === undefined) return null
    this.#known.delete(key)
    this.#budget.knownIds--
    return known
  }

  /** When the last of those was forgotten for which there is no room any more; null where there is room for all. */
  add(key: string, revision: number, atMs: number): number | null {
    if (this.#last.revision !== revision || this.#last.atMs !== atMs) this.#last = { revision, atMs }
    this.#known.set(key, this.#last)
    this.#budget.knownIds++
    let goneMs: number | null = null
    for (const [oldest, known] of this.#known) {
      if (this.#budget.knownIds <= this.#budget.maxKnownIds) break
      this.take(oldest)
      goneMs = known.atMs
    }
    return goneMs
  }

  drop(): void {
    this.#budget.knownIds -= this.#known.size
    this.#known.clear()
  }
}
