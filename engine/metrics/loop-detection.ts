export interface Loop {
  /** How many calls make a turn. */
  period: number
  /** How many turns follow each other; the last one is whole. */
  repeats: number
  /** The place of its first call. */
  start: number
}

/**
 * The most repeated sequence of calls that follows itself at least `minRepeats` times, or null. `signatures` has one text a call, equal for calls of the same tool
 * with the same arguments. Of loops with as many turns the one with the shorter period, then the earlier one. Takes `maxPeriod` passes.
 * Such repeats in texts: Main & Lorentz, Journal of Algorithms 5 (1984); which of them counts here is a choice of ours.
 */
export function loopDetection({
  signatures,
  minRepeats = 3,
  maxPeriod = 5,
}: {
  signatures: readonly string[]
  minRepeats?: number
  maxPeriod?: number
}): Loop | null {
  let found: Loop | null = null
  for (let period = 1; period <= maxPeriod; period++) {
    // How many calls up to here equal the one a period before.
    let same = 0
    for (let i = period; i < signatures.length; i++) {
      same = signatures[i] === signatures[i - period] ? same + 1 : 0
      const repeats = Math.floor(same / period) + 1
      if (repeats >= minRepeats && repeats > (found?.repeats ?? 1)) {
        found = { period, repeats, start: i + 1 - same - period }
      }
    }
  }
  return found
}
