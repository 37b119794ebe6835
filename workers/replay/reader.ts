/** What a source of a replay gives: a step of work at a time, so that whoever runs it can look around in between. */
import type { EvalResult } from '../../engine/model/result.ts'
import type { ReplayCounts, ReplayPosition } from '../../storage/replays/replay.ts'

export interface ReplayStep {
  results: EvalResult[]
  /** Spans that were read, for the pace. */
  spans: number
  /** There is nothing to do for so long: it waits for the store. */
  waitMs?: number
}

export interface ReplayReader {
  /** Null at the end. Rejects when the source is out of order: then a reader of the last position takes its place. */
  next(): Promise<ReplayStep | null>
  /** Behind everything that steps have given. */
  position(): ReplayPosition
  /** From 0 to 1. */
  done(): number
  /** Since it was opened. */
  readonly counts: ReplayCounts
}
