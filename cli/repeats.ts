/** Keeps an outage that is met again and again from filling the terminal. */

/** More kinds of lines than an outage has; beyond it the memory of the oldest goes first. */
const MAX_REMEMBERED = 200

/** Says a text at once, and the same text again only after `everyMs`. */
export function withoutRepeats(
  say: (text: string) => void,
  options: { everyMs: number; nowMs: () => number },
): (text: string) => void {
  const saidAtMs = new Map<string, number>()
  return (text) => {
    const nowMs = options.nowMs()
    const beforeMs = saidAtMs.get(text)
    if (beforeMs !== undefined && Math.abs(nowMs - beforeMs) < options.everyMs) return
    saidAtMs.delete(text)
    saidAtMs.set(text, nowMs)
    if (saidAtMs.size > MAX_REMEMBERED) saidAtMs.delete(saidAtMs.keys().next().value ?? '')
    say(text)
  }
}
