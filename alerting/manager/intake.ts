/** From records of `notifications` to the lanes that they are for, each once. */
import { deadLetter } from '../../storage/log/dead-letter.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { DEAD_LETTERS } from '../../storage/log/topics.ts'
import { DeliveredIds, loadDelivered } from '../delivered.ts'
import {
  type AlertNotification,
  type InvestigationNotification,
  type Notification,
  type NotifiedTransition,
  parseNotification,
} from '../notification.ts'
import { CatchUp } from './catch-up.ts'
import { emptyLane, isFull, take } from './lane.ts'
import type { LaneEntry, Lanes } from './lanes.ts'
import { endsOf, type RouteRule } from './route-rules.ts'

export interface IntakeOptions {
  readonly log: Log
  readonly lanes: Lanes
  readonly nowMs: () => number
  readonly rules: readonly RouteRule[]
  readonly groupId: string
  /** The incident has ended, or another of its alert has begun. */
  readonly isOver: (tenant: string, transition: NotifiedTransition) => boolean
  readonly counts: { deadLettered: number; repeated: number }
  readonly untilWritten: (write: () => Promise<unknown>) => Promise<void>
  /** Writes to those who were told besides, before a lane is kept that has taken the end: whoever goes on from there does not say it again. */
  readonly tellEnds: (ends: readonly AlertNotification[]) => void
}

export class Intake {
  readonly #options: IntakeOptions
  readonly #catchUp: CatchUp
  #seen = new DeliveredIds()

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#catchUp = new CatchUp(options.log)
  }

  /** For a new owner, to whom everything before `position` was taken. */
  async beginAt(position: number): Promise<void> {
    const seen = new DeliveredIds()
    await loadDelivered(this.#options.log, 0, position, seen)
    this.#seen = seen
  }

  /** It has room again for what was left in the log. */
  isDue(entry: LaneEntry): boolean {
    return this.#catchUp.isDue(entry)
  }

  /** What has changed: nothing of it is written yet. */
  async take(records: readonly LogRecord[]): Promise<ReadonlySet<LaneEntry>> {
    const changed = new Set<LaneEntry>()
    for (const record of records) await this.#take(record, changed)
    return changed
  }

  /** Takes what was left in the log of what is before `position`, as far as there is room. */
  async readOn(entry: LaneEntry, position: number): Promise<void> {
    await this.#catchUp.readOn(entry, position, (into, notification, record) =>
      this.#takeInto(into, notification, record),
    )
  }

  async #take(record: LogRecord, changed: Set<LaneEntry>): Promise<void> {
    const { log, lanes, groupId, counts, untilWritten } = this.#options
    const parsed = parseNotification(record.value)
    if (!parsed.ok) {
      counts.deadLettered++
      const letter = deadLetter(record, groupId, 'malformed', parsed.message)
      await untilWritten(() => log.append(DEAD_LETTERS, [letter]))
      return
    }
    const { notification } = parsed
    const { tenant, route } = notification
    if (notification.kind === 'investigation') return this.#takeInvestigation(notification, record.offset, changed)
    const entry = lanes.of(tenant, route) ?? lanes.add(emptyLane(tenant, route))
    if (record.offset < entry.lane.nextOffset || !this.#isNew(notification)) return
    if (entry.lane.isBehind) return
    changed.add(entry)
    // So much waits for this receiver that the rest waits in the log: neither memory nor another receiver pays for it.
    if (isFull(entry.lane)) entry.lane = { ...entry.lane, nextOffset: record.offset, isBehind: true }
    else this.#takeInto(entry, notification, record)
  }

  #isNew({ id }: Notification): boolean {
    const isRepeated = this.#seen.has(id)
    if (isRepeated) this.#options.counts.repeated++
    else this.#seen.add(id)
    return !isRepeated
  }

  #takeInto(entry: LaneEntry, notification: Notification, record: LogRecord): void {
    const before = entry.lane
    // Sent on by one that slept, after its end, which would be told nobody here any more.
    if (notification.kind === 'alert' && notification.isForwarded && notification.transition.to === 'firing')
      if (this.#options.isOver(before.tenant, notification.transition)) {
        entry.lane = { ...before, nextOffset: record.offset + 1 }
        return
      }
    const sinceMs = Math.min(this.#options.nowMs(), record.appendTimeMs)
    entry.lane = { ...take(before, notification, sinceMs), nextOffset: record.offset + 1 }
    const ends = endsOf(before, entry.lane, this.#options.rules)
    if (ends.length > 0) this.#options.tellEnds(ends)
  }

  /** Every lane that was told of the incident takes it, those of escalations too. */
  #takeInvestigation(notification: InvestigationNotification, offset: number, changed: Set<LaneEntry>): void {
    if (!this.#isNew(notification)) return
    for (const entry of this.#options.lanes.all()) {
      const { tenant, isBehind, nextOffset } = entry.lane
      // One that is behind has other things to tell.
      if (tenant !== notification.tenant || isBehind || offset < nextOffset) continue
      const lane = take(entry.lane, notification, this.#options.nowMs())
      if (lane === entry.lane) continue
      entry.lane = { ...lane, nextOffset: offset + 1 }
      changed.add(entry)
    }
  }
}
