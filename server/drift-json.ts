/** Rounds of anchors as the API tells them. */
import { type AnchorRound, driftBetween, type JudgeDrift, type RoundSummary } from '../engine/trust/drift.ts'
import type { AnchorsJson, DriftJson } from './offline-schemas.ts'

const iso = (ms: number): string => new Date(ms).toISOString()

/** The oldest first. */
export function anchorsToJson(rounds: readonly AnchorRound[]): AnchorsJson {
  const [last, before, first] = [rounds.at(-1), rounds.at(-2), rounds[0]]
  const between = (one: AnchorRound | undefined): DriftJson | null => {
    const drift = one === undefined || last === undefined || one === last ? null : driftBetween(one, last)
    return drift === null ? null : driftToJson(drift)
  }
  return {
    rounds: rounds.length,
    lastAt: last === undefined ? null : iso(last.atMs),
    drift: between(before),
    sinceFirst: between(first),
  }
}

export function driftToJson({ before, now, ...drift }: JudgeDrift): DriftJson {
  return { before: summaryToJson(before), now: summaryToJson(now), ...drift }
}

function summaryToJson({ atMs, models, ...rest }: RoundSummary): DriftJson['now'] {
  return { ...rest, at: iso(atMs), models: [...models] }
}
