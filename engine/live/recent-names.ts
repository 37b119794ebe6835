/** The few names that were seen last, such as an agent's versions, and when. */

const MAX_NAME_CHARS = 200

/** As it is shown: two that differ further on are one here. */
export function cutName(name: string): string {
  return name.length > MAX_NAME_CHARS ? `${name.slice(0, MAX_NAME_CHARS - 1)}…` : name
}

export class RecentNames {
  readonly #max: number
  readonly #seen = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  add(name: string, atMs: number): void {
    const shown = cutName(name)
    const before = this.#seen.get(shown)
    if (before === undefined && this.#seen.size >= this.#max) this.#forgetOldest()
    if (before === undefined || atMs > before) this.#seen.set(shown, atMs)
  }

  /** Name and time, the last seen first. */
  entries(): [string, number][] {
    return [...this.#seen].sort(([, a], [, b]) => b - a)
  }

  #forgetOldest(): void {
    let oldest: string | undefined
    let oldestMs = Number.POSITIVE_INFINITY
    for (const [name, atMs] of this.#seen) {
      if (atMs >= oldestMs) continue
      oldest = name
      oldestMs = atMs
    }
    if (oldest !== undefined) this.#seen.delete(oldest)
  }
}
