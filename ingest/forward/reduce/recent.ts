/** A map that keeps its latest entries. */
export class Recent<K, V> {
  readonly #limit: number
  readonly #entries = new Map<K, V>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** The entry, which is the latest now; made where there is none. */
  touch(key: K, make: () => V): V {
    const found = this.#entries.get(key) ?? make()
    this.#entries.delete(key)
    this.#entries.set(key, found)
    if (this.#entries.size > this.#limit) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return found
  }
}
