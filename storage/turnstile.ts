/** Lets so many in at a time, in the order in which they came. */

export interface Turnstile {
  /** Resolves when there is room, with what has to be called to leave. */
  enter(): Promise<() => void>
}

export function createTurnstile(atOnce: number): Turnstile {
  const waiting: (() => void)[] = []
  let inside = 0
  const leave = (): void => {
    const next = waiting.shift()
    // Its place is taken by the next one, so that nobody slips in between.
    if (next === undefined) inside--
    else next()
  }
  return {
    async enter() {
      if (inside < atOnce) inside++
      else await new Promise<void>((resolve) => waiting.push(resolve))
      let left = false
      return () => {
        if (!left) leave()
        left = true
      }
    },
  }
}
