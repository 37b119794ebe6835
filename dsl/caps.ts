/**
 * The caps that hold at run time, in one place. The evaluator cuts what goes beyond them and says `truncated` where that leaves
 * the answer open; the static cost of an eval is counted with the same numbers, so it is a bound and not an estimate.
 */
export const CAPS = {
  /** Spans of one trace that are looked at; roots and the earliest stay, so that no trace can stall a worker. */
  spansPerTrace: 10_000,
  /** UTF-16 code units of one text that an operator looks at. */
  textUnits: 65_536,
  /** UTF-16 code units of all fields together that a judge is shown: about 15,000 tokens, the window of small judges with room for the answer. */
  judgeTextUnits: 60_000,
} as const
