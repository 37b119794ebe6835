/**
 * What judges say of labelled anchors, round after round, kept as results under runs of their own, as labels are: no query of live
 * results sees them, no alert counts them, and what they cost is counted with the rest. Each carries what people said.
 */

import type { EvalResult } from '../../engine/model/result.ts'
import { type AnchorRound, driftBetween, type JudgeDrift } from '../../engine/trust/drift.ts'
import type { TracesStore } from '../traces/port.ts'

export const ANCHOR_PREFIX = 'anchor@'

/** In a result's `labels`: what people said of the anchor. */
export const SAID = 'anchor.said'

/** Some months of rounds of a hundred anchors. */
const MAX_RESULTS = 10_000

/** Of an eval, the oldest first, those of former measures too. */
export async function readAnchorRounds(
  traces: Pick<TracesStore, 'queryResults'>,
  tenant: string,
  evalId: string,
): Promise<AnchorRound[]> {
  const results = await traces.queryResults(tenant, { evalId, anchors: true, limit: MAX_RESULTS })
  return [...Map.groupBy(results, ({ runId }) => runId).values()].map(roundOf).sort((a, b) => a.atMs - b.atMs)
}

function roundOf(results: readonly EvalResult[]): AnchorRound {
  const [first] = results as readonly [EvalResult]
  const verdicts = results.flatMap(({ traceId, spanId, verdict, score, labels }) =>
    verdict === 'pass' || verdict === 'fail'
      ? [{ key: `${traceId}/${spanId}`, isPass: verdict === 'pass', score, labelledPass: labels?.[SAID] === 'pass' }]
      : [],
  )
  return {
    runId: first.runId,
    atMs: Math.max(...results.map(({ evaluatedAtMs }) => evaluatedAtMs)),
    measureHash: first.measureHash,
    models: [...new Set(results.flatMap(({ judgeModel }) => judgeModel ?? []))].sort(),
    verdicts,
    undecided: results.length - verdicts.length,
  }
}

/**
 * How the judge of an eval changed between two moments: its last round until `beforeMs`, or its first one where there was none yet, against
 * its last until `nowMs`. Null where there are no two rounds, or none with the same anchors: nothing is known of the judge then.
 */
export async function readJudgeDrift(
  traces: Pick<TracesStore, 'queryResults'>,
  tenant: string,
  evalId: string,
  { beforeMs, nowMs }: { beforeMs: number; nowMs: number },
): Promise<JudgeDrift | null> {
  return driftAmong(await readAnchorRounds(traces, tenant, evalId), { beforeMs, nowMs })
}

/** The same, of rounds that were read: the oldest first. */
export function driftAmong(
  rounds: readonly AnchorRound[],
  { beforeMs, nowMs }: { beforeMs: number; nowMs: number },
): JudgeDrift | null {
  const before = rounds.findLast(({ atMs }) => atMs <= beforeMs) ?? rounds[0]
  const now = rounds.findLast(({ atMs }) => atMs <= nowMs)
  return before === undefined || now === undefined || before.runId === now.runId ? null : driftBetween(before, now)
}
