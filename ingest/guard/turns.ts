/**
 * Work in slices. A request's spans are read in one go, some milliseconds of it; hundreds that came at once would hold the thread until the
 * last of them is done, and who is to be refused would hear of it after that. Between two slices what came meanwhile is looked at.
 */
export interface Turns {
  /** Null: at once. Else resolves when it is this one's turn, first come, first served. */
  take(): Promise<void> | null
}

/** Of work in a row; a request that began goes on to its end. */
const SLICE_MS = 5

export function createTurns(clockMs: () => number = () => performance.now()): Turns {
  const waiting: (() => void)[] = []
  /** Of the slice that is under way in this round of the event loop. */
  let sinceMs: number | null = null
  let isScheduled = false

  const isOver = (): boolean => sinceMs !== null && clockMs() - sinceMs >= SLICE_MS
  const begin = (): void => {
    if (sinceMs !== null) return
    sinceMs = clockMs()
    // After what can be read of sockets: the next round has a slice of its own.
    setImmediate(nextRound)
  }
  const nextRound = (): void => {
    sinceMs = null
    if (waiting.length > 0) go()
  }
  const go = (): void => {
    isScheduled = false
    begin()
    if (isOver()) return
    waiting.shift()?.()
    if (waiting.length === 0) return
    isScheduled = true
    // Behind the work that has just been let go.
    queueMicrotask(go)
  }
  return {
    take: () => {
      begin()
      if (waiting.length === 0 && !isScheduled && !isOver()) return null
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}
