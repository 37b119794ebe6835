/**
 * The histories of alerts as they were read from the log: of each alert the last, for as long as it is there, because who takes its partition
 * over may not have been told of it.
 */
import { historyKey, parseHistory, type StoredHistory } from '../storage/alerts/history-record.ts'

export class Histories {
  /** By the record's key. */
  readonly #latest = new Map<string, { value: Uint8Array; appendTimeMs: number }>()
  /** Those that nobody was told of since they came, or since partitions were taken over. */
  readonly #untold = new Set<string>()
  /** When an alert went, by the key of its history: its partition of the log may be read before that of the history. */
  readonly #goneMs = new Map<string, number>()

  take(key: string, value: Uint8Array, appendTimeMs: number): void {
    if (appendTimeMs <= (this.#goneMs.get(key) ?? Number.NEGATIVE_INFINITY)) return
    // A copy: a view would keep the whole batch that it came in.
    this.#latest.set(key, { value: value.slice(), appendTimeMs })
    this.#untold.add(key)
  }

  /** The alert is gone from the definitions. One of the same name that comes later has a history of its own. */
  forget(tenant: string, alertId: string, goneMs: number): void {
    const key = historyKey(tenant, alertId)
    this.#goneMs.set(key, goneMs)
    if ((this.#latest.get(key)?.appendTimeMs ?? Number.POSITIVE_INFINITY) > goneMs) return
    this.#latest.delete(key)
    this.#untold.delete(key)
  }

  /** Partitions were taken over: all that is known is news to who has them now. */
  tellAgain(): void {
    for (const key of this.#latest.keys()) this.#untold.add(key)
  }

  /** Nobody had a use for these yet. */
  handBack(histories: readonly StoredHistory[]): void {
    for (const { tenant, alertId } of histories) this.#untold.add(historyKey(tenant, alertId))
  }

  takeUntold(): StoredHistory[] {
    const taken = [...this.#untold].flatMap((key) => {
      const known = this.#latest.get(key)
      return known === undefined ? [] : (parseHistory(known.value) ?? [])
    })
    this.#untold.clear()
    return taken
  }
}
