/** What the SDK takes from its surroundings. Tests bring their own, so that none of them waits for a clock. */
export interface Runtime {
  /** Monotonic. */
  nowMs(): number
  /** For dates in `Retry-After`. */
  wallClockMs(): number
  /** From 0 up to 1. */
  random(): number
  /** Calls back once, and returns what cancels it. Unless `holdsProcess`, a process may end before it. */
  setTimer(callback: () => void, delayMs: number, holdsProcess?: boolean): () => void
}

export const systemRuntime: Runtime = {
  nowMs: () => performance.now(),
  wallClockMs: () => Date.now(),
  random: () => Math.random(),
  setTimer(callback, delayMs, holdsProcess = false) {
    const timer = setTimeout(callback, delayMs)
    if (!holdsProcess) timer.unref()
    return () => clearTimeout(timer)
  },
}
