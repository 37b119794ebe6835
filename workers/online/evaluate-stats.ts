import type { Verdict } from '../../engine/model/result.ts'

/** What the evaluate loop counts, from the start of the process on. */
export interface EvaluateLoopStats {
  spans: number
  results: number
  /** Of `results`. */
  verdicts: Readonly<Record<Verdict, number>>
  /** Records that are no traces; the store loop puts them aside. */
  undecodable: number
  deadLetters: number
  /** Spans that look like model calls in a convention that is not read yet. */
  unreadConvention: number
  openTraces: number
  settledTraces: number
  /** Judged before their time, because memory was full. */
  settledEarly: number
  /** Judged again, because a span came late. */
  revisions: number
  readBack: number
  /** Late pieces of traces that could not be read back: not judged, rather than judged by a piece. */
  unjudgedPieces: number
  /** Told to be `unknown` for being cut, because the store did not answer or was behind. */
  cutTraces: number
  /** Of both, those that are judged when the store has the rest (a gauge). */
  waitingForStore: number
  batches: number
  lastBatchSpans: number
  /** Failed attempts to append results. */
  outages: number
  /** When the log took the newest record that is evaluated; milliseconds since the epoch, 0 before the first. */
  evaluatedUpToMs: number
}
