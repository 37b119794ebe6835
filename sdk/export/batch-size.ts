/** The serialiser runs on the agent's thread: a batch whose encoding takes longer than this is too large, whatever the network does. */
const MAX_ENCODE_MS = 16
const SLOW_SEND_MS = 3_000
const MIN_SPANS = 128
const STEP_SPANS = 64

export interface BatchOutcome {
  ok: boolean
  encodeMs: number
  sendMs: number
}

/** Additive growth while batches go well, halving when they take long or fail. */
export function nextBatchSize(current: number, maxSpans: number, { ok, encodeMs, sendMs }: BatchOutcome): number {
  const least = Math.min(MIN_SPANS, maxSpans)
  if (!ok || encodeMs > MAX_ENCODE_MS || sendMs > SLOW_SEND_MS) return Math.max(least, Math.floor(current / 2))
  return Math.min(maxSpans, current + STEP_SPANS)
}
