/** Messages may name runs: they must not pile up for ever. */
const MAX_REMEMBERED = 1_000

/** Says each message once, as long as it is remembered. */
export function once(say: (message: string) => void): (message: string) => void {
  const said = new Set<string>()
  return (message) => {
    if (said.has(message)) return
    if (said.size >= MAX_REMEMBERED) said.clear()
    said.add(message)
    say(message)
  }
}
