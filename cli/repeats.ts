/** Keeps an outage that is met again and again from filling the terminal. */

/** More kinds of lines than an outage has; beyond it the memory of the oldest goes first. */
const MAX_REMEMBERED = 200

export interface Said {
  /** Says a text at once, and the same text again only after `everyMs`. */
  problem(text: string): void
  /** Something is otherwise from now on: said each time, so that the last line is true. What was said before may be again. */
  change(text: string): void
}

export function withoutRepeats(say: (text: string) => void, options: { everyMs: number; nowMs: () => number }): Said {
  const saidAtMs = new Map<string, number>()
  const problem = (text: string): void => {
    const nowMs = options.nowMs()
    const beforeMs = saidAtMs.get(text)
    if (beforeMs !== undefined && Math.abs(nowMs - beforeMs) < options.everyMs) return
    saidAtMs.delete(text)
    saidAtMs.set(text, nowMs)
    if (saidAtMs.size > MAX_REMEMBERED) saidAtMs.delete(saidAtMs.keys().next().value ?? '')
    say(text)
  }
  return {
    problem,
    change: (text) => {
      saidAtMs.clear()
      say(text)
    },
  }
}
