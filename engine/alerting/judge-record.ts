/**
 * What the last round of anchors says of a judge: against each round before it, so that an alert finds the one from before its own time. Kept
 * in the log, for an alert waits for no store.
 */
import { z } from 'zod'
import { type AnchorRound, driftBetween } from '../trust/drift.ts'
import type { JudgeSteadiness } from './why.ts'

export const judgeRecordSchema = z.object({
  /** As its provider returned it; of a panel all. */
  model: z.string(),
  /** What was measured: another measure is another judge, or another question. */
  measureHash: z.string(),
  checkedAtMs: z.number(),
  /** Against each earlier round, the oldest first. */
  since: z.array(
    z.object({ atMs: z.number(), drifted: z.boolean(), p: z.number(), lost: z.number(), gained: z.number() }),
  ),
})

export type JudgeRecord = z.infer<typeof judgeRecordSchema>

/** Two months of daily rounds: longer than an alert looks back. */
const MAX_ROUNDS = 60

/** `rounds`: the oldest first. Null where there are no two that share an anchor: nothing is known of the judge then. */
export function judgeRecordOf(rounds: readonly AnchorRound[]): JudgeRecord | null {
  const now = rounds.at(-1)
  if (now === undefined) return null
  const since = rounds.slice(0, -1).flatMap((before) => {
    const drift = driftBetween(before, now)
    if (drift === null) return []
    const { hasDrifted, p, lost, gained } = drift
    return [{ atMs: before.atMs, drifted: hasDrifted, p, lost, gained }]
  })
  if (since.length === 0) return null
  const { models, measureHash, atMs } = now
  return { model: models.join(', '), measureHash, checkedAtMs: atMs, since: since.slice(-MAX_ROUNDS) }
}

/** Against the last round until `beforeMs`, or the first one where there was none yet. */
export function steadinessSince({ model, checkedAtMs, since }: JudgeRecord, beforeMs: number): JudgeSteadiness | null {
  const found = since.findLast(({ atMs }) => atMs <= beforeMs) ?? since[0]
  if (found === undefined) return null
  const { drifted, p, lost, gained } = found
  return { model, drifted, p, lost, gained, checkedAtMs }
}
