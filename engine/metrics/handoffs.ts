/** What is wrong with handoffs between agents: the wrong target, a field that was lost on the way, going back and forth. */

export interface Handoff {
  readonly from: string
  readonly to: string
  /** Fields whose value was known and did not arrive. */
  readonly lost: readonly string[]
  /** Fields of which it is not known whether they arrived. */
  readonly open: readonly string[]
}

export type HandoffFault = { kind: 'wrong_target' } | { kind: 'lost'; field: string } | { kind: 'ping_pong' }

/**
 * Of handoffs in their order, the faults of each. `allowed` are pairs such as `triage > billing`, `*` for any agent; none allow all. Back and
 * forth may be needed once: from the second time in the same direction on it is a fault. A definition of ours.
 */
export function handoffFaults(handoffs: readonly Handoff[], allowed: readonly string[]): HandoffFault[][] {
  const pairs = allowed.map((pair) => pair.split('>').map((name) => name.trim()))
  const fits = (pattern: string | undefined, name: string): boolean => pattern === '*' || pattern === name
  return handoffs.map(({ from, to, lost }, i) => {
    const [back, forth] = [handoffs[i - 1], handoffs[i - 2]]
    const isAllowed = pairs.length === 0 || pairs.some(([a, b]) => fits(a, from) && fits(b, to))
    const isPingPong = back?.from === to && back.to === from && forth?.from === from && forth.to === to
    return [
      ...(isAllowed ? [] : [{ kind: 'wrong_target' } as const]),
      ...lost.map((field) => ({ kind: 'lost', field }) as const),
      ...(isPingPong ? [{ kind: 'ping_pong' } as const] : []),
    ]
  })
}
