/** Time of the simulation: it jumps to whatever happens next, once nothing is left to be done now. */

interface Event {
  readonly atMs: number
  /** Of events at one time, the one that was planned first. */
  readonly order: number
  run: (() => void) | null
}

export class SimulatedClock {
  #nowMs: number
  #planned = 0
  /** A binary heap. */
  readonly #events: Event[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Gives the function that calls it off. */
  after(delayMs: number, run: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#planned++, run }
    this.#push(event)
    return () => {
      event.run = null
    }
  }

  /** Lets the next event happen, and all that follows from it before time goes on; false when there is none. */
  async step(): Promise<boolean> {
    let event: Event | undefined
    do {
      event = this.#pop()
      if (event === undefined) return false
    } while (event.run === null)
    this.#nowMs = event.atMs
    event.run()
    // Every promise that can settle now has done so when the event loop comes round.
    await new Promise(setImmediate)
    return true
  }

  #push(event: Event): void {
    const heap = this.#events
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#events
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
