/** Reads on for lanes of which so much waited that the rest stayed in the log. */
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { NOTIFICATIONS } from '../../storage/log/topics.ts'
import { DeliveredIds, loadDelivered } from '../delivered.ts'
import { type Notification, parseNotification, routeName } from '../notification.ts'
import { backlogOf, isFull, MOST_WAITING } from './lane.ts'
import type { LaneEntry } from './lanes.ts'

const READ_RECORDS = 1_000
const READ_BYTES = 4 << 20

export type TakeInto = (entry: LaneEntry, notification: Notification, record: LogRecord) => void

export class CatchUp {
  readonly #log: Log
  /** What each has taken, so that what was written twice is taken once. */
  readonly #seen = new WeakMap<LaneEntry, DeliveredIds>()

  constructor(log: Log) {
    this.#log = log
  }

  /** It has room again for what was left in the log. */
  isDue({ lane }: LaneEntry): boolean {
    return lane.isBehind && backlogOf(lane) <= MOST_WAITING / 2
  }

  /** Takes what there is before `endOffset`, as far as there is room. */
  async readOn(entry: LaneEntry, endOffset: number, take: TakeInto): Promise<void> {
    let seen = this.#seen.get(entry)
    if (seen === undefined) {
      seen = new DeliveredIds()
      await loadDelivered(this.#log, 0, entry.lane.nextOffset, seen)
      this.#seen.set(entry, seen)
    }
    const { tenant, route } = entry.lane
    while (entry.lane.nextOffset < endOffset && !entry.isLost) {
      const from = entry.lane.nextOffset
      const records = await this.#log.read(NOTIFICATIONS, 0, from, Math.min(READ_RECORDS, endOffset - from), READ_BYTES)
      for (const record of records) {
        if (record.offset >= endOffset) break
        const parsed = parseNotification(record.value)
        if (
          parsed.ok &&
          parsed.notification.tenant === tenant &&
          routeName(parsed.notification.route) === routeName(route)
        ) {
          if (isFull(entry.lane)) return
          if (!seen.has(parsed.notification.id)) {
            seen.add(parsed.notification.id)
            take(entry, parsed.notification, record)
          }
        }
        entry.lane = { ...entry.lane, nextOffset: record.offset + 1 }
      }
      if (records.length === 0) break
    }
    entry.lane = { ...entry.lane, nextOffset: endOffset, isBehind: false }
    this.#seen.delete(entry)
  }
}
