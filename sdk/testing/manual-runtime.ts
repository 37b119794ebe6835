import { setImmediate as turn } from 'node:timers/promises'
import type { Runtime } from '../runtime.ts'

interface Timer {
  atMs: number
  callback: () => void
}

export interface ManualRuntime extends Runtime {
  /** Moves the clock on and rings what is due, in order. */
  advance(byMs: number): void
  /** Until the timer that rings next; null without one. */
  nextTimerMs(): number | null
  timerCount(): number
}

/** A clock that stands until it is told to move, and no randomness: full jitter takes all of it. */
export function manualRuntime(random = 1): ManualRuntime {
  let nowMs = 0
  const timers = new Set<Timer>()
  const due = (untilMs: number): Timer | undefined =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
  return {
    nowMs: () => nowMs,
    wallClockMs: () => Date.parse('2026-11-21T12:00:00Z') + nowMs,
    random: () => random,
    setTimer(callback, delayMs) {
      const timer = { atMs: nowMs + delayMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(byMs) {
      const untilMs = nowMs + byMs
      for (let timer = due(untilMs); timer !== undefined; timer = due(untilMs)) {
        timers.delete(timer)
        nowMs = Math.max(nowMs, timer.atMs)
        timer.callback()
      }
      nowMs = untilMs
    },
    nextTimerMs: () => (timers.size === 0 ? null : Math.min(...[...timers].map(({ atMs }) => atMs)) - nowMs),
    timerCount: () => timers.size,
  }
}

/** Lets sockets and promises go on until it holds. The test's own time-out ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}
