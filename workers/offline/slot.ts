/** Slots of a schedule: the minutes at which an offline eval is due, and the ids of its runs. */
import { createTask, parse, type ScheduledTask } from 'node-cron'
import type { OfflineJob } from '../../storage/queue/port.ts'

const MINUTE_MS = 60_000
/** A schedule that was due longer ago than this is not looked for: monthly ones are found, yearly ones may not be. */
const LOOK_BACK_MS = 35 * 24 * 3_600_000

export interface Schedule {
  /** Five fields, minute first. */
  cron: string
  /** IANA name. */
  timeZone: string
}

/** A schedule's task, not started: it answers whether a moment is a slot, daylight saving time included. */
export function createSlotMatcher({ cron, timeZone }: Schedule): ScheduledTask {
  return createTask(cron, () => {}, { timezone: timeZone })
}

/** The latest slot at or before `nowMs`; undefined when there was none within 35 days. */
export function latestSlotMs(schedule: Schedule, nowMs: number): number | undefined {
  return slotsBetween(schedule, Number.NEGATIVE_INFINITY, nowMs, 1)[0]
}

/**
 * The latest slots after `afterMs` and at or before `nowMs`, oldest first: `atMost` of them, and of 35 days at the most. A time of day that
 * clocks show twice, as they are put back, is a slot the first time.
 */
export function slotsBetween(schedule: Schedule, afterMs: number, nowMs: number, atMost: number): number[] {
  const matcher = createSlotMatcher(schedule)
  const { minute: everyMinute, hour: hours } = parse(schedule.cron)
  const minutes = new Set(everyMinute.map((minute) => minute % 15))
  // What is due each hour is due in the repeated one too.
  const isRepeated = hours.length === 24 ? () => false : repeatedIn(schedule.timeZone)
  const newest = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
  const oldest = Math.max(newest - LOOK_BACK_MS, afterMs)
  const found: number[] = []
  try {
    for (let ms = newest; ms > oldest && found.length < atMost; ms -= MINUTE_MS) {
      // Offsets from UTC are multiples of 15 min, so most minutes are ruled out without asking the time zone's rules.
      if (minutes.has((ms / MINUTE_MS) % 15) && matcher.match(new Date(ms)) && !isRepeated(ms)) found.push(ms)
    }
    return found.reverse()
  } finally {
    void matcher.destroy()
  }
}

/** By so much clocks are put back where there is daylight saving time: half an hour on Lord Howe Island. */
const PUT_BACK_MS = [30 * MINUTE_MS, 60 * MINUTE_MS]

/** Whether clocks of the time zone showed the same before: in the hour after they are put back. */
function repeatedIn(timeZone: string): (ms: number) => boolean {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'short' })
  return (ms) => PUT_BACK_MS.some((byMs) => clock.format(ms - byMs) === clock.format(ms))
}

/**
 * `checkout/helpful@2026-11-03T0600Z`; a manual run has its milliseconds too, so that it never is a scheduled one. BullMQ
 * refuses ids with a colon.
 */
export function runIdOf(evalId: string, slotMs: number, trigger: 'schedule' | 'manual'): string {
  const iso = new Date(slotMs).toISOString().replaceAll(':', '')
  return trigger === 'manual' ? `${evalId}@${iso}` : `${evalId}@${iso.slice(0, 15)}Z`
}

export interface SampleWindow {
  fromUs: number
  toUs: number
  settledBeforeMs: number
}

/** The longest that a trace without a root takes to settle. */
const IDLE_SETTLE_MS = 120_000
/** A manual run begins this long after it was asked for: by then what had arrived has settled. Where nothing came for so long before, it has already. */
export const MANUAL_DELAY_MS = 5_000
/** Spans are stored this much after their arrival, in ordinary times. */
const STORE_LAG_MS = 2_000

/**
 * Which traces a run looks at. A scheduled run's window ends 2 min before its slot, so that what ended in it has settled, and
 * no trace that came in time falls between two windows or, with its root, is of both; it depends on the slot alone, so that a
 * run repeated later sees the same window. A manual run looks at what had arrived when it was asked for, or at what it was told to.
 */
export function windowOf(
  overNs: number,
  { slotMs, trigger, window }: Pick<OfflineJob, 'slotMs' | 'trigger' | 'window'>,
): SampleWindow {
  const endMs = trigger === 'manual' ? slotMs : slotMs - IDLE_SETTLE_MS
  return {
    fromUs: window === undefined ? endMs * 1000 - Math.round(overNs / 1000) : window.fromMs * 1000,
    toUs: (window?.toMs ?? endMs) * 1000,
    settledBeforeMs: trigger === 'manual' ? slotMs + STORE_LAG_MS : slotMs,
  }
}

/** A session is over when nothing of it began for so long: as a visit is on the web. */
export const SESSION_IDLE_MS = 30 * 60_000

/** Which sessions a run looks at: those that went silent in the window, so that each is of one window. One that goes on later is of a later one too. */
export function sessionWindowOf(
  overNs: number,
  { slotMs, trigger, window }: Pick<OfflineJob, 'slotMs' | 'trigger' | 'window'>,
): { fromUs: number; toUs: number; storedBeforeMs: number } {
  const endMs = slotMs - SESSION_IDLE_MS
  return {
    fromUs: window === undefined ? endMs * 1000 - Math.round(overNs / 1000) : window.fromMs * 1000,
    toUs: Math.min(window?.toMs ?? endMs, endMs) * 1000,
    storedBeforeMs: trigger === 'manual' ? slotMs + STORE_LAG_MS : slotMs,
  }
}
