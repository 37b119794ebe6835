/** A queue that gives its least item first. */
export class MinHeap<T> {
  readonly #items: T[] = []
  readonly #rank: (item: T) => number

  constructor(rank: (item: T) => number) {
    this.#rank = rank
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    const rank = this.#rank(item)
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#rank(items[parent]!) <= rank) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  shift(): T | undefined {
    const items = this.#items
    const [first] = items
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    const rank = this.#rank(last)
    let at = 0
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.#rank(items[child + 1]!) < this.#rank(items[child]!)) child++
      if (rank <= this.#rank(items[child]!)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}
