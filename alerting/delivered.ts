/** Which notifications were taken: one that comes again (its writer crashed and repeated it) is then known by its id. */
import type { Log } from '../storage/log/port.ts'
import { NOTIFICATIONS } from '../storage/log/topics.ts'
import { parseNotification } from './notification.ts'

/** Repetitions follow within seconds of the original; this is a day of a busy team's alerts. */
const REMEMBERED = 5_000
/** Of what is read at once. */
const READ_BYTES = 8 << 20

export class DeliveredIds {
  readonly #ids = new Set<string>()

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  add(id: string): void {
    this.#ids.add(id)
    if (this.#ids.size > REMEMBERED) this.#ids.delete(this.#ids.values().next().value!)
  }
}

/** Reads what was taken of `partition` before `committedOffset`. */
export async function loadDelivered(
  log: Log,
  partition: number,
  committedOffset: number,
  delivered: DeliveredIds,
): Promise<void> {
  const from = Math.max(0, committedOffset - REMEMBERED)
  for (let next = from; next < committedOffset; ) {
    const records = await log.read(NOTIFICATIONS, partition, next, committedOffset - next, READ_BYTES)
    for (const { offset, value } of records) {
      const parsed = parseNotification(value)
      if (parsed.ok && offset < committedOffset) delivered.add(parsed.notification.id)
    }
    next = (records.at(-1)?.offset ?? committedOffset) + 1
  }
}
