/**
 * Memory for the blocks of one batch after the other. A batch is some 30 MB in blocks of half a megabyte: taken anew for each, they would be
 * there until V8 collects its old generation, two or three batches later, and leave holes behind that nothing else fits in.
 */

const SLAB_BYTES = 4 << 20
/** For two batches: one is read while the one before it is written. */
const MAX_FREE_SLABS = 16

export class BlockMemory {
  readonly #free: Buffer[] = []

  /** For one batch. */
  lend(): LentMemory {
    return new LentMemory(this.#free)
  }
}

export class LentMemory {
  readonly #free: Buffer[]
  #slabs: Buffer[] = []
  #usedBytes = SLAB_BYTES

  constructor(free: Buffer[]) {
    this.#free = free
  }

  /** Not cleared: what was there before is in it. */
  readonly allocate = (sizeBytes: number): Buffer => {
    if (sizeBytes > SLAB_BYTES) return Buffer.allocUnsafeSlow(sizeBytes)
    if (this.#usedBytes + sizeBytes > SLAB_BYTES) {
      this.#slabs.push(this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES))
      this.#usedBytes = 0
    }
    const start = this.#usedBytes
    this.#usedBytes += sizeBytes
    return this.#slabs.at(-1)!.subarray(start, this.#usedBytes)
  }

  /** Nobody reads what was allocated any more. */
  giveBack(): void {
    // After a burst, each batch that needs less lets one go.
    if (this.#slabs.length < this.#free.length) this.#free.pop()
    this.#free.push(...this.#slabs.slice(0, MAX_FREE_SLABS - this.#free.length))
    this.#slabs = []
    this.#usedBytes = SLAB_BYTES
  }
}
