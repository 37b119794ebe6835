/**
 * Puts the slots of a tenant's offline evals in force on the queue. Any number of schedulers may run: the id of a slot's job is
 * the same in all of them, so it is enqueued once.
 *
 * Slots that passed while no scheduler ran: the eval says which are run (`missed:`): the latest one, all of them up to a bound, or
 * none. An eval that is new to the queue begins with its next slot.
 */
import { type ScheduledTask, schedule } from 'node-cron'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { faultPoint } from '../../storage/fault-point.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'
import { latestSlotMs, runIdOf, slotsBetween } from './slot.ts'

export interface SchedulerOptions {
  queue: Pick<OfflineQueue, 'enqueue' | 'lastSlot' | 'setLastSlot'>
  tenant: string
  nowMs: () => number
  /** A slot could not be enqueued; it is tried again at the next slot or start. */
  onError: (error: Error, evalId: string) => void
}

export interface Scheduler {
  /** Takes over the evals in force: new and changed schedules start, gone ones end. Calls follow one another. */
  sync(evals: readonly ScheduledEval[]): Promise<void>
  /** Milliseconds since the epoch of the next slot; undefined for an eval that is not scheduled. */
  nextSlotMs(evalId: string): number | undefined
  stop(): Promise<void>
}

type ScheduledEval = Pick<OfflineEvalPlan, 'id' | 'schedule' | 'missed'>

interface Scheduled {
  cron: string
  timeZone: string
  missed: ScheduledEval['missed']
  task: ScheduledTask
}

type Due = Omit<Scheduled, 'task'>

/** A thread that was busy this long still runs the slot; later ones are found by their absence. */
const LATE_TOLERANCE_MS = 30_000
/** Of an eval whose missed slots are all run: the latest so many, a day of an hourly one. */
export const MAX_CAUGHT_UP = 24
/** Timers stand still while the machine sleeps and hear nothing of a clock that is set: so often the clock is asked. */
const LOOK_EVERY_MS = 60_000
/** A slot that is found this late, or later, was missed. */
const MISSED_AFTER_MS = 10 * 60_000

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { queue, tenant, nowMs } = options
  const scheduled = new Map<string, Scheduled>()
  let last: Promise<void> = Promise.resolve()
  let stopped = false

  /** One after the other: a slot and a change of definitions may come at the same moment. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const next = last.then(work)
    last = next.catch(() => {})
    return next
  }

  async function enqueueDue(evalId: string, { cron, timeZone, missed }: Due): Promise<void> {
    if (stopped) return
    const now = nowMs()
    const schedule = { cron, timeZone }
    const mark = await queue.lastSlot(tenant, evalId)
    if (mark === undefined) {
      await queue.setLastSlot(tenant, evalId, latestSlotMs(schedule, now) ?? now)
      return
    }
    const slots = slotsBetween(schedule, mark, now, missed === 'all' ? MAX_CAUGHT_UP : 1)
    for (const slotMs of slots) {
      if (missed !== 'none' || now - slotMs < MISSED_AFTER_MS) {
        // In this order: killed in between, the slot is enqueued again under the same id.
        await queue.enqueue({ tenant, evalId, slotMs, trigger: 'schedule', runId: runIdOf(evalId, slotMs, 'schedule') })
        faultPoint('scheduler.after-enqueue')
      }
      await queue.setLastSlot(tenant, evalId, slotMs)
    }
  }

  async function tryEnqueueDue(evalId: string, entry: Due): Promise<void> {
    try {
      await enqueueDue(evalId, entry)
    } catch (error) {
      tell(error, evalId)
    }
  }

  function tell(error: unknown, evalId: string): void {
    options.onError(error instanceof Error ? error : new Error(String(error)), evalId)
  }

  function start(evalId: string, entry: Due): Scheduled {
    const { cron, timeZone } = entry
    const due = () => inTurn(() => tryEnqueueDue(evalId, entry))
    const task = schedule(cron, due, {
      timezone: timeZone,
      missedExecutionTolerance: LATE_TOLERANCE_MS,
      suppressMissedWarning: true,
    })
    // After a sleep of the machine.
    task.on('execution:missed', due)
    return { ...entry, task }
  }

  /** Each timer waits for its slot by the clock that there was when it began. */
  async function startAnew(): Promise<void> {
    for (const [evalId, entry] of scheduled) {
      if (stopped) return
      try {
        await entry.task.destroy()
      } catch (error) {
        // One that does not end puts the same slot on the queue, which takes it once.
        tell(error, evalId)
      }
      scheduled.set(evalId, start(evalId, entry))
      await tryEnqueueDue(evalId, entry)
    }
  }

  let lookedMs = nowMs()
  const looks = setInterval(() => {
    const passedMs = nowMs() - lookedMs
    lookedMs += passedMs
    if (Math.abs(passedMs - LOOK_EVERY_MS) > LATE_TOLERANCE_MS) void inTurn(startAnew)
  }, LOOK_EVERY_MS)
  looks.unref()

  async function sync(evals: readonly ScheduledEval[]): Promise<void> {
    if (stopped) return
    const wanted = new Map(
      evals.map(({ id, schedule: { cron, timeZone }, missed }) => [id, { cron, timeZone, missed }]),
    )
    for (const [evalId, entry] of scheduled) {
      const now = wanted.get(evalId)
      if (now?.cron === entry.cron && now.timeZone === entry.timeZone && now.missed === entry.missed) continue
      await entry.task.destroy()
      scheduled.delete(evalId)
    }
    for (const [evalId, entry] of wanted) {
      if (scheduled.has(evalId)) continue
      scheduled.set(evalId, start(evalId, entry))
      await tryEnqueueDue(evalId, entry)
    }
  }

  return {
    sync: (evals) => inTurn(() => sync(evals)),
    nextSlotMs: (evalId) => scheduled.get(evalId)?.task.getNextRun()?.getTime(),
    async stop() {
      stopped = true
      clearInterval(looks)
      // What was begun may start more of them.
      await last
      for (const { task } of scheduled.values()) await task.destroy()
      scheduled.clear()
    },
  }
}
