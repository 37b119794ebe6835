/** Long work on a thread that has other things to do too, such as answering the API. */

/** Longer holds on the event loop would show in the latency of what shares the thread. */
const SLICE_MS = 8

/** Call between pieces of work: gives way to the event loop when the slice is used up. */
export function createTimeSlice(): () => Promise<void> | undefined {
  let startedMs = performance.now()
  return () => {
    if (performance.now() - startedMs < SLICE_MS) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        startedMs = performance.now()
        resolve()
      })
    })
  }
}
