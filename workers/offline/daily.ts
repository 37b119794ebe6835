/** Once a day, the day before: begun at a quiet hour, and made up for after a night in which nothing ran. */
import { dayOf } from '../../storage/traces/integrity.ts'

const HOUR_MS = 3_600_000
/** After midnight UTC: late records of the day are in, and nobody is waiting for the store. */
const AFTER_MS = 27 * HOUR_MS
const LOOK_MS = 10 * 60_000

export interface DailyOptions {
  readonly nowMs: () => number
  /** Idempotent; one that rejects is tried again at the next look. */
  readonly run: (day: string) => Promise<void>
  readonly onProblem: (text: string) => void
  readonly lookEveryMs?: number
}

export interface Daily {
  stop(): Promise<void>
}

/** The last day that is due for its check. */
export const dayDue = (nowMs: number): string => dayOf(nowMs - AFTER_MS)

/** Looks for the first time after a while: a start has other things to do. */
export function startDaily({ nowMs, run, onProblem, lookEveryMs = LOOK_MS }: DailyOptions): Daily {
  let doneDay = ''
  let running: Promise<void> | null = null
  const look = async (): Promise<void> => {
    const day = dayDue(nowMs())
    if (day === doneDay) return
    try {
      await run(day)
      doneDay = day
    } catch (error) {
      onProblem(
        `the check of ${day} could not be made and is tried again: ${error instanceof Error ? error.message : error}`,
      )
    }
  }
  const timer = setInterval(() => {
    running ??= look().finally(() => {
      running = null
    })
  }, lookEveryMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
