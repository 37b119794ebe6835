/**
 * Which notifications have been dealt with: those before the committed offset, and those after it that were faster than an
 * earlier one. A notification that comes again (its writer crashed and repeated it) is then known by its id.
 */
import { z } from 'zod'
import type { Log } from '../storage/log/port.ts'
import { ALERT_STATE, NOTIFICATIONS } from '../storage/log/topics.ts'
import { parseNotification } from './notification.ts'

/** Repetitions follow within seconds of the original; this is a day of a busy team's alerts. */
const REMEMBERED = 5_000
/** Of what is read at once. */
const READ_BYTES = 8 << 20

const aheadSchema = z.object({ kind: z.literal('delivered'), ids: z.array(z.string()) })
const encoder = new TextEncoder()
const decoder = new TextDecoder()

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

const aheadKey = (partition: number): string => `manager/${NOTIFICATIONS}/${partition}`

/** Kept on the compacted topic `alert-state`; an empty list says that none is ahead any more. */
export async function saveAhead(log: Log, partition: number, ids: readonly string[]): Promise<void> {
  await log.append(ALERT_STATE, [
    { key: aheadKey(partition), value: encoder.encode(JSON.stringify({ kind: 'delivered', ids })) },
  ])
}

/** Reads what was dealt with on `partition` before `committedOffset`, and what was ahead of it. */
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
  let ids: readonly string[] = []
  for (const { partition: statePartition, start, end } of await log.endOffsets(ALERT_STATE)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read(ALERT_STATE, statePartition, offset, 100_000, READ_BYTES)
      if (records.length === 0) break
      for (const { key, value } of records) {
        if (key !== aheadKey(partition)) continue
        const parsed = aheadSchema.safeParse(JSON.parse(decoder.decode(value)))
        if (parsed.success) ids = parsed.data.ids
      }
      offset = records.at(-1)!.offset + 1
    }
  }
  for (const id of ids) delivered.add(id)
}
