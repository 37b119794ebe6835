/**
 * One lane a route: what goes to one receiver goes in order (a resolved never overtakes its firing), and a receiver that is
 * down holds up nobody else.
 */
export class DeliveryLanes<Item> {
  readonly #deliver: (item: Item) => Promise<void>
  readonly #lanes = new Map<string, { items: Item[]; ended: Promise<void> }>()
  #size = 0

  /** `deliver` resolves when the item is dealt with, however; it never rejects. */
  constructor(deliver: (item: Item) => Promise<void>) {
    this.#deliver = deliver
  }

  /** Items waiting or on their way. */
  get size(): number {
    return this.#size
  }

  push(route: string, item: Item): void {
    this.#size++
    const lane = this.#lanes.get(route)
    if (lane) {
      lane.items.push(item)
      return
    }
    const items = [item]
    this.#lanes.set(route, { items, ended: this.#run(route, items) })
  }

  /** Resolves when nothing waits or is on its way. */
  async settled(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(Array.from(this.#lanes.values(), ({ ended }) => ended))
  }

  async #run(route: string, items: Item[]): Promise<void> {
    for (let item = items[0]; item !== undefined; item = items[0]) {
      await this.#deliver(item)
      items.shift()
      this.#size--
    }
    this.#lanes.delete(route)
  }
}
