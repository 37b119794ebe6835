/** What the loops take from the machine that they run on: a simulation gives them waits and ids of its own. */
import { randomUUID } from 'node:crypto'
import { type Alone, aloneInProcess } from '../../storage/log/in-hand-alone.ts'
import { createTimeSlice } from '../../storage/time-slice.ts'

export interface Runtime {
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** One that nobody else has. */
  newId(): string
  /** See `storage/time-slice.ts`. */
  createTimeSlice(): () => Promise<void> | undefined
  alone: Alone
}

export const MACHINE: Runtime = { sleep, newId: randomUUID, createTimeSlice, alone: aloneInProcess }

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
