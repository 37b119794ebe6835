import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { PRIORITIES } from './priority.ts'

const NONE = -1
const CLASSES = PRIORITIES.length

export interface Taken {
  spans: ReadableSpan[]
  sizeBytes: number
}

/**
 * A fixed number of slots for spans, bounded in bytes as well. When there is no room the oldest span of the lowest priority goes, and the
 * new one if all others matter more. Spans leave in the order in which they came.
 *
 * Spans that were taken out count until they are released, so that what is being sent is within the bounds too. Each priority is a list
 * through `#next`; nothing is allocated for a span.
 */
export class SpanRing {
  readonly #maxSpans: number
  readonly #maxBytes: number
  readonly #spans: (ReadableSpan | null)[]
  readonly #sizes: Int32Array
  readonly #sequence: Float64Array
  readonly #next: Int32Array
  readonly #head = new Int32Array(CLASSES).fill(NONE)
  readonly #tail = new Int32Array(CLASSES).fill(NONE)
  readonly #classCount = new Int32Array(CLASSES)
  readonly #classBytes = new Float64Array(CLASSES)
  #free = 0
  #count = 0
  #sizeBytes = 0
  #heldCount = 0
  #heldBytes = 0
  #added = 0

  constructor(maxSpans: number, maxBytes: number) {
    this.#maxSpans = maxSpans
    this.#maxBytes = maxBytes
    this.#spans = new Array<ReadableSpan | null>(maxSpans).fill(null)
    this.#sizes = new Int32Array(maxSpans)
    this.#sequence = new Float64Array(maxSpans)
    this.#next = Int32Array.from({ length: maxSpans }, (_, i) => (i + 1 < maxSpans ? i + 1 : NONE))
  }

  /** Those that wait, without those taken. */
  get count(): number {
    return this.#count
  }

  /** With those taken. */
  get totalCount(): number {
    return this.#count + this.#heldCount
  }

  /** With those taken. */
  get totalBytes(): number {
    return this.#sizeBytes + this.#heldBytes
  }

  /** Number of the newest span; the first is 1. */
  get newest(): number {
    return this.#added
  }

  /** Number of the oldest span that waits; infinite when none does. */
  get oldest(): number {
    const at = this.#oldestClass()
    return at === NONE ? Number.POSITIVE_INFINITY : this.#sequence[this.#head[at]!]!
  }

  /** `rank` is a place in `PRIORITIES`. Returns how many spans had to go for it; it is one of them if it did not get in. */
  add(span: ReadableSpan, rank: number, sizeBytes: number): number {
    const missingSpans = Math.max(0, this.totalCount + 1 - this.#maxSpans)
    const missingBytes = Math.max(0, this.totalBytes + sizeBytes - this.#maxBytes)
    let dropped = 0
    if (missingSpans > 0 || missingBytes > 0) {
      if (!this.#canGive(rank, missingSpans, missingBytes)) return 1
      while (this.totalCount + 1 > this.#maxSpans || this.totalBytes + sizeBytes > this.#maxBytes) {
        let lowest = 0
        while (this.#classCount[lowest] === 0) lowest++
        this.#removeHead(lowest)
        dropped++
      }
    }
    this.#append(span, rank, sizeBytes)
    return dropped
  }

  /** The oldest spans, at least one if any waits; they count until `release`. */
  take(maxSpans: number, maxBytes: number): Taken {
    const spans: ReadableSpan[] = []
    let takenBytes = 0
    while (spans.length < maxSpans) {
      const at = this.#oldestClass()
      if (at === NONE) break
      const sizeBytes = this.#sizes[this.#head[at]!]!
      if (spans.length > 0 && takenBytes + sizeBytes > maxBytes) break
      takenBytes += sizeBytes
      spans.push(this.#removeHead(at))
    }
    this.#heldCount += spans.length
    this.#heldBytes += takenBytes
    return { spans, sizeBytes: takenBytes }
  }

  release(count: number, sizeBytes: number): void {
    this.#heldCount -= count
    this.#heldBytes -= sizeBytes
  }

  /** Whether dropping spans of this rank and below would make the room. */
  #canGive(rank: number, spans: number, sizeBytes: number): boolean {
    let count = 0
    let bytes = 0
    for (let at = 0; at <= rank; at++) {
      count += this.#classCount[at]!
      bytes += this.#classBytes[at]!
    }
    return count >= spans && bytes >= sizeBytes
  }

  #oldestClass(): number {
    let oldest = NONE
    let number = Number.POSITIVE_INFINITY
    for (let at = 0; at < CLASSES; at++) {
      const head = this.#head[at]!
      if (head === NONE || this.#sequence[head]! > number) continue
      number = this.#sequence[head]!
      oldest = at
    }
    return oldest
  }

  #append(span: ReadableSpan, rank: number, sizeBytes: number): void {
    const slot = this.#free
    this.#free = this.#next[slot]!
    this.#spans[slot] = span
    this.#sizes[slot] = sizeBytes
    this.#sequence[slot] = ++this.#added
    this.#next[slot] = NONE
    const tail = this.#tail[rank]!
    if (tail === NONE) this.#head[rank] = slot
    else this.#next[tail] = slot
    this.#tail[rank] = slot
    this.#classCount[rank]! += 1
    this.#classBytes[rank]! += sizeBytes
    this.#count++
    this.#sizeBytes += sizeBytes
  }

  #removeHead(rank: number): ReadableSpan {
    const slot = this.#head[rank]!
    const span = this.#spans[slot]
    if (!span) throw new Error(`no span of rank ${rank}`)
    const sizeBytes = this.#sizes[slot]!
    this.#spans[slot] = null
    this.#head[rank] = this.#next[slot]!
    if (this.#head[rank] === NONE) this.#tail[rank] = NONE
    this.#next[slot] = this.#free
    this.#free = slot
    this.#classCount[rank]! -= 1
    this.#classBytes[rank]! -= sizeBytes
    this.#count--
    this.#sizeBytes -= sizeBytes
    return span
  }
}
