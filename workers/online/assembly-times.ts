/** How long the assembly waits for spans of a trace. */

export interface AssemblyTimes {
  /** From the root's arrival, or a late span's, to the judgement. */
  settleMs: number
  idleMs: number
  maxOpenMs: number
  /**
   * How far what is committed may stay behind for an open trace: from its first span on, then from later ones, so that an open trace always has a
   * span that is read again. At least `idleMs`.
   */
  holdMs: number
}

export const DEFAULT_TIMES: AssemblyTimes = {
  settleMs: 5_000,
  idleMs: 120_000,
  maxOpenMs: 3_600_000,
  holdMs: 120_000,
}
