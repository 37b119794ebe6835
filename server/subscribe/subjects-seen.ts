/** Spans that were in a filter's scope, for the verdicts on them that come after: the newest so many. */

const MOST = 20_000

export class SubjectsSeen {
  /** Two halves: when the newer is full it becomes the older, whose ids are forgotten. */
  #newer = new Set<string>()
  #older = new Set<string>()

  add(traceId: string, spanId: string): void {
    this.#newer.add(`${traceId}${spanId}`)
    // A verdict on a whole trace is in scope with any of its spans.
    this.#newer.add(traceId)
    if (this.#newer.size < MOST) return
    this.#older = this.#newer
    this.#newer = new Set()
  }

  /** `spanId`: empty of a whole trace. */
  has(traceId: string, spanId: string): boolean {
    const id = `${traceId}${spanId}`
    return this.#newer.has(id) || this.#older.has(id)
  }
}
